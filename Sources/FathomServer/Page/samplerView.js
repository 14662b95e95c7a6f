import { count, h } from "./dom.js";
import { candidates } from "./inspectMath.js";
import { decimal, percent, visible } from "./inspectScales.js";
import { bar, Stepper, tokenText } from "./sectionView.js";

export const samplerWords = {
  id: "sampler",
  title: "The next token is drawn",
  lead: ["The last layer’s numbers become a ", h("strong", {}, "probability"), " for every token of the vocabulary; a few settings reshape it, and the next token is drawn from what is left."],
  more: [
    "The model never decides: it says how likely each token is, and the ", h("em", {}, "sampler"), " draws; at temperature 0 it takes the likeliest, otherwise it rolls dice, and the same seed rolls the same dice. ",
    "Then the token is put after the text and the pass runs again for the next one, with everything before it in the cache. ",
    "Step through the tokens to see each draw.",
  ],
};

const stages = {
  model: ["The model", "Its own probabilities, before anything is changed."],
  penalties: ["Penalties", "Makes tokens that came before less likely."],
  logit_bias: ["Logit bias", "Adds what the request says to single tokens."],
  grammar: ["Grammar", "Forbids what the asked form doesn’t allow here."],
  temperature: ["Temperature", "Below 1 the likely become likelier, above 1 all come closer."],
  top_k: ["Top k", "Keeps the k likeliest tokens."],
  top_p: ["Top p", "Keeps the likeliest that together reach p."],
  min_p: ["Min p", "Drops what is less likely than a part of the likeliest."],
  greedy: ["Greedy", "Takes the likeliest token."],
};

/** Bars before and after each stage of the sampler, for each token that was written. */
export class SamplerView {
  #look = null;
  #index = 0;
  #stepper = new Stepper("Token", "sampler-step", (index) => this.show(index));
  #chosen = h("p", { class: "finding" });
  #stages = h("div", { class: "stages", tabindex: "0", role: "group", "aria-label": "Probabilities after each stage" });

  constructor(section) {
    this.section = section;
  }

  /** @param {import("./inspection.js").Inspection} look */
  update(look) {
    const isNew = this.#look !== look;
    this.#look = look;
    if (isNew) this.#index = 0;
    this.#stepper.set(look.steps.map((step, index) => [index, `${index + 1} of ${look.steps.length}: ${visible(step.chosen.text)}`]), this.#index);
    if (!isNew) return;
    this.section.show(h("div", { class: "controls" }, this.#stepper.element), this.#chosen, this.#stages);
    this.#draw();
  }

  /** @param {number} index of a step */
  show(index) {
    this.#index = index;
    this.update(this.#look);
    this.#draw();
  }

  #draw() {
    const { stages: given, chosen } = this.#look.steps[this.#index];
    const rows = candidates(given);
    const before = this.#look.tokens.map(({ text }) => text).concat(this.#look.steps.slice(0, this.#index).map((step) => step.chosen.text));
    this.#chosen.replaceChildren("After ", h("bdi", { class: "behind" }, `…${before.slice(-8).join("")}`), " it drew ", tokenText(chosen.text, { class: "drawn" }),
      ", for which the model itself gave ", h("strong", {}, percent(chosen.probability)), ` (log probability ${decimal(chosen.logProbability)}).`);
    this.#stages.replaceChildren(...given.map((stage, at) => {
      const [title, help] = Object.hasOwn(stages, stage.name) ? stages[stage.name] : [stage.name, ""];
      const isLast = at === given.length - 1;
      return h("section", { class: "stage-card" },
        h("h3", {}, title), h("p", { class: "hint" }, help),
        h("ol", {}, ...rows.map(({ id, text, shares }) => {
          const share = shares[at];
          const isOut = typeof share !== "number";
          const isDrawn = isLast && id === chosen.id;
          return h("li", { class: `candidate${isOut ? " out" : ""}${isDrawn ? " drawn" : ""}` }, tokenText(text), bar(isOut ? 0 : share, isDrawn ? "drawn" : ""),
            h("span", { class: "candidate-share" }, share === "out" ? "out" : share === null ? "–" : percent(share), isDrawn && h("span", { class: "visually-hidden" }, ", drawn")));
        })),
        h("p", { class: "kept-count" }, `${count(stage.kept)} ${stage.kept === 1 ? "token is" : "tokens are"} possible`));
    }));
  }
}
