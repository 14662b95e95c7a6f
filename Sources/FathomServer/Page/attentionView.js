import { h } from "./dom.js";
import { HeatMap, Legend, thumbnail } from "./heatMap.js";
import { habit, keysOf, softmaxGap } from "./inspectMath.js";
import { placeInTriangle } from "./inspection.js";
import { decimal, onThemeChange, percent, position, visible } from "./inspectScales.js";
import { bar, layerName, Stepper, tokenText } from "./sectionView.js";

export const attentionWords = {
  id: "attention",
  title: "Attention: query, key, value",
  lead: ["To learn from its context, each token sends out a ", h("strong", {}, "query"), ", compares it with the ", h("strong", {}, "key"), " of every token so far, and takes a share of each one’s ", h("strong", {}, "value"), "."],
  more: [
    "Think of a query as a question, of a key as the label on a drawer and of a value as what lies in it: the better question and label match, the higher the score, and ", h("em", {}, "softmax"), " turns a query’s scores into shares that add up to 100%. ",
    "Many ", h("em", {}, "heads"), " ask side by side in every layer, and no token sees those that come after it, so the picture is a triangle. ",
    "With latent attention a score has two parts: the ", h("strong", { class: "latent" }, "latent"), " part compares contents, and the ", h("strong", { class: "rotary" }, "rotary"), " part is turned by each token’s place, so that it depends on how far the two are apart.",
  ],
};

