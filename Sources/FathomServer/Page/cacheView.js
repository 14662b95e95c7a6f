import { count, h } from "./dom.js";
import { numbersKept } from "./inspectMath.js";
import { bytes } from "./inspectScales.js";
import { factRow } from "./sectionView.js";

export const cacheWords = {
  id: "cache",
  title: "Cache: what is kept",
  lead: ["Keys and values of past tokens never change, so the model keeps what it needs of them in its ", h("strong", {}, "cache"), " instead of working them out again for every new token."],
  more: [
    "Plain multi-head attention keeps a key and a value for every head, layer and token, and every new token has to read all of it; in long texts that can be more memory than the network itself. ",
    "Latent attention keeps one short list of numbers, the ", h("strong", { class: "latent" }, "latent"), ", from which keys and values of all heads can be made, and one ", h("strong", { class: "rotary" }, "rotary"), " key that all heads share. ",
    "That is why DeepSeek’s models hold long conversations in little memory.",
  ],
};

const lengths = [1_000, 10_000, 100_000];

/** Bytes of the cache beside those of plain attention, and what they are made of. */
export class CacheView {
  constructor(section) {
    this.section = section;
  }

  /** @param {import("./inspection.js").Inspection} look */
  update({ model, cache }) {
    const times = cache.bytes > 0 ? cache.plainBytes / cache.bytes : 1;
    const saved = times >= 1.05;
    const mine = model?.latent ? "This model: latents" : saved ? "This model: heads share keys and values" : "This model: full keys and values";
    this.section.show(
      factRow([["for this prompt", bytes(cache.bytes)], ["for each token", bytes(cache.bytesPerToken)], ["with plain attention", bytes(cache.plainBytes)], ["smaller", saved ? `${times.toFixed(1)} ×` : "no"]]),
      h("div", { class: "beside" }, h("div", { class: "pair", role: "group", "aria-label": "Bytes for each token, in all layers" },
        pairBar(mine, cache.bytesPerToken / Math.max(cache.bytesPerToken, cache.plainBytesPerToken, 1), bytes(cache.bytesPerToken), "latent"),
        pairBar("Plain multi-head attention", cache.plainBytesPerToken / Math.max(cache.bytesPerToken, cache.plainBytesPerToken, 1), bytes(cache.plainBytesPerToken), "plain"),
        h("p", { class: "hint" }, `Bytes for each token in all layers, numbers kept as ${cache.type}.${saved ? "" : " This model keeps the full keys and values of every head, so that nothing is saved."}`)), longer(cache)),
      model?.latent ? drawing(model) : h("p", { class: "finding" }, "This model has no latent attention: it keeps keys and values as they are."));
  }
}

function longer(cache) {
  return h("div", { class: "numbers-scroll", tabindex: "0", role: "group", "aria-label": "Cache of longer texts" },
    h("table", { class: "longer" }, h("caption", { class: "visually-hidden" }, "Cache of longer texts"),
      h("thead", {}, h("tr", {}, h("th", { scope: "col" }, "Tokens of a text"), h("th", { scope: "col" }, "This model"), h("th", { scope: "col" }, "Plain"))),
      h("tbody", {}, ...lengths.map((length) => h("tr", {}, h("th", { scope: "row" }, count(length)), h("td", {}, bytes(length * cache.bytesPerToken)), h("td", {}, bytes(length * cache.plainBytesPerToken)))))));
}

function pairBar(words, share, number, kind) {
  const fill = h("i", { class: kind });
  fill.style.inlineSize = `${Math.max(share * 100, 0.5)}%`;
  return h("div", { class: "pair-row" }, h("span", {}, words), h("span", { class: "pair-track" }, h("span", { class: "bar thick", "aria-hidden": "true" }, fill), h("strong", {}, number)));
}

/** What one token leaves in one layer: a box for each list of numbers, as wide as the list is long. */
function drawing(model) {
  const { latent, rotary, kept, key, value, plain } = numbersKept(model);
  const box = (numbers, kind) => {
    const element = h("i", { class: `kept-box ${kind}` });
    element.style.flexGrow = numbers;
    return element;
  };
  const row = (words, share, boxes) => {
    const line = h("span", { class: "kept-line", "aria-hidden": "true" }, ...boxes);
    line.style.inlineSize = `${share * 100}%`;
    return h("div", { class: "kept-row" }, h("span", {}, ...words), h("span", { class: "kept-track" }, line));
  };
  const longest = Math.max(kept, plain);
  // Past so many heads the boxes would be lines; they stand for several heads each.
  const drawn = Math.min(model.heads, 16);
  return h("figure", { class: "kept", "aria-labelledby": "kept-title" },
    h("figcaption", { id: "kept-title" }, "One token in one layer, in numbers; widths are to scale"),
    row([h("strong", {}, count(kept)), ` = ${count(latent)} of the `, h("span", { class: "latent" }, "latent"), ` + ${count(rotary)} of the `, h("span", { class: "rotary" }, "rotary key")], kept / longest, [box(latent, "latent"), box(rotary, "rotary")]),
    row([h("strong", {}, count(plain)), ` = ${count(model.heads)} heads × (${count(key)} of the `, h("span", { class: "key" }, "key"), ` + ${count(value)} of the `, h("span", { class: "value" }, "value"), ")"], plain / longest,
      Array.from({ length: drawn }, () => [box(key, "key"), box(value, "value")]).flat()));
}
