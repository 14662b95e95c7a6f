import { count, duration, h, icon } from "./dom.js";

/** How long thinking goes on before it unfolds by itself; shorter thoughts would only flicker. */
const unfoldMilliseconds = 500;

/**
 * What the model thought before it answered: open while it thinks, folded when it is done.
 *
 * The text is shown as written. Thoughts are full of half sentences and signs that Markdown would take
 * for its own.
 */
export class ReasoningView {
  #label = h("span", { class: "reasoning-label" });
  #numbers = h("span", { class: "reasoning-numbers" });
  #text = h("div", { class: "reasoning-text", tabindex: "0", "aria-label": "Thoughts", role: "group" });
  #byHand = false;
  #shown = "";
  element = h("details", { class: "reasoning" },
    h("summary", {}, h("span", { class: "reasoning-dot", "aria-hidden": "true" }), this.#label, this.#numbers, icon("down")),
    this.#text);

  constructor() {
    this.element.querySelector("summary").addEventListener("click", () => (this.#byHand = true));
    this.element.hidden = true;
  }

  /**
   * @param {string | undefined} text
   * @param {{milliseconds: number | null, tokens: number | null, isLive: boolean}} state
   */
  set(text, { milliseconds, tokens, isLive }) {
    this.element.hidden = !text;
    if (!text) return;
    this.element.classList.toggle("live", isLive);
    this.#label.textContent = isLive ? "Thinking" : "Thoughts";
    this.#numbers.textContent = [milliseconds === null ? "" : duration(milliseconds), tokens ? `${count(tokens)} tokens` : ""].filter(Boolean).join(" · ");
    if (!this.#byHand) {
      const opens = isLive && milliseconds > unfoldMilliseconds;
      if (this.element.open !== opens) this.element.open = opens;
    }
    if (text !== this.#shown) {
      const follows = this.#text.scrollHeight - this.#text.scrollTop - this.#text.clientHeight < 40;
      const last = this.#text.firstChild;
      if (last && text.startsWith(this.#shown)) last.appendData(text.slice(this.#shown.length));
      else this.#text.textContent = text;
      this.#shown = text;
      if (isLive && follows) this.#text.scrollTop = this.#text.scrollHeight;
    }
  }

  toggle() {
    this.#byHand = true;
    this.element.open = !this.element.open;
  }
}
