import { colouredCharacters } from "./config.js";
import { copyText, h, icon } from "./dom.js";
import { highlight, languageLabel } from "./highlight.js";

/** A block of code with its language and a button that copies it. */
export class CodeView {
  element;
  #code = h("code");
  #label = h("span", { class: "code-label" });
  #text = "";
  #pieces = [];

  /** @param {string} text @param {string} language as written after the fence */
  constructor(text, language) {
    const copy = h("button", { type: "button", class: "code-copy", "aria-label": "Copy code", title: "Copy code" }, icon("copy"));
    copy.addEventListener("click", () => copyText(this.#text, copy));
    this.element = h("figure", { class: "code" },
      h("figcaption", {}, this.#label, copy),
      h("pre", { tabindex: "0", "aria-label": "Code" }, this.#code));
    this.set(text, language);
  }

  set(text, language) {
    this.#text = text;
    this.#label.textContent = languageLabel(language) || "Text";
    const pieces = text.length > colouredCharacters ? [{ kind: "plain", text }] : highlight(text, language);
    // Code that grows keeps the nodes of its beginning: making them again is what costs.
    let same = 0;
    while (same < pieces.length && this.#pieces[same]?.kind === pieces[same].kind && this.#pieces[same].text === pieces[same].text) same += 1;
    while (this.#code.childNodes.length > same) this.#code.lastChild.remove();
    this.#code.append(...pieces.slice(same).map(({ kind, text: part }) => (kind === "plain" ? document.createTextNode(part) : h("span", { class: `code-${kind}` }, part))));
    this.#pieces = pieces;
  }
}
