import { mathSpan } from "./inline.js";

/**
 * Markdown's blocks: what stands between blank lines.
 *
 * A block is `{type, start, end, …}`, its bounds being lines of the text. A block that another one
 * follows never changes when text is added at the end, which is what lets an answer grow without its
 * beginning being read again (see prose.js).
 *
 * @typedef {{type: string, start: number, end: number, text?: string, level?: number, language?: string,
 *   children?: Block[], items?: {task: boolean | null, blocks: Block[]}[], ordered?: boolean, first?: number,
 *   tight?: boolean, align?: string[], head?: string[], rows?: string[][], closed?: boolean}} Block
 */

const maximumDepth = 12;
const fence = /^( {0,3})(`{3,}|~{3,})[ \t]*([^`\n]*)$/;
const heading = /^ {0,3}(#{1,6})(?:[ \t]+(.*?))?(?:[ \t]+#+)?[ \t]*$/;
const rule = /^ {0,3}(?:(?:\*[ \t]*){3,}|(?:-[ \t]*){3,}|(?:_[ \t]*){3,})$/;
const marker = /^( {0,3})([-+*]|\d{1,9}[.)])( {1,4}(?! )| (?= )|\t|$)/;
const quote = /^ {0,3}> ?/;
const tableRule = /^ {0,3}\|?[ \t]*:?-+:?[ \t]*(?:\|[ \t]*:?-+:?[ \t]*)*\|?[ \t]*$/;

/**
 * @param {string[]} lines
 * @param {number} [depth]
 * @returns {Block[]}
 */
export function blocks(lines, depth = 0) {
  const found = [];
  let at = 0;
  while (at < lines.length) {
    if (!lines[at].trim()) {
      at += 1;
      continue;
    }
    const block = blockAt(lines, at, depth);
    block.start = at;
    found.push(block);
    at = block.end;
  }
  return found;
}

function blockAt(lines, at, depth) {
  const line = lines[at];
  const opened = fence.exec(line);
  if (opened) return codeBlock(lines, at, opened);
  const head = heading.exec(line);
  if (head) return { type: "heading", level: head[1].length, text: head[2] ?? "", end: at + 1 };
  if (rule.test(line)) return { type: "rule", end: at + 1 };
  const formula = mathBlock(lines, at);
  if (formula) return formula;
  if (depth < maximumDepth) {
    if (quote.test(line)) return quoteBlock(lines, at, depth);
    if (marker.test(line)) return listBlock(lines, at, depth);
  }
  if (line.includes("|") && tableRule.test(lines[at + 1] ?? "")) {
    const table = tableBlock(lines, at);
    if (table) return table;
  }
  if (/^(?: {4}|\t)/.test(line)) return indentedBlock(lines, at);
  return paragraph(lines, at);
}

