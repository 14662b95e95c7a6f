import { safeLink } from "./build.js";
import { math } from "./math.js";

/**
 * Markdown inside a line: emphasis, code, links, mathematics.
 *
 * Emphasis follows CommonMark's delimiter rules with one change: a star between two digits or
 * parentheses (`4*5*3`) is a sign of multiplication. HTML is text. Images become links, because the
 * page asks no other server for anything. Every search that can fail is remembered, so that a line of
 * ten thousand brackets costs no more than a line of words.
 *
 * Source: CommonMark 0.31 §6, "An algorithm for parsing nested emphasis and links"; GFM §6.5, §6.9.
 */

/** @typedef {import("./build.js").Tree} Tree */

const punctuation = /[\p{P}\p{S}]/u;
const escapable = /[!-/:-@[-`{-~]/;
const entities = { amp: "&", lt: "<", gt: ">", quot: '"', apos: "'", nbsp: "\u00a0", copy: "©", hellip: "…", mdash: "—", ndash: "–", times: "×", rarr: "→", larr: "←", le: "≤", ge: "≥", ne: "≠", deg: "°", middot: "·" };
const maximumDepth = 24;

/**
 * @param {string} text one paragraph's worth of source
 * @param {number} [depth] how many links surround it
 * @returns {Tree[]}
 */
export function inline(text, depth = 0) {
  const nodes = [];
  const delimiters = [];
  const missing = new Map();
  let brackets = 0;
  let plain = "";
  let at = 0;

  const flush = () => {
    if (plain) nodes.push(plain);
    plain = "";
  };
  const push = (node) => {
    flush();
    nodes.push(node);
  };
  /** Where `needle` comes next; one failure answers all later questions for the same needle. */
  const find = (needle, from) => {
    if (missing.has(needle) && from >= missing.get(needle)) return -1;
    const found = text.indexOf(needle, from);
    if (found < 0) missing.set(needle, from);
    return found;
  };

  while (at < text.length) {
    const c = text[at];
    if (c === "\\") {
      const span = mathSpan(text, at, find);
      if (span) {
        push(math(span.tex, span.display));
        at = span.end;
      } else if (text[at + 1] === "\n") {
        push({ tag: "br" });
        at += 2;
      } else if (escapable.test(text[at + 1] ?? "")) {
        plain += text[at + 1];
        at += 2;
      } else {
        plain += c;
        at += 1;
      }
    } else if (c === "`") {
      const run = runLength(text, at, "`");
      const end = closingRun(text, at + run, run, missing);
      if (end < 0) {
        plain += "`".repeat(run);
        at += run;
      } else {
        push({ tag: "code", children: [codeText(text.slice(at + run, end))] });
        at = end + run;
      }
    } else if (c === "$") {
      const span = mathSpan(text, at, find);
      if (span) {
        push(math(span.tex, span.display));
        at = span.end;
      } else {
        plain += c;
        at += 1;
      }
    } else if (c === "*" || c === "_" || c === "~") {
      const run = runLength(text, at, c);
      const delimiter = flanking(text, at, run, c);
      if (delimiter) {
        flush();
        delimiter.index = nodes.length;
        nodes.push(c.repeat(run));
        delimiters.push(delimiter);
      } else {
        plain += c.repeat(run);
      }
      at += run;
    } else if (c === "[" || (c === "!" && text[at + 1] === "[")) {
      const open = c === "[" ? at : at + 1;
      const link = depth < 4 && brackets < 2000 ? linkAt(text, open, missing) : null;
      brackets += 1;
      if (link) {
        push(linkTree(link, c === "!", depth));
        at = link.end;
      } else {
        plain += c;
        at += 1;
      }
    } else if (c === "<") {
      const auto = /^<((?:https?:\/\/|mailto:)[^\s<>]{1,2000})>/i.exec(text.slice(at, at + 2100));
      const lineBreak = /^<br\s{0,3}\/?>/i.exec(text.slice(at, at + 12));
      if (auto && safeLink(auto[1])) {
        push({ tag: "a", attributes: { href: auto[1] }, children: [auto[1]] });
        at += auto[0].length;
      } else if (lineBreak) {
        push({ tag: "br" });
        at += lineBreak[0].length;
      } else {
        plain += c;
        at += 1;
      }
    } else if (c === "\n") {
      plain = plain.replace(/ +$/, "");
      push({ tag: "br" });
      at += 1;
      while (text[at] === " ") at += 1;
    } else if (c === "&") {
      const entity = /^&(?:([a-z]{2,6})|#(\d{1,6})|#x([\da-f]{1,6}));/i.exec(text.slice(at, at + 12));
      const value = entity && entityText(entity);
      plain += value ?? c;
      at += value ? entity[0].length : 1;
    } else if (c === "h" && depth === 0 && !/\w/.test(text[at - 1] ?? "") && /^https?:\/\//.test(text.slice(at, at + 8))) {
      const address = bareAddress(text, at);
      if (safeLink(address)) push({ tag: "a", attributes: { href: address }, children: [address] });
      else plain += address;
      at += address.length;
    } else {
      const next = /[\\`$*_~[!<\n&h]/g;
      next.lastIndex = at + 1;
      const end = next.exec(text)?.index ?? text.length;
      plain += text.slice(at, end);
      at = end;
    }
  }
  flush();
  return emphasize(nodes, delimiters);
}

function runLength(text, at, c) {
  let end = at;
  while (text[end] === c) end += 1;
  return end - at;
}

/** The start of the next run of exactly `length` backticks, or -1. */
function closingRun(text, from, length, missing) {
  const key = `run${length}`;
  if (missing.has(key)) return -1;
  let at = from;
  for (;;) {
    at = text.indexOf("`", at);
    if (at < 0) {
      missing.set(key, from);
      return -1;
    }
    const run = runLength(text, at, "`");
    if (run === length) return at;
    at += run;
  }
}

function codeText(raw) {
  const text = raw.replace(/\n/g, " ");
  return text.length > 2 && text.startsWith(" ") && text.endsWith(" ") && text.trim() ? text.slice(1, -1) : text;
}

function entityText([, name, decimal, hex]) {
  if (name) return entities[name.toLowerCase()] ?? null;
  const point = parseInt(decimal ?? hex, decimal ? 10 : 16);
  return point >= 32 && point <= 0x10ffff && !(point >= 0xd800 && point < 0xe000) ? String.fromCodePoint(point) : null;
}

function bareAddress(text, at) {
  let end = at;
  while (end < text.length && end - at < 2000 && !/[\s<>"`\u0000-\u001f]/.test(text[end])) end += 1;
  let address = text.slice(at, end);
  for (;;) {
    const shorter = address.replace(/[.,:;!?'*_~]+$/, "");
    const balanced = shorter.endsWith(")") && shorter.split("(").length < shorter.split(")").length;
    const next = balanced ? shorter.slice(0, -1) : shorter;
    if (next === address) return address;
    address = next;
  }
}

/**
 * A formula that starts at `at`, in `$…$`, `$$…$$`, `\(…\)` or `\[…\]`.
 *
 * `$` opens before a non-blank and closes after a non-blank that no digit follows, so that "from $5
 * to $10" stays money.
 */
export function mathSpan(text, at, find = (needle, from) => text.indexOf(needle, from)) {
  const two = text.slice(at, at + 2);
  for (const [open, close, display] of [["$$", "$$", true], ["\\[", "\\]", true], ["\\(", "\\)", false]]) {
    if (two !== open) continue;
    const end = find(close, at + 2);
    if (end < 0 || !text.slice(at + 2, end).trim()) return null;
    return { tex: text.slice(at + 2, end), display, end: end + 2 };
  }
  if (text[at] !== "$" || /[\s$]/.test(text[at + 1] ?? " ")) return null;
  let end = at;
  for (let tries = 0; tries < 50; tries += 1) {
    end = find("$", end + 1);
    if (end < 0) return null;
    const inside = text.slice(at + 1, end);
    if (inside.includes("\n\n") || inside.length > 2000) return null;
    if (text[end - 1] === "\\") continue;
    if (/\s/.test(text[end - 1]) || /\d/.test(text[end + 1] ?? "")) return null;
    return { tex: inside, display: false, end: end + 1 };
  }
  return null;
}

/** `[words](address "title")` at `open`, or null. */
function linkAt(text, open, missing) {
  const close = matchingBracket(text, open, missing);
  if (close < 0 || text[close + 1] !== "(") return null;
  const rest = text.slice(close + 2, close + 4400);
  const target = /^\s*(?:<([^<>\n]*)>|((?:[^\s()\\]|\\[^\s]|\([^\s()]*\))*))(?:\s+(?:"([^"]*)"|'([^']*)'))?\s*\)/.exec(rest);
  if (!target) return null;
  return {
    words: text.slice(open + 1, close),
    address: (target[1] ?? target[2] ?? "").replace(/\\([!-/:-@[-`{-~])/g, "$1"),
    title: target[3] ?? target[4],
    end: close + 2 + target[0].length,
  };
}

/** The bracket that closes the one at `open`; all pairs of the text are found once. */
function matchingBracket(text, open, missing) {
  let pairs = missing.get("pairs");
  if (!pairs) {
    pairs = new Map();
    const stack = [];
    for (let i = 0; i < text.length; i += 1) {
      if (text[i] === "\\") i += 1;
      else if (text[i] === "[") stack.push(i);
      else if (text[i] === "]" && stack.length) pairs.set(stack.pop(), i);
    }
    missing.set("pairs", pairs);
  }
  return pairs.get(open) ?? -1;
}

function linkTree(link, isImage, depth) {
  const children = isImage ? [`image: ${link.words || link.address}`] : inline(link.words, depth + 1);
  const address = safeLink(link.address);
  if (!address) return { tag: "span", attributes: { class: "dead-link", title: "This address is not opened" }, children };
  // The address shows on hover, so that words can't pretend to be another place.
  return { tag: "a", attributes: { href: address, title: link.title ? `${link.title} — ${address}` : address }, children };
}

function flanking(text, at, run, c) {
  const before = at === 0 ? " " : (/[\udc00-\udfff]/.test(text[at - 1]) ? text.slice(at - 2, at) : text[at - 1]);
  const after = at + run >= text.length ? " " : String.fromCodePoint(text.codePointAt(at + run));
  if (c === "~" && run !== 2) return null;
  if (c === "*" && run === 1 && /[\d)]/.test(before) && /[\d(]/.test(after)) return null;
  const spaceBefore = /\s/.test(before), spaceAfter = /\s/.test(after);
  const markBefore = punctuation.test(before), markAfter = punctuation.test(after);
  const left = !spaceAfter && (!markAfter || spaceBefore || markBefore);
  const right = !spaceBefore && (!markBefore || spaceAfter || markAfter);
  const opens = c === "_" ? left && (!right || markBefore) : left;
  const closes = c === "_" ? right && (!left || markAfter) : right;
  return opens || closes ? { c, run, opens, closes, original: run } : null;
}

/**
 * Pairs delimiters, closest first, and wraps what lies between them.
 *
 * `wraps` collects ranges over the flat node list; the tree is built once at the end, so the work
 * stays linear in the number of delimiters but for CommonMark's bounded look back.
 */
function emphasize(nodes, delimiters) {
  const opensAt = new Map(), closesAt = new Map();
  const stack = [];
  const bottom = new Map();
  for (const closer of delimiters) {
    if (closer.closes) {
      const key = `${closer.c}${closer.opens}${closer.original % 3}`;
      while (closer.run > 0) {
        let found = -1;
        for (let i = stack.length - 1; i >= (bottom.get(key) ?? 0); i -= 1) {
          const opener = stack[i];
          if (opener.c !== closer.c || !opener.opens) continue;
          const odd = (opener.closes || closer.opens) && (opener.original + closer.original) % 3 === 0 &&
            !(opener.original % 3 === 0 && closer.original % 3 === 0);
          if (!odd) {
            found = i;
            break;
          }
        }
        if (found < 0) {
          bottom.set(key, stack.length);
          break;
        }
        const opener = stack[found];
        stack.length = found + 1;
        for (const [name, height] of bottom) if (height > stack.length) bottom.set(name, stack.length);
        const used = closer.c === "~" || (opener.run >= 2 && closer.run >= 2) ? 2 : 1;
        const tag = closer.c === "~" ? "del" : used === 2 ? "strong" : "em";
        opener.run -= used;
        closer.run -= used;
        // The opener's last pair is its innermost, so it comes after earlier text of the same node.
        opensAt.set(opener.index, [tag, ...(opensAt.get(opener.index) ?? [])]);
        closesAt.set(closer.index, [...(closesAt.get(closer.index) ?? []), tag]);
        if (opener.run === 0) stack.pop();
      }
    }
    if (closer.opens && closer.run > 0) stack.push(closer);
  }
  for (const delimiter of delimiters) nodes[delimiter.index] = delimiter.c.repeat(delimiter.run);

  const root = { children: [] };
  const open = [root];
  const top = () => open[open.length - 1];
  nodes.forEach((node, index) => {
    for (const _ of closesAt.get(index) ?? []) if (open.length > 1) open.pop();
    if (node !== "") top().children.push(node);
    for (const tag of opensAt.get(index) ?? []) {
      const element = open.length <= maximumDepth ? { tag, children: [] } : { children: top().children };
      if (element.tag) top().children.push(element);
      open.push(element);
    }
  });
  return root.children;
}