/** Where each query of a head looks, with the scores behind it. */
export class AttentionView {
  #look = null;
  #layer = 0;
  #head = 0;
  #row = -1;
  /** Between this head's shares and the softmax of its scores. */
  #gap = null;
  #stepper = new Stepper("Layer", "attention-layer", (layer) => {
    this.#layer = layer;
    this.#drawHeads();
    this.#drawHead();
  });
  #heads = h("fieldset", { class: "heads" });
  #map = new HeatMap("attention-query", "Query: which token asks", { onRow: (row) => this.#showQuery(row), onCell: (row, column) => this.#showCell(row, column) });
  #readout = h("p", { class: "hint readout", "aria-hidden": "true" });
  #legend = new Legend("Share of the value").set();
  #keys = h("div", { class: "keys", "aria-live": "off" });
  #habit = h("p", { class: "finding" });
  #numbers = h("details", { class: "numbers", ontoggle: () => this.#fillNumbers() }, h("summary", {}, "All shares of this head as a table"));

  constructor(section) {
    this.section = section;
    onThemeChange(() => this.#look && this.#drawHeads());
  }

  /** @param {import("./inspection.js").Inspection} look */
  update(look) {
    const isNew = this.#look !== look;
    this.#look = look;
    const layers = [...look.attention.keys()].sort((a, b) => a - b);
    if (isNew) [this.#layer, this.#head, this.#row] = [layers[0], 0, look.shownTokens.length - 1];
    this.#stepper.set(layers.map((layer) => [layer, layerName(layer, look.model?.layers)]), this.#layer);
    if (!isNew) return;
    this.section.show(
      h("div", { class: "controls" }, this.#stepper.element, this.#heads),
      this.#habit,
      h("div", { class: look.shownTokens.length > 28 ? "beside stacked" : "beside" }, h("div", { class: "beside-map" }, this.#readout, this.#map.element, this.#legend.element), this.#keys),
      this.#numbers);
    this.#drawHeads();
    this.#drawHead();
  }

  get #attention() {
    return this.#look.attention.get(this.#layer);
  }

  #drawHeads() {
    const layer = this.#attention;
    this.#head = Math.min(this.#head, layer.heads - 1);
    const focused = this.#heads.contains(document.activeElement);
    this.#heads.replaceChildren(h("legend", {}, "Head"), h("div", { class: "heads-row" }, ...Array.from({ length: layer.heads }, (_, head) =>
      h("label", { class: "head" },
        h("input", { type: "radio", class: "visually-hidden", name: "attention-head", value: String(head), checked: head === this.#head, onchange: () => {
          this.#head = head;
          this.#drawHead();
        } }),
        thumbnail(layer.tokens, (query, key) => layer.probabilities[head][placeInTriangle(query, key)]), h("span", {}, h("span", { class: "visually-hidden" }, "Head "), head)))));
    if (focused) this.#heads.querySelector("input:checked")?.focus();
  }

  #drawHead() {
    const layer = this.#attention, head = this.#head;
    const words = this.#look.shownTokens.map(({ text }) => visible(text));
    const triangle = layer.probabilities[head];
    this.#map.draw({
      rows: words, columns: words, label: `Attention of layer ${this.#layer}, head ${head}: a row for each query, a column for each key`,
      place: (query, key) => (key > query ? null : position(triangle[placeInTriangle(query, key)])),
    }, this.#row);
    this.#gap = softmaxGap(layer, head);
    this.#sayHabit(layer, head);
    this.#showQuery(this.#map.chosen);
    this.#showCell(null, null);
    this.#fillNumbers();
  }

  #sayHabit(layer, head) {
    const found = habit(layer, head);
    const parts = found && [["the first token", found.first], ["the token just before", found.before], ["the asking token itself", found.itself], ["the others", found.elsewhere]];
    this.#habit.replaceChildren(...(parts ? [`Layer ${this.#layer}, head ${head} spends on average `, ...parts.flatMap(([words, share], index) => [index === 0 ? "" : index === 3 ? " and " : ", ", h("strong", {}, percent(share)), ` on ${words}`]), "."] : []),
      layer.tokens < this.#look.tokens.length ? ` The first ${layer.tokens} of ${this.#look.tokens.length} tokens are shown.` : "");
  }

  #showQuery(query) {
    this.#row = this.#map.chosen;
    const layer = this.#attention, tokens = this.#look.shownTokens;
    const keys = keysOf(layer, this.#head, query);
    const hasParts = keys[0].latent !== null, hasScore = keys[0].score !== null;
    const limit = Math.max(...keys.map(({ latent, rotary, score }) => Math.max(Math.abs(latent ?? 0), Math.abs(rotary ?? 0), Math.abs(score ?? 0))), 1e-9);
    const gap = this.#gap;
    const strongest = keys.reduce((best, { share }, key) => (share > keys[best].share ? key : best), 0);
    const cells = ({ latent, rotary, score, share }) => [
      hasParts && h("td", {}, signedBar(latent, limit, "latent"), decimal(latent)),
      hasParts && h("td", {}, signedBar(rotary, limit, "rotary"), decimal(rotary)),
      hasScore && h("td", { class: hasParts ? "sum" : "" }, !hasParts && signedBar(score, limit, "latent"), decimal(score)),
      h("td", { class: "share" }, bar(share), h("span", { class: "share-number" }, percent(share))),
    ];
    this.#keys.replaceChildren(
      h("h3", {}, "Query of ", tokenText(tokens[query].text)),
      h("ol", { class: "flow", "aria-label": "How shares come about" }, ...["query meets keys", "scores", "softmax", "shares", "mix of values"].map((words) => h("li", {}, words))),
      h("p", { class: "hint" }, "It looks most at ", tokenText(tokens[strongest].text), strongest === query ? " itself" : "", `, with ${percent(keys[strongest].share)}.`),
      h("div", { class: "keys-scroll", tabindex: "0", role: "group", "aria-label": "Keys of this query" },
        h("table", {},
          h("thead", {}, h("tr", {}, h("th", { scope: "col" }, "Key"), hasParts && h("th", { scope: "col", class: "latent" }, "Latent"), hasParts && h("th", { scope: "col", class: "rotary" }, "Rotary"), hasScore && h("th", { scope: "col" }, hasParts ? "= Score" : "Score"), h("th", { scope: "col" }, "Share of value"))),
          h("tbody", {}, ...keys.map((key, index) => h("tr", { class: index === strongest ? "strongest" : "" }, h("th", { scope: "row" }, tokenText(tokens[index].text)), ...cells(key)))))),
      h("p", { class: "hint" }, gap === null ? "" : `Checked here: softmax of the scores gives these shares${gap < 0.0005 ? "" : `, up to ${percent(gap)} of rounding`}.`,
        hasParts ? "" : " This model has no latent attention, so that its scores have one part."));
  }

  #showCell(query, key) {
    const tokens = this.#look.shownTokens;
    if (key === null) {
      this.#readout.textContent = "Rows ask, columns answer. Point at a row, or walk the rows with the arrow keys.";
      return;
    }
    const { share } = keysOf(this.#attention, this.#head, query)[key];
    this.#readout.replaceChildren(tokenText(tokens[query].text), " takes ", h("strong", {}, percent(share)), " of its new value from ", tokenText(tokens[key].text));
  }

  #fillNumbers() {
    this.#numbers.querySelector(".numbers-scroll")?.remove();
    if (!this.#numbers.open) return;
    const tokens = this.#look.shownTokens, layer = this.#attention, head = this.#head;
    this.#numbers.append(h("div", { class: "numbers-scroll", tabindex: "0", role: "group", "aria-label": "Shares" }, h("table", {},
      h("caption", { class: "visually-hidden" }, `Layer ${this.#layer}, head ${head}: share of each key (column) for each query (row)`),
      h("thead", {}, h("tr", {}, h("th", { scope: "col" }, "Query"), ...tokens.map(({ text }) => h("th", { scope: "col" }, tokenText(text))))),
      h("tbody", {}, ...tokens.map(({ text }, query) => h("tr", {}, h("th", { scope: "row" }, tokenText(text)), ...keysOf(layer, head, query).map(({ share }) => h("td", {}, percent(share)))))))));
  }
}

/** A bar to the right of its middle for what speaks for a key, to the left for what speaks against it. */
function signedBar(value, limit, kind) {
  const fill = h("i", { class: kind });
  const width = (Math.abs(value) / limit) * 50;
  fill.style.inlineSize = `${width}%`;
  fill.style.insetInlineStart = `${value < 0 ? 50 - width : 50}%`;
  return h("span", { class: "bar signed", "aria-hidden": "true" }, fill);
}
