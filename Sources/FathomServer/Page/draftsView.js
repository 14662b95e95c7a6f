import { h, icon } from "./dom.js";
import { percent } from "./inspectScales.js";
import { factRow, tokenText } from "./sectionView.js";

export const draftsWords = {
  id: "drafting",
  title: "Drafting: guessing ahead",
  lead: ["A small extra module guesses the token after the next one; where the model itself agrees, the ", h("strong", {}, "draft"), " is accepted and two tokens come out of one pass."],
  more: [
    "A pass costs mostly the reading of the whole network from memory, and checking a guess along with the next token costs hardly more, so that an accepted guess saves nearly a whole pass. ",
    "A wrong one is thrown away and the model’s own token takes its place: drafting changes how fast an answer comes, and never what it says. ",
    "DeepSeek calls the module ", h("em", {}, "multi-token prediction"), ".",
  ],
};

/** The guesses one after another, each with the model's verdict. */
export class DraftsView {
  constructor(section) {
    this.section = section;
  }

  /** @param {import("./inspection.js").Inspection} look */
  update({ drafts, done }) {
    const made = done?.drafts?.made ?? drafts.length;
    const accepted = done?.drafts?.accepted ?? drafts.filter((draft) => draft.accepted).length;
    this.section.show(
      factRow([["guesses", String(made)], ["accepted", String(accepted)], ["of all", made ? percent(accepted / made) : "–"]]),
      h("ol", { class: "guesses", "aria-label": "Guesses" }, ...drafts.map(({ index, drafted, accepted: isAccepted, instead }) => h("li", { class: isAccepted ? "guess accepted" : "guess" },
        h("span", { class: "hint" }, `for token ${index + 1}`),
        h("span", { class: "guess-head" }, tokenText(drafted.text), h("span", { class: "hint" }, percent(drafted.probability))),
        h("span", { class: "verdict" }, icon(isAccepted ? "check" : "close"), isAccepted ? "accepted" : h("span", {}, "rejected", instead && [": the model wrote ", tokenText(instead.text)]))))));
  }
}
