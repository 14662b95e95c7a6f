import { h } from "./dom.js";
import { HeatMap, Legend } from "./heatMap.js";
import { load, span } from "./inspectMath.js";
import { decimal, visible } from "./inspectScales.js";
import { bar, layerName, Stepper, tokenText } from "./sectionView.js";

export const expertsWords = {
  id: "experts",
  title: "Experts",
  lead: ["After attention, each token thinks on its own; a small ", h("strong", {}, "router"), " scores all ", h("strong", {}, "experts"), " of the layer and wakes only the few that suit the token best."],
  more: [
    "An expert is a small network: the model has the size of all of them and the cost of the few that were chosen; shared experts work for every token. ",
    "Left alone, a router would send everything to a few favourites, so each expert has a ", h("em", {}, "bias"), ", raised in training while it had too little to do; it takes part in choosing only, and an expert’s weight comes from its score alone. ",
    "Where experts stand in groups, a token first keeps the best groups and chooses within them.",
  ],
};

/** Which experts each token woke, with what scores, and how evenly they are used. */
export class ExpertsView {
  #look = null;
  #layer = 0;
  #row = -1;
  #field = "scores";
  #stepper = new Stepper("Layer", "experts-layer", (layer) => {
    this.#layer = layer;
    this.#draw();
  });
  #switch = h("fieldset", { class: "segments" }, h("legend", { class: "visually-hidden" }, "What the colours show"),
    ...[["scores", "Score"], ["biased", "With bias"]].map(([value, words]) => h("label", {}, h("input", { type: "radio", name: "experts-field", value, checked: value === this.#field, onchange: () => {
      this.#field = value;
      this.#draw();
    } }), words)));
  #map = new HeatMap("experts-token", "Token", { onRow: (row) => this.#showToken(row), onCell: (row, expert) => this.#showCell(row, expert) });
  #readout = h("p", { class: "hint readout", "aria-hidden": "true" });
  #legend = new Legend("Router’s score");
  #panel = h("div", { class: "keys", "aria-live": "off" });
  #finding = h("p", { class: "finding" });
  #numbers = h("details", { class: "numbers", ontoggle: () => this.#fillNumbers() }, h("summary", {}, "Which tokens each expert had, as a table"));

  constructor(section) {
    this.section = section;
  }

  /** @param {import("./inspection.js").Inspection} look */
  update(look) {
    const isNew = this.#look !== look;
    this.#look = look;
    const layers = [...look.routing.keys()].sort((a, b) => a - b);
    if (isNew) [this.#layer, this.#row] = [layers[0], look.routing.get(layers[0]).length - 1];
    this.#stepper.set(layers.map((layer) => [layer, layerName(layer, look.model?.layers)]), this.#layer);
    if (!isNew) return;
    this.section.show(
      h("div", { class: "controls" }, this.#stepper.element, this.#switch),
      this.#finding,
      h("div", { class: this.#rows[0].scores.length > 28 ? "beside stacked" : "beside" }, h("div", { class: "beside-map" }, this.#readout, this.#map.element, this.#legend.element,
        h("p", { class: "hint key-line" }, h("span", { class: "dot-sample", "aria-hidden": "true" }), "chosen", this.#hasGroups ? "; faint: in a group that was not kept" : "")), this.#panel),
      this.#numbers);
    this.#draw();
  }

  get #rows() {
    return this.#look.routing.get(this.#layer);
  }

  get #hasGroups() {
    return (this.#look.model?.experts?.groups ?? 1) > 1;
  }

  /** Experts of a group, or all of them. */
  get #groupSize() {
    const experts = this.#rows[0].scores.length;
    return this.#hasGroups ? experts / this.#look.model.experts.groups : experts;
  }

  #isKept(row, expert) {
    const { groups } = this.#rows[row];
    return !groups || !this.#hasGroups || groups.includes(Math.floor(expert / this.#groupSize));
  }

  #draw() {
    const rows = this.#rows, field = this.#field;
    const { low, high, place } = span(rows, field);
    const used = load(rows);
    const experts = rows[0].scores.length;
    this.#map.draw({
      rows: rows.map((_, index) => visible(this.#look.tokens[index]?.text ?? String(index))), columns: Array.from({ length: experts }, (_, expert) => String(expert)),
      label: `Layer ${this.#layer}: a row for each token, a column for each of ${experts} experts`, gapEvery: this.#hasGroups ? this.#groupSize : 0,
      place: (row, expert) => place(rows[row][field][expert]), isMarked: (row, expert) => rows[row].experts.includes(expert), isDim: (row, expert) => !this.#isKept(row, expert),
      foot: { label: "tokens", numbers: used.counts },
    }, this.#row);
    this.#legend.set([[0, decimal(low)], [0.5, decimal((low + high) / 2)], [1, decimal(high)]]);
    this.#sayLoad(used, rows);
    this.#showToken(this.#map.chosen);
    this.#showCell(null, null);
    this.#fillNumbers();
  }

  #sayLoad(used, rows) {
    const { model } = this.#look;
    const first = model?.firstMixtureLayer ?? 0;
    this.#finding.replaceChildren(
      `Each token woke `, h("strong", {}, `${rows[0].experts.length} of ${used.counts.length}`), ` experts${model?.experts?.shared ? `, and ${model.experts.shared} shared ${model.experts.shared === 1 ? "one works" : "ones work"} for all` : ""}. `,
      `The busiest had `, h("strong", {}, String(used.busiest)), ` of ${rows.length} tokens, `, h("strong", {}, String(used.idle)), ` had none; even would be ${decimal(used.even)} each (spread ${decimal(used.variation)}, 0 is even).`,
      first > 0 ? ` The first ${first === 1 ? "layer has" : `${first} layers have`} one network for all tokens instead.` : "");
  }

  #showToken(index) {
    this.#row = this.#map.chosen;
    const row = this.#rows[index];
    const { model } = this.#look;
    const weights = new Map(row.experts.map((expert, at) => [expert, row.weights[at]]));
    const sum = row.weights.reduce((total, weight) => total + weight, 0) || 1;
    const hasBias = row.scores.some((score, expert) => score !== row.biased[expert]);
    // The chosen, then those that came closest.
    const order = row.biased.map((score, expert) => ({ expert, score })).sort((a, b) => weights.has(b.expert) - weights.has(a.expert) || b.score - a.score).slice(0, row.experts.length + 4);
    this.#panel.replaceChildren(
      h("h3", {}, "Experts of ", tokenText(this.#look.tokens[index]?.text ?? String(index))),
      h("p", { class: "hint" }, row.groups && this.#hasGroups ? `Kept ${row.groups.length} of ${model.experts.groups} groups: ${[...row.groups].sort((a, b) => a - b).join(", ")}. ` : "",
        hasBias ? "Chosen by the score with bias, weighed by the score without." : "Chosen and weighed by the score.", " Below the chosen: those that came closest."),
      h("div", { class: "keys-scroll", tabindex: "0", role: "group", "aria-label": "Experts of this token" }, h("table", {},
        h("thead", {}, h("tr", {}, h("th", { scope: "col" }, "Expert"), h("th", { scope: "col" }, "Score"), hasBias && h("th", { scope: "col" }, "With bias"), h("th", { scope: "col" }, "Weight"))),
        h("tbody", {}, ...order.map(({ expert }) => h("tr", { class: weights.has(expert) ? "strongest" : "" }, h("th", { scope: "row" }, String(expert)), h("td", {}, decimal(row.scores[expert])),
          hasBias && h("td", {}, decimal(row.biased[expert])),
          weights.has(expert) ? h("td", { class: "share" }, bar(weights.get(expert) / sum), h("span", { class: "share-number" }, decimal(weights.get(expert)))) : h("td", { class: "not" }, this.#isKept(index, expert) ? "not chosen" : "group not kept")))))));
  }

  #fillNumbers() {
    this.#numbers.querySelector(".numbers-scroll")?.remove();
    if (!this.#numbers.open) return;
    const rows = this.#rows;
    const hadBy = rows[0].scores.map((_, expert) => this.#look.tokens.filter((_token, index) => rows[index]?.experts.includes(expert)));
    this.#numbers.append(h("div", { class: "numbers-scroll", tabindex: "0", role: "group", "aria-label": "Tokens of each expert" }, h("table", {},
      h("thead", {}, h("tr", {}, h("th", { scope: "col" }, "Expert"), h("th", { scope: "col" }, "Number"), h("th", { scope: "col" }, "Tokens"))),
      h("tbody", {}, ...hadBy.map((tokens, expert) => h("tr", {}, h("th", { scope: "row" }, String(expert)), h("td", {}, String(tokens.length)), h("td", { class: "words" }, ...tokens.flatMap(({ text }) => [tokenText(text), " "]))))))));
  }

  #showCell(index, expert) {
    if (expert === null) {
      this.#readout.textContent = "Point at a cell, or walk the tokens with the arrow keys.";
      return;
    }
    const row = this.#rows[index];
    this.#readout.replaceChildren(tokenText(this.#look.tokens[index]?.text ?? String(index)), ` and expert ${expert}: score `, h("strong", {}, decimal(row.scores[expert])), `, with bias `, h("strong", {}, decimal(row.biased[expert])),
      row.experts.includes(expert) ? ", chosen" : this.#isKept(index, expert) ? "" : ", its group was not kept");
  }
}
