import { blocks } from "./blocks.js";
import { inline } from "./inline.js";
import { math } from "./math.js";

/**
 * Markdown as a tree of elements. `build` in build.js makes nodes of it.
 *
 * @typedef {import("./build.js").Tree} Tree
 * @typedef {import("./blocks.js").Block} Block
 */

/**
 * @param {string} source
 * @returns {Tree[]}
 */
export function markdown(source) {
  return blocks(source.split("\n")).map(blockTree);
}

/**
 * The element of one block.
 *
 * Headings start at level 3: the page and the message stand above them.
 *
 * @param {Block} block
 * @returns {Tree}
 */
export function blockTree(block) {
  switch (block.type) {
    case "heading":
      return { tag: `h${Math.min(block.level + 2, 6)}`, attributes: { class: `level-${block.level}` }, children: inline(block.text) };
    case "rule":
      return { tag: "hr" };
    case "code":
      return codeTree(block);
    case "math":
      return { tag: "div", attributes: { class: "formula", tabindex: "0" }, children: [math(block.text, true)] };
    case "quote":
      return { tag: "blockquote", children: block.children.map(blockTree) };
    case "list":
      return listTree(block);
    case "table":
      return tableTree(block);
    default:
      return { tag: "p", children: inline(block.text) };
  }
}

function codeTree({ language, text }) {
  return {
    tag: "pre",
    code: { language, text },
    children: [{ tag: "code", children: [text] }],
  };
}

function listTree({ ordered, first, tight, items }) {
  const attributes = {};
  if (ordered && first !== 1) attributes.start = String(first);
  if (items.some((item) => item.task !== null)) attributes.class = "tasks";
  return { tag: ordered ? "ol" : "ul", attributes, children: items.map((item) => itemTree(item, tight)) };
}

function itemTree({ task, blocks: inner }, tight) {
  const children = inner.flatMap((block) => (tight && block.type === "paragraph" ? inline(block.text) : [blockTree(block)]));
  if (task !== null) {
    const attributes = { type: "checkbox", disabled: "", "aria-label": task ? "done" : "not done" };
    if (task) attributes.checked = "";
    children.unshift({ tag: "input", attributes }, " ");
  }
  return { tag: "li", children };
}

function tableTree({ align, head, rows }) {
  const cell = (tag, attributes) => (text, column) =>
    ({ tag, attributes: { ...attributes, "data-align": align[column] }, children: inline(text) });
  const table = {
    tag: "table",
    children: [
      { tag: "thead", children: [{ tag: "tr", children: head.map(cell("th", { scope: "col" })) }] },
      { tag: "tbody", children: rows.map((row) => ({ tag: "tr", children: row.map(cell("td", {})) })) },
    ],
  };
  // Wide tables scroll by themselves; a region that scrolls must be reachable by keyboard.
  return { tag: "div", attributes: { class: "table", tabindex: "0", role: "group", "aria-label": "Table" }, children: [table] };
}
