import { h } from "./dom.js";

/**
 * The way of a token through the network, as links to the sections; what has come is filled in.
 *
 * The stages that every layer repeats stand in a frame of their own.
 */
export class StageMap {
  #items = new Map();
  #layers = h("span", { class: "map-layers" }, "in every layer");

  /** @param {HTMLElement} element @param {{id: string, short: string, isInLayer: boolean}[]} stages */
  constructor(element, stages) {
    const item = ({ id, short }, number) => {
      const state = h("span", { class: "visually-hidden" });
      const entry = h("li", { class: "map-stage" }, h("a", { href: `#${id}` }, h("span", { class: "map-number", "aria-hidden": "true" }, number), short, state));
      this.#items.set(id, { entry, state });
      return entry;
    };
    const numbered = stages.map((stage, index) => ({ stage, entry: item(stage, index + 1) }));
    const inside = numbered.filter(({ stage }) => stage.isInLayer);
    const list = h("ol", { class: "map-list" });
    for (const { stage, entry } of numbered) {
      if (!stage.isInLayer) list.append(entry);
      else if (entry === inside[0].entry) list.append(h("li", { class: "map-group" }, this.#layers, h("ol", {}, ...inside.map((one) => one.entry))));
    }
    element.append(list);
  }

  /** @param {number | null} layers */
  setLayers(layers) {
    this.#layers.textContent = layers ? `in each of ${layers} layers` : "in every layer";
  }

  /** @param {string} id @param {"idle" | "waiting" | "here" | "none" | "missed"} state */
  set(id, state) {
    const { entry, state: words } = this.#items.get(id);
    entry.dataset.state = state;
    words.textContent = { idle: "", waiting: ", on its way", here: ", ready", none: ", not in this model", missed: ", did not come" }[state];
  }
}
