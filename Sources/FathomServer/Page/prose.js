import { blocks } from "./blocks.js";
import { build } from "./build.js";
import { CodeView } from "./codeView.js";
import { blockTree } from "./markdown.js";

/**
 * Markdown on the page, quick while it grows.
 *
 * All blocks but the last are finished: text that is added at the end can't change them. So each
 * update reads from the last block's first line on, and leaves the elements before it alone, selections
 * and scroll positions included.
 */
export class Prose {
  element = document.createElement("div");
  #source = "";
  #finishedLines = 0;
  /** The last block's place among the element's children, and its view if it is code. */
  #last = { index: 0, code: null };

  constructor() {
    this.element.className = "prose";
  }

  /** @param {string} source */
  set(source) {
    if (source === this.#source) return;
    if (!source.startsWith(this.#source)) this.#reset();
    this.#source = source;
    const lines = source.split("\n");
    const found = blocks(lines.slice(this.#finishedLines));
    found.forEach((block, index) => this.#place(block, this.#last.index + (index === 0 ? 0 : 1)));
    if (found.length > 0) this.#finishedLines += found.at(-1).start;
  }

  #reset() {
    this.element.replaceChildren();
    this.#finishedLines = 0;
    this.#last = { index: 0, code: null };
  }

  #place(block, index) {
    const existing = this.element.children[index];
    if (existing && block.type === "code" && this.#last.code && this.#last.index === index) {
      this.#last.code.set(block.text, block.language);
      return;
    }
    let code = null;
    const tree = blockTree(block);
    if (block.type === "code") code = new CodeView(block.text, block.language);
    const element = code ? code.element : build(tree, { code: ({ text, language }) => new CodeView(text, language).element });
    if (existing) existing.replaceWith(element);
    else this.element.append(element);
    this.#last = { index, code };
  }
}
