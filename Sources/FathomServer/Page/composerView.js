import { drafts } from "./drafts.js";
import { count, h, icon } from "./dom.js";

/** The box one writes in, with what is sent next to it: thinking, and how full the context is. */
export class ComposerView {
  #box = h("textarea", { id: "composer-box", rows: 1, "aria-label": "Message", placeholder: "Ask something", autocomplete: "off", spellcheck: "true" });
  #send = h("button", { type: "submit", class: "send", "aria-label": "Send", title: "Send (Enter)" }, icon("send"));
  #stop = h("button", { type: "button", class: "send stop", "aria-label": "Stop", title: "Stop (Esc)" }, icon("stop"));
  #thinking = h("select", { class: "pill", "aria-label": "Thinking" },
    h("option", { value: "" }, "Thinking: auto"), h("option", { value: "enabled" }, "Thinking: on"), h("option", { value: "disabled" }, "Thinking: off"));
  #meterFill = h("i");
  #meterText = h("span", { class: "meter-text" });
  #meter = h("div", { class: "meter", role: "meter", "aria-label": "Context used", "aria-valuemin": 0 }, h("span", { class: "meter-bar", "aria-hidden": "true" }, this.#meterFill), this.#meterText);
  #session;
  #saveTimer = 0;

  /**
   * @param {HTMLFormElement} form
   * @param {import("./session.js").Session} session
   * @param {{onAsk: (text: string) => void, onStop: () => void, onThinking: (value: string) => void, onEditLast: () => void}} act
   */
  constructor(form, session, act) {
    this.#session = session;
    form.append(h("div", { class: "composer-box" }, this.#box,
      h("div", { class: "composer-row" }, this.#thinking, this.#meter, h("span", { class: "spacer" }), this.#stop, this.#send)));
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      const text = this.#box.value.trim();
      if (!text || session.current) return;
      this.text = "";
      act.onAsk(text);
    });
    this.#stop.addEventListener("click", () => {
      act.onStop();
      this.focus();
    });
    this.#thinking.addEventListener("change", () => act.onThinking(this.#thinking.value));
    this.#box.addEventListener("input", () => this.#changed());
    this.#box.addEventListener("keydown", (event) => {
      const touch = matchMedia("(pointer: coarse)").matches;
      if (event.key === "Enter" && !event.shiftKey && !event.isComposing && !touch) {
        event.preventDefault();
        form.requestSubmit();
      } else if (event.key === "ArrowUp" && !this.#box.value) {
        event.preventDefault();
        act.onEditLast();
      }
    });
    addEventListener("pagehide", () => this.#keep());
  }

  get text() {
    return this.#box.value;
  }

  set text(text) {
    this.#box.value = text;
    this.#changed();
    this.#keep();
  }

  focus() {
    this.#box.focus();
  }

  /** Takes the focus where that brings up no keyboard over half the screen. */
  invite() {
    if (!matchMedia("(pointer: coarse)").matches) this.focus();
  }

  /** Another conversation: its draft comes back. */
  open() {
    this.#box.value = drafts.get(this.#draftName);
    this.#changed();
  }

  /** A conversation that nothing was said in yet shares one draft: its identifier dies with a reload. */
  get #draftName() {
    return this.#session.conversation.isEmpty ? "new" : this.#session.conversation.id;
  }

  #changed() {
    this.#box.style.height = "auto";
    this.#box.style.height = `${Math.min(this.#box.scrollHeight, innerHeight * 0.4)}px`;
    this.#send.disabled = !this.#box.value.trim();
    clearTimeout(this.#saveTimer);
    this.#saveTimer = setTimeout(() => this.#keep(), 300);
  }

  #keep() {
    clearTimeout(this.#saveTimer);
    drafts.set(this.#draftName, this.#box.value);
  }

  /** @param {{contextLength: number | null, reasons: boolean}} facts about the model */
  update({ contextLength, reasons }) {
    const { current, conversation } = this.#session;
    const hadFocus = document.activeElement === this.#send;
    this.#send.hidden = Boolean(current);
    this.#stop.hidden = !current;
    if (current && hadFocus) this.#stop.focus();
    this.#thinking.hidden = !reasons;
    this.#thinking.value = conversation.settings.thinking ?? "";
    this.#showMeter(conversation.contextTokens(), contextLength);
  }

  #showMeter(used, length) {
    this.#meter.hidden = used === null;
    if (used === null) return;
    const share = length ? Math.min(used / length, 1) : 0;
    this.#meterText.textContent = length ? `${count(used)} / ${count(length)}` : `${count(used)} tokens`;
    this.#meterFill.style.inlineSize = `max(${share * 100}%, 0.25rem)`;
    this.#meter.classList.toggle("full", share > 0.9);
    this.#meter.firstChild.hidden = !length;
    this.#meter.setAttribute("aria-valuenow", used);
    this.#meter.setAttribute("aria-valuemax", length ?? used);
    this.#meter.setAttribute("aria-valuetext", length ? `${count(used)} of ${count(length)} tokens` : this.#meterText.textContent);
    this.#meter.title = share > 0.9 ? "The context is nearly full: the next answer may be cut off" : `Context: ${count(used)}${length ? ` of ${count(length)}` : ""} tokens are taken by this conversation`;
  }
}
