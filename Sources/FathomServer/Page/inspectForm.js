import { copyText, h, icon, iconButton } from "./dom.js";
import { firstPrompt, lookNumbers, standardNumbers } from "./inspectRequest.js";
import { numberError } from "./settings.js";

/** What to look at: the text, as it stands or as a chat message, and how tokens are drawn. */
export class LookForm {
  #act;
  #box = h("textarea", { id: "look-prompt", rows: 2, spellcheck: "false", maxlength: 20000 });
  #kinds = [["text", "Plain text"], ["chat", "Chat message"]].map(([value, words]) => [value, h("input", { type: "radio", name: "look-kind", value, checked: value === "text" }), words]);
  #boxes = new Map();
  #button = h("button", { type: "submit", class: "button primary look-go" });
  #isRunning = false;

  /**
   * @param {HTMLFormElement} element
   * @param {{look: (look: import("./inspectRequest.js").Look) => void, stop: () => void}} act
   */
  constructor(element, act) {
    this.#act = act;
    const share = iconButton("copy", "Copy a link to this look", () => copyText(location.href, share));
    element.append(
      h("label", { for: "look-prompt", class: "visually-hidden" }, "Text to look at"), this.#box,
      h("div", { class: "look-row" },
        h("fieldset", { class: "segments" }, h("legend", { class: "visually-hidden" }, "How the model reads it"), ...this.#kinds.map(([, input, words]) => h("label", {}, input, words))),
        h("span", { class: "spacer" }), share, this.#button),
      h("details", { class: "more look-numbers" }, h("summary", {}, "How the next tokens are drawn"), h("div", { class: "look-fields" }, ...lookNumbers.map((row) => this.#number(row)))));
    element.addEventListener("submit", (event) => {
      event.preventDefault();
      this.submit();
    });
    this.#box.addEventListener("keydown", (event) => {
      if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
      event.preventDefault();
      if (!this.#isRunning) this.submit();
    });
    this.show({ prompt: firstPrompt, chat: false, numbers: standardNumbers });
    this.setRunning(false);
  }

  #number(row) {
    const id = `look-${row.name}`;
    const error = h("span", { class: "field-error", id: `${id}-error`, role: "status" });
    const box = h("input", { id, type: "number", min: row.minimum, max: row.maximum, step: row.whole ? 1 : "any", inputmode: row.whole ? "numeric" : "decimal", placeholder: "–", "aria-describedby": `${id}-help ${id}-error` });
    box.addEventListener("input", () => {
      const problem = this.#problem(row, box);
      error.textContent = problem ?? "";
      box.setAttribute("aria-invalid", String(problem !== null));
    });
    this.#boxes.set(row, box);
    return h("div", { class: "field" }, h("label", { for: id }, row.label, h("span", { class: "field-help", id: `${id}-help` }, row.help), error), box);
  }

  #problem(row, box) {
    return box.value === "" && !box.validity.badInput ? null : numberError(row, box.valueAsNumber);
  }

  submit() {
    if (this.#isRunning) return this.#act.stop();
    if (!this.#box.value) return this.#box.focus();
    const numbers = {};
    for (const [row, box] of this.#boxes) {
      if (this.#problem(row, box) !== null) {
        box.closest("details").open = true;
        return box.focus();
      }
      if (box.value !== "") numbers[row.name] = box.valueAsNumber;
    }
    this.#act.look({ prompt: this.#box.value, chat: this.#kinds[1][1].checked, numbers });
  }

  /** @param {import("./inspectRequest.js").Look} look */
  show({ prompt, chat, numbers }) {
    this.#box.value = prompt;
    for (const [value, input] of this.#kinds) input.checked = (value === "chat") === chat;
    for (const [row, box] of this.#boxes) {
      box.value = numbers[row.name] ?? "";
      box.dispatchEvent(new Event("input"));
    }
  }

  /** @param {boolean} isRunning */
  setRunning(isRunning) {
    this.#isRunning = isRunning;
    this.#button.classList.toggle("stop", isRunning);
    this.#button.replaceChildren(icon(isRunning ? "stop" : "eye"), isRunning ? "Stop" : "Look inside");
  }
}