function codeBlock(lines, at, [, indent, ticks, info]) {
  const closing = new RegExp(`^ {0,3}${ticks[0] === "~" ? "~" : "`"}{${ticks.length},}[ \\t]*$`);
  const strip = new RegExp(`^ {0,${indent.length}}`);
  const text = [];
  let end = at + 1;
  while (end < lines.length && !closing.test(lines[end])) {
    text.push(lines[end].replace(strip, ""));
    end += 1;
  }
  const closed = end < lines.length;
  return { type: "code", language: info.trim().split(/[\s{]/)[0], text: text.join("\n"), closed, end: closed ? end + 1 : end };
}

function indentedBlock(lines, at) {
  let end = at, last = at;
  while (end < lines.length && (/^(?: {4}|\t)/.test(lines[end]) || !lines[end].trim())) {
    if (lines[end].trim()) last = end;
    end += 1;
  }
  const text = lines.slice(at, last + 1).map((line) => line.replace(/^(?: {1,4}|\t)/, "")).join("\n");
  return { type: "code", language: "", text, closed: true, end: last + 1 };
}

/**
 * `$$ … $$` or `\[ … \]` that starts a line and ends one.
 *
 * One that has not closed yet, or closes within a line, is a paragraph up to the next empty line: its
 * lines must not be taken for headings or lists before its end has come.
 */
function mathBlock(lines, at) {
  const line = lines[at].trim();
  const close = line.startsWith("$$") ? "$$" : line.startsWith("\\[") ? "\\]" : null;
  if (!close) return null;
  let end = at;
  while (end < lines.length && lines[end].trim()) {
    const text = end === at ? line.slice(2) : lines[end];
    const found = text.indexOf(close);
    if (found >= 0) {
      const isWhole = !text.slice(found + 2).trim();
      const span = isWhole && mathSpan(lines.slice(at, end + 1).join("\n").trim(), 0);
      if (span) return { type: "math", text: span.tex, end: end + 1 };
      if (end === at) return null;
      break;
    }
    end += 1;
  }
  while (end < lines.length && lines[end].trim()) end += 1;
  return { type: "paragraph", text: joined(lines, at, end), end };
}

/** Whether a line ends the paragraph before it. */
function interrupts(lines, at) {
  const line = lines[at];
  if (fence.test(line) || heading.test(line) || rule.test(line) || quote.test(line)) return true;
  if (/^\s*(?:\$\$|\\\[)/.test(line) && mathBlock(lines, at)) return true;
  const item = marker.exec(line);
  return Boolean(item && line.slice(item[0].length).trim() && (/[-+*]/.test(item[2]) || /^1[.)]/.test(item[2])));
}

function paragraph(lines, at) {
  let end = at + 1;
  while (end < lines.length && lines[end].trim()) {
    const under = /^ {0,3}(=+|-{2,})[ \t]*$/.exec(lines[end]);
    if (under) {
      return { type: "heading", level: under[1][0] === "=" ? 1 : 2, text: joined(lines, at, end), end: end + 1 };
    }
    if (interrupts(lines, end)) break;
    if (lines[end].includes("|") && tableRule.test(lines[end + 1] ?? "") && cells(lines[end]).length === cells(lines[end + 1]).length) break;
    end += 1;
  }
  return { type: "paragraph", text: joined(lines, at, end), end };
}

function joined(lines, start, end) {
  return lines.slice(start, end).map((line) => line.replace(/^\s+/, "")).join("\n").trimEnd();
}

function quoteBlock(lines, at, depth) {
  const inner = [];
  let end = at;
  while (end < lines.length) {
    if (quote.test(lines[end])) inner.push(lines[end].replace(quote, ""));
    else if (lines[end].trim() && !interrupts(lines, end) && (inner.at(-1) ?? "").trim()) inner.push(lines[end]);
    else break;
    end += 1;
  }
  return { type: "quote", children: blocks(inner, depth + 1), end };
}

function listBlock(lines, at, depth) {
  const first = marker.exec(lines[at]);
  const kind = (mark) => (/\d/.test(mark) ? mark.at(-1) : mark);
  const ordered = /\d/.test(first[2]);
  const items = [];
  let end = at, tight = true, blank = false;
  while (end < lines.length) {
    const item = marker.exec(lines[end]);
    if (!item || kind(item[2]) !== kind(first[2]) || (rule.test(lines[end]) && !ordered)) break;
    if (blank) tight = false;
    const indent = item[0].trimEnd().length + (item[3] ? Math.min(item[3].replace("\t", "    ").length, 4) : 1);
    const inner = [lines[end].slice(item[0].length)];
    blank = false;
    end += 1;
    while (end < lines.length) {
      const line = lines[end].replace(/^\t+/, (tabs) => "    ".repeat(tabs.length));
      if (!line.trim()) {
        blank = true;
        inner.push("");
      } else {
        const spaces = line.length - line.trimStart().length;
        // Models indent by two under "1." where CommonMark asks for three; a nested item is meant.
        const nested = spaces >= Math.min(indent, 2) && (spaces >= indent || marker.test(line.slice(spaces)));
        if (nested) inner.push(line.slice(Math.min(spaces, indent)));
        else if (!blank && !interrupts(lines, end) && !marker.test(lines[end])) inner.push(line.trimStart());
        else break;
        if (blank && nested && !marker.test(line.slice(spaces))) tight = false;
        blank = false;
      }
      end += 1;
    }
    let trailing = 0;
    while (inner.length > 1 && !inner.at(-1)) {
      inner.pop();
      trailing += 1;
    }
    blank = trailing > 0;
    const task = /^\[([ xX])\] +/.exec(inner[0]);
    if (task) inner[0] = inner[0].slice(task[0].length);
    items.push({ task: task ? task[1] !== " " : null, blocks: blocks(inner, depth + 1) });
  }
  while (end > at + 1 && !lines[end - 1].trim()) end -= 1;
  return { type: "list", ordered, first: ordered ? parseInt(first[2], 10) : 1, tight, items, end };
}

function tableBlock(lines, at) {
  const head = cells(lines[at]);
  const rules = cells(lines[at + 1]);
  if (head.length !== rules.length) return null;
  const align = rules.map((cell) => (/^:.*:$/.test(cell) ? "center" : cell.endsWith(":") ? "right" : "left"));
  const rows = [];
  let end = at + 2;
  while (end < lines.length && lines[end].trim() && !interrupts(lines, end)) {
    const row = cells(lines[end]).slice(0, head.length);
    while (row.length < head.length) row.push("");
    rows.push(row);
    end += 1;
  }
  return { type: "table", align, head, rows, end };
}

/** Splits a table's line at bars that stand neither behind a backslash nor inside code. */
function cells(line) {
  const found = [];
  let cell = "", code = false;
  const text = line.trim().replace(/^\|/, "");
  for (let i = 0; i < text.length; i += 1) {
    if (text[i] === "\\" && text[i + 1] === "|") {
      cell += "|";
      i += 1;
    } else if (text[i] === "|" && !code) {
      found.push(cell.trim());
      cell = "";
    } else {
      if (text[i] === "`" && (code || text.indexOf("`", i + 1) > 0)) code = !code;
      cell += text[i];
    }
  }
  if (cell.trim()) found.push(cell.trim());
  return found;
}
