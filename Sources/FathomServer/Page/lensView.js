import { h } from "./dom.js";
import { Legend } from "./heatMap.js";
import { forming } from "./inspectMath.js";
import { colour, css, currentTheme, ink, onThemeChange, percent, position } from "./inspectScales.js";
import { bar, tokenText } from "./sectionView.js";

export const lensWords = {
  id: "lens",
  title: "The answer forms, layer by layer",
  lead: ["Every layer adds a little to what it was given; if one stops after each layer and asks for the next word there, one can watch the ", h("strong", {}, "answer"), " take shape."],
  more: [
    "The list of numbers behind your last token goes through all layers, and only the last one’s is meant to be turned into words; doing it earlier is called the ", h("em", {}, "logit lens"), ", and shows what the model leans to so far. ",
    "Early rows are often nonsense, as those layers still sort out what was said; where the answer comes first and stays there, the model has, so to speak, made up its mind.",
  ],
};

const shownCandidates = 5;

/** Rows are layers, columns the likeliest candidates there. */
export class LensView {
  #look = null;
  #finding = h("p", { class: "finding" });
  #table = h("div", { class: "numbers-scroll", tabindex: "0", role: "group", "aria-label": "Likeliest next tokens after each layer" });
  #legend = new Legend("Probability").set();

  constructor(section) {
    this.section = section;
    onThemeChange(() => this.#look && this.#draw());
  }

  /** @param {import("./inspection.js").Inspection} look */
  update(look) {
    this.#look = look;
    this.#draw();
    this.section.show(this.#finding, this.#table, this.#legend.element);
  }

  #draw() {
    const { answer, rows, settled } = forming(this.#look.lens);
    const theme = currentTheme();
    const name = (layer) => (layer < 0 ? "embedding" : `layer ${layer}`);
    this.#finding.replaceChildren(...(answer ? ["The last layer’s first choice is ", tokenText(answer.text), " with ", h("strong", {}, percent(answer.probability)), settled === null ? "." : `; it comes first from ${settled < 0 ? "the embedding" : `layer ${settled}`} on.`] : []));
    const cell = (entry) => {
      if (!entry) return h("td");
      const ground = colour(position(entry.probability), theme);
      const element = h("td", { class: entry.id === answer?.id ? "lens-cell answer" : "lens-cell" }, h("span", { class: "lens-inside" }, tokenText(entry.text), h("span", { class: "lens-share" }, percent(entry.probability))));
      element.style.backgroundColor = css(ground);
      element.style.color = ink(ground);
      return element;
    };
    this.#table.replaceChildren(h("table", { class: "lens" },
      h("thead", {}, h("tr", {}, h("th", { scope: "col" }, "After"), h("th", { scope: "col", colspan: shownCandidates }, "Likeliest next tokens"), h("th", { scope: "col" }, "The answer’s share"))),
      h("tbody", {}, ...rows.map(({ layer, top, share }) => h("tr", {}, h("th", { scope: "row" }, name(layer)), ...Array.from({ length: shownCandidates }, (_, at) => cell(top[at])),
        h("td", { class: "share" }, share === null ? h("span", { class: "not" }, "not listed") : [bar(share), h("span", { class: "share-number" }, percent(share))]))))));
  }
}
