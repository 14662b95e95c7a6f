import { blocks } from "./blocks.js";
import { build } from "./build.js";
import { CodeView } from "./codeView.js";
import { blockTree } from "./markdown.js";
import { stretchFences } from "./mathFont.js";

/**
 * Markdown on the page, quick while it grows.
 *
 * Once a line is complete, text that is added behind it changes the last block and none before. So each
 * update reads from the last block's first line on, and leaves the elements before it alone, selections
 * and scroll positions included.
 */
export class Prose {
  element = document.createElement("div");
  #source = "";
  /** How many lines and elements are finished. */
  #finished = { lines: 0, elements: 0 };
  /** The unfinished blocks on the page: what they were made of, and the view of code. @type {{key: string, code: CodeView | null}[]} */
  #open = [];

  constructor() {
    this.element.className = "prose";
  }

  /** @param {string} source */
  set(source) {
    if (source === this.#source) return;
    if (!source.startsWith(this.#source)) this.#reset();
    this.#source = source;
    const lines = source.split("\n").slice(this.#finished.lines);
    const found = blocks(lines);
    this.#open = found.map((block, index) => this.#place(block, lines.slice(block.start, block.end).join("\n"), index));
    while (this.element.children.length > this.#finished.elements + found.length) this.element.lastChild.remove();
    const complete = blocks(lines.slice(0, -1));
    if (complete.length < 2) return;
    this.#finished.lines += complete.at(-1).start;
    this.#finished.elements += complete.length - 1;
    this.#open = this.#open.slice(complete.length - 1);
  }

  #reset() {
    this.element.replaceChildren();
    this.#finished = { lines: 0, elements: 0 };
    this.#open = [];
  }

  #place(block, text, index) {
    const key = `${block.type} ${text}`;
    const old = this.#open[index];
    if (old?.key === key) return old;
    if (old?.code && block.type === "code") {
      // The same element goes on, so that its button keeps the focus and its text the scroll position.
      old.code.set(block.text, block.language);
      return { key, code: old.code };
    }
    const code = block.type === "code" ? new CodeView(block.text, block.language) : null;
    const element = code ? code.element : build(blockTree(block), { code: ({ text: inner, language }) => new CodeView(inner, language).element });
    const existing = this.element.children[this.#finished.elements + index];
    if (existing) existing.replaceWith(element);
    else this.element.append(element);
    if (!code && this.element.isConnected) stretchFences(element);
    return { key, code };
  }
}
