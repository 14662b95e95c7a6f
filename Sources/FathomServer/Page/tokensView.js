import { count, h } from "./dom.js";
import { factRow, tokenText } from "./sectionView.js";

export const tokensWords = {
  id: "tokens",
  title: "Tokens",
  lead: ["The model can’t read letters: it cuts your text into ", h("strong", {}, "tokens"), ", pieces it knows from training, and each piece is only a number to it."],
  more: [
    "The number is the piece’s place in the vocabulary: frequent words are one token, rare ones are put together from several, and the last line of each chip shows its bytes in base 16. ",
    "A dot (·) stands for a space, which mostly belongs to the word after it; chips with a dashed edge are special tokens that mark where a text or a turn begins. ",
    "From here on every token is a long list of numbers, its ", h("em", {}, "embedding"), ", and all that follows changes these lists.",
  ],
};

const hex = (bytes) => bytes.map((byte) => byte.toString(16).padStart(2, "0")).join(" ");

/** Chips of the prompt as the model reads it: text, number in the vocabulary, bytes. */
export class TokensView {
  constructor(section) {
    this.section = section;
  }

  /** @param {import("./inspection.js").Inspection} look */
  update({ tokens, model }) {
    const length = tokens.reduce((sum, token) => sum + (token.special ? 0 : token.bytes.length), 0);
    this.section.show(
      factRow([["tokens", count(tokens.length)], ["bytes of text", count(length)], ["tokens in the vocabulary", count(model?.vocabulary ?? 0)], ["numbers for each", count(model?.hidden ?? 0)]]),
      h("ol", { class: "chips", "aria-label": "The prompt’s tokens", tabindex: tokens.length > 32 ? "0" : false }, ...tokens.map((token) =>
        h("li", { class: token.special ? "chip special" : "chip" },
          tokenText(token.text),
          h("span", { class: "chip-id" }, token.special && h("span", { class: "visually-hidden" }, "special token, "), h("span", { class: "visually-hidden" }, "number "), String(token.id)),
          h("span", { class: "chip-bytes" }, h("span", { class: "visually-hidden" }, "bytes "), hex(token.bytes))))));
  }
}
