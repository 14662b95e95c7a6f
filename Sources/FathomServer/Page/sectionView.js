import { h, iconButton } from "./dom.js";
import { visible } from "./inspectScales.js";

/** One stage of the forward pass: its sentence, more about it, and the figure once its numbers are there. */
export class SectionView {
  element;
  #figure = h("div", { class: "figure", hidden: true });
  #wait = h("p", { class: "waiting", hidden: true });

  /**
   * @param {{id: string, title: string, lead: (Node | string)[], more: (Node | string)[]}} words
   * @param {number} number
   */
  constructor({ id, title, lead, more }, number) {
    this.element = h("section", { class: "stage", id, "aria-labelledby": `${id}-title`, tabindex: "-1" },
      h("h2", { id: `${id}-title` }, h("span", { class: "stage-number", "aria-hidden": "true" }, number), title),
      h("p", { class: "lead" }, ...lead),
      h("details", { class: "more" }, h("summary", {}, "More", h("span", { class: "visually-hidden" }, ` about ${title.toLowerCase()}`)), h("p", {}, ...more)),
      this.#wait, this.#figure);
  }

  /** @param {...Node} nodes */
  show(...nodes) {
    if (this.#figure.childNodes.length !== nodes.length || nodes.some((node, index) => this.#figure.childNodes[index] !== node)) this.#figure.replaceChildren(...nodes);
    this.#figure.hidden = false;
    this.#wait.hidden = true;
  }

  /** Words in place of the figure, or nothing at all. @param {string | null} text @param {boolean} [isBusy] */
  say(text, isBusy = false) {
    this.#figure.hidden = true;
    this.#wait.hidden = !text;
    this.#wait.textContent = text ?? "";
    this.#wait.classList.toggle("busy", isBusy);
  }
}

/** A labelled choice of one of many, with buttons for the neighbours. */
export class Stepper {
  element;
  #select;
  #before;
  #after;

  /** @param {string} label @param {string} id @param {(value: number) => void} onChange */
  constructor(label, id, onChange) {
    this.#select = h("select", { id, class: "pill", onchange: () => this.#go(this.#select.selectedIndex, onChange) });
    this.#before = iconButton("left", `${label}: one before`, () => this.#go(this.#select.selectedIndex - 1, onChange));
    this.#after = iconButton("right", `${label}: next`, () => this.#go(this.#select.selectedIndex + 1, onChange));
    this.element = h("div", { class: "stepper" }, h("label", { for: id }, label), this.#before, this.#select, this.#after);
  }

  #go(index, onChange) {
    if (index < 0 || index >= this.#select.length) return;
    this.#select.selectedIndex = index;
    this.#limit();
    onChange(Number(this.#select.value));
  }

  #limit() {
    const { selectedIndex, length } = this.#select;
    // One that has the focus only says that it leads nowhere: disabled, it would lose the focus.
    for (const [button, ends] of [[this.#before, selectedIndex <= 0], [this.#after, selectedIndex >= length - 1]]) {
      button.disabled = ends && document.activeElement !== button;
      button.setAttribute("aria-disabled", String(ends));
    }
  }

  /** @param {[number, string][]} options @param {number} chosen */
  set(options, chosen) {
    const old = [...this.#select.options].map((option) => `${option.value} ${option.text}`);
    if (old.length !== options.length || options.some(([value, text], index) => old[index] !== `${value} ${text}`)) {
      this.#select.replaceChildren(...options.map(([value, text]) => h("option", { value }, text)));
    }
    this.#select.value = String(chosen);
    this.#limit();
  }
}

/** A token as it stands in a figure. @param {string} text @param {Object<string, any>} [properties] */
export function tokenText(text, properties = {}) {
  return h("bdi", { ...properties, class: `token ${properties.class ?? ""}`.trim() }, visible(text));
}

/** A bar of a share of its track. @param {number} share @param {string} [kind] a class */
export function bar(share, kind = "") {
  const fill = h("i", { class: kind });
  fill.style.inlineSize = `${Math.min(Math.max(share, 0), 1) * 100}%`;
  return h("span", { class: "bar", "aria-hidden": "true" }, fill);
}

/** What the choice of a layer calls it. @param {number} layer @param {number} layers */
export const layerName = (layer, layers) => (layer === 0 ? "0, the first" : layer === layers - 1 ? `${layer}, the last` : String(layer));

/** Numbers with words under them, in a row. @param {[string, string][]} facts */
export const factRow = (facts) => h("dl", { class: "facts" }, ...facts.map(([words, number]) => h("div", {}, h("dt", {}, words), h("dd", {}, number))));
