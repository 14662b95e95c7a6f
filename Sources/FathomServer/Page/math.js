import * as symbols from "./symbols.js";

/**
 * A subset of TeX as MathML, which browsers set by themselves.
 *
 * A recursive-descent reader over TeX's own grammar: groups, commands with arguments, scripts, \left
 * and \right, environments. A formula with a command that is not in the tables, or that does not
 * close, shows as its source: half a formula would say something else.
 *
 * @typedef {import("./build.js").Tree} Tree
 */

class Unreadable extends Error {}

const maximumDepth = 60;
const maximumLength = 20_000;

/**
 * @param {string} tex
 * @param {boolean} [display] whether it stands on a line of its own
 * @returns {Tree}
 */
export function math(tex, display = false) {
  const source = tex.trim();
  try {
    if (source.length > maximumLength) throw new Unreadable();
    const children = new Reader(source, display).whole();
    return {
      tag: "math",
      attributes: display ? { display: "block" } : {},
      children: [row(children)],
    };
  } catch (error) {
    if (!(error instanceof Unreadable)) throw error;
    return { tag: "code", attributes: { class: "tex", title: "A formula this page can't set, as written" }, children: [source] };
  }
}

const element = (tag, children, attributes = {}) => ({ tag, attributes, children });
const row = (children) => (children.length === 1 ? children[0] : element("mrow", children));
const operator = (text, attributes = {}) => element("mo", [text], attributes);
const fenceSign = (text, form) => operator(text, { fence: "true", form, stretchy: "true", ...(text === "|" || text === "‖" ? { symmetric: "true" } : {}) });

class Reader {
  constructor(source, display) {
    this.source = source;
    this.display = display;
    this.at = 0;
    this.depth = 0;
    this.alphabet = null;
  }

  whole() {
    const children = this.list(() => this.at >= this.source.length);
    if (this.at < this.source.length) throw new Unreadable();
    return children;
  }

  /** The next sign or command: `\frac`, `{`, `x`. */
  peek() {
    const { source, at } = this;
    if (source[at] !== "\\") {
      const point = source.codePointAt(at);
      return point === undefined ? "" : String.fromCodePoint(point);
    }
    return /^\\(?:[a-zA-Z]+|[\s\S]?)/.exec(source.slice(at, at + 40))[0];
  }

  next() {
    const token = this.peek();
    if (!token || token === "\\") throw new Unreadable();
    this.at += token.length;
    return token;
  }

  blanks() {
    for (;;) {
      while (/\s/.test(this.source[this.at] ?? "")) this.at += 1;
      if (this.source[this.at] !== "%") return;
      while (this.at < this.source.length && this.source[this.at] !== "\n") this.at += 1;
    }
  }

  /** Atoms with their scripts, until `ends()`. */
  list(ends) {
    this.depth += 1;
    if (this.depth > maximumDepth) throw new Unreadable();
    const children = [];
    for (;;) {
      this.blanks();
      if (ends()) break;
      if (this.at >= this.source.length) throw new Unreadable();
      const token = this.peek();
      if (token === "\\over" || token === "\\choose" || token === "}" || token === "&" || token === "\\\\") throw new Unreadable();
      const atom = this.atom();
      if (atom) children.push(this.scripts(atom));
    }
    this.depth -= 1;
    return children;
  }

  /** `{…}` or a single sign. */
  argument() {
    this.depth += 1;
    if (this.depth > maximumDepth) throw new Unreadable();
    const node = this.argumentNode();
    this.depth -= 1;
    return node;
  }

  argumentNode() {
    this.blanks();
    // A digit is an argument by itself: \frac12 is a half.
    if (/^\d$/.test(this.peek())) return element("mn", [this.styled(this.next())]);
    if (this.peek() !== "{") {
      const atom = this.atom();
      if (!atom) throw new Unreadable();
      return atom.node;
    }
    return row(this.group());
  }

  group() {
    this.next();
    const children = this.list(() => this.peek() === "}");
    this.next();
    return children;
  }

  /** The plain text of `{…}`, for \text, \operatorname and environments' names. */
  text() {
    this.blanks();
    if (this.peek() !== "{") return this.next();
    let depth = 0, end = this.at;
    for (; end < this.source.length; end += 1) {
      if (this.source[end] === "\\") end += 1;
      else if (this.source[end] === "{") depth += 1;
      else if (this.source[end] === "}" && --depth === 0) break;
    }
    if (end >= this.source.length) throw new Unreadable();
    const text = this.source.slice(this.at + 1, end);
    this.at = end + 1;
    return text;
  }

  scripts(atom) {
    let below = null, above = null, limits = atom.limits;
    for (;;) {
      this.blanks();
      const token = this.peek();
      if (token === "\\limits" || token === "\\nolimits") {
        this.next();
        limits = token === "\\limits";
      } else if (token === "_" && !below) {
        this.next();
        below = this.argument();
      } else if (token === "^" && !above) {
        this.next();
        above = this.argument();
      } else if (token === "'") {
        let primes = "";
        while (this.peek() === "'") primes += (this.next(), "′");
        above = above ? row([operator(primes), above]) : operator(primes);
      } else {
        break;
      }
    }
    const { node } = atom;
    const stacked = limits === true || (limits === "display" && this.display);
    if (below && above) return element(stacked ? "munderover" : "msubsup", [node, below, above]);
    if (below) return element(stacked ? "munder" : "msub", [node, below]);
    if (above) return element(stacked ? "mover" : "msup", [node, above]);
    return node;
  }

  /** `{node, limits}`: one atom; null for what leaves no trace. */
  atom() {
    const token = this.peek();
    if (token === "{") return { node: row(this.group()) };
    if (token === "^" || token === "_") return { node: element("mrow", []) };
    if (/^[0-9]$/.test(token) || (token === "." && /\d/.test(this.source[this.at + 1] ?? ""))) {
      const number = /^(?:\d+(?:,\d{3}(?!\d))*(?:\.\d+)?|\.\d+)/.exec(this.source.slice(this.at, this.at + 400))[0];
      this.at += number.length;
      return { node: element("mn", [this.styled(number)]) };
    }
    this.next();
    if (token.startsWith("\\")) return this.command(token.slice(1));
    if (/^\p{L}$/u.test(token)) return { node: this.letter(token) };
    if (token === "-") return { node: operator("−") };
    if (token === "*") return { node: operator("∗") };
    if (token === "~") return { node: element("mspace", [], { width: "0.25em" }) };
    if (token === "'") return { node: operator("′") };
    if ("()[]".includes(token)) return { node: operator(token, { stretchy: "false", fence: "true" }) };
    if (token === "|") return { node: operator("|", { stretchy: "false", lspace: "0", rspace: "0" }) };
    if (token === ",") return { node: operator(",", { separator: "true" }) };
    if (token === ":") return { node: operator(":") };
    return { node: operator(token) };
  }

  letter(letter) {
    if (this.alphabet && this.alphabet !== "italic") return element("mi", [this.styled(letter)], { mathvariant: "normal" });
    return element("mi", [letter]);
  }

  styled(text) {
    return this.alphabet ? symbols.inAlphabet(text, this.alphabet) : text;
  }

  command(name) {
    const from = (map) => map.get(name);
    if (symbols.letters.has(name)) return { node: element("mi", [from(symbols.letters)]) };
    if (symbols.upright.has(name)) return { node: element("mi", [from(symbols.upright)], { mathvariant: "normal" }) };
    if (symbols.operators.has(name)) return { node: operator(from(symbols.operators)) };
    if (symbols.large.has(name)) return { node: operator(from(symbols.large), { largeop: "true" }), limits: "display" };
    if (symbols.integrals.has(name)) return { node: operator(from(symbols.integrals), { largeop: "true" }) };
    if (symbols.functions.has(name)) return { node: element("mi", [name], { mathvariant: "normal" }) };
    if (symbols.limitFunctions.has(name)) return { node: element("mi", [limitName(name)], { mathvariant: "normal" }), limits: "display" };
    if (symbols.spaces.has(name)) return { node: element("mspace", [], { width: from(symbols.spaces) }) };
    if (symbols.accents.has(name)) return this.accent("mover", from(symbols.accents));
    if (symbols.accentsBelow.has(name)) return this.accent("munder", from(symbols.accentsBelow));
    if (symbols.alphabetCommands.has(name)) return this.inAlphabet(from(symbols.alphabetCommands));
    const escaped = `\\${name}`;
    if (symbols.delimiters.has(escaped) || (symbols.delimiters.has(name) && !/^[a-z<>.]$/i.test(name))) {
      return { node: operator(symbols.delimiters.get(escaped) ?? symbols.delimiters.get(name), { stretchy: "false", fence: "true" }) };
    }
    return this.construct(name);
  }

  construct(name) {
    switch (name) {
      case "frac": case "dfrac": case "tfrac": case "cfrac":
        return { node: element("mfrac", [this.argument(), this.argument()], name === "dfrac" ? { displaystyle: "true" } : {}) };
      case "binom": case "dbinom": case "tbinom": {
        const fraction = element("mfrac", [this.argument(), this.argument()], { linethickness: "0" });
        return { node: element("mrow", [fenceSign("(", "prefix"), fraction, fenceSign(")", "postfix")]) };
      }
      case "sqrt": return { node: this.root() };
      case "text": case "textrm": case "textnormal": case "mbox": case "textit": case "textbf": case "texttt":
        return { node: element("mtext", [plainText(this.text())], name === "textbf" ? { class: "bold" } : {}) };
      case "operatorname": case "operatorname*": {
        if (this.peek() === "*") this.next();
        return { node: element("mi", [plainText(this.text())], { mathvariant: "normal" }), limits: "display" };
      }
      case "left": return { node: this.fenced() };
      case "begin": return { node: this.environment(plainText(this.text())) };
      case "overset": case "stackrel": {
        const above = this.argument();
        return { node: element("mover", [this.argument(), above]) };
      }
      case "underset": {
        const below = this.argument();
        return { node: element("munder", [this.argument(), below]) };
      }
      case "xrightarrow": case "xleftarrow":
        return { node: element("mover", [operator(name === "xrightarrow" ? "→" : "←", { stretchy: "true" }), this.argument()]) };
      case "not": return { node: this.not() };
      case "pmod": return { node: element("mrow", [element("mspace", [], { width: "0.5em" }), operator("("), element("mi", ["mod"], { mathvariant: "normal" }), element("mspace", [], { width: "0.3em" }), this.argument(), operator(")")]) };
      case "bmod": case "mod": return { node: operator("mod", { lspace: "0.25em", rspace: "0.25em" }) };
      case "boxed": return { node: element("mrow", [this.argument()], { class: "boxed" }) };
      case "big": case "Big": case "bigg": case "Bigg": case "bigl": case "bigr": case "Bigl": case "Bigr": case "biggl": case "biggr":
      case "bigm": case "Bigm": {
        const size = name.startsWith("Bigg") ? "3em" : name.startsWith("bigg") ? "2.4em" : name.startsWith("Big") ? "1.8em" : "1.2em";
        return { node: operator(this.delimiter(), { stretchy: "true", symmetric: "true", minsize: size, maxsize: size }) };
      }
      case "displaystyle": case "textstyle": case "scriptstyle": case "nonumber": case "notag": case "limits": case "nolimits":
        return null;
      case "tag": return { node: element("mtext", [`\u2003(${plainText(this.text())})`]) };
      default: throw new Unreadable();
    }
  }

  accent(tag, [sign, stretchy]) {
    const base = this.argument();
    const node = element(tag, [base, operator(sign, { stretchy: String(stretchy) })], tag === "mover" ? { accent: "true" } : { accentunder: "true" });
    // A brace takes what is written at it, over or under the whole.
    return { node, limits: sign === "⏞" || sign === "⏟" ? true : undefined };
  }

  inAlphabet(alphabet) {
    const before = this.alphabet;
    this.blanks();
    if (alphabet === "upright" && this.peek() === "{" && /^\{[a-zA-Z ]+\}/.test(this.source.slice(this.at, this.at + 200))) {
      return { node: element("mi", [this.text()], { mathvariant: "normal" }) };
    }
    this.alphabet = alphabet;
    const node = this.argument();
    this.alphabet = before;
    return { node };
  }

  root() {
    this.blanks();
    if (this.peek() !== "[") return element("msqrt", [this.argument()]);
    this.next();
    const index = row(this.list(() => this.peek() === "]"));
    this.next();
    return element("mroot", [this.argument(), index]);
  }

  delimiter() {
    this.blanks();
    const token = this.next();
    const name = symbols.delimiters.has(token) ? token : token.replace(/^\\/, "");
    if (!symbols.delimiters.has(name)) throw new Unreadable();
    return symbols.delimiters.get(name);
  }

  fenced() {
    const open = this.delimiter();
    const children = [];
    if (open) children.push(fenceSign(open, "prefix"));
    for (;;) {
      children.push(...this.list(() => ["\\right", "\\middle"].includes(this.peek())));
      const token = this.next();
      const sign = this.delimiter();
      if (token === "\\middle") {
        children.push(fenceSign(sign, "infix"));
      } else {
        if (sign) children.push(fenceSign(sign, "postfix"));
        return element("mrow", children);
      }
    }
  }

  not() {
    this.blanks();
    const atom = this.atom();
    const sign = atom?.node.children?.[0];
    if (atom?.node.tag !== "mo" || typeof sign !== "string") throw new Unreadable();
    return operator(`${sign}\u0338`.normalize("NFC"));
  }

  environment(name) {
    const shape = symbols.environments.get(name);
    if (!shape) throw new Unreadable();
    let [open, close, align] = shape;
    if (name === "array") align = this.text().replace(/[^lcr]/g, "").replace(/./g, (c) => ({ l: "left ", c: "center ", r: "right " })[c]).trim() || align;
    const rows = [[]];
    const isEnd = () => ["&", "\\\\", "\\end", "\\hline"].includes(this.peek());
    for (;;) {
      const cell = this.list(isEnd);
      const token = this.next();
      if (token === "\\hline") continue;
      rows.at(-1).push(element("mtd", cell));
      if (token === "\\\\") {
        this.blanks();
        if (this.peek() === "[") this.source.indexOf("]", this.at) > 0 && (this.at = this.source.indexOf("]", this.at) + 1);
        rows.push([]);
      } else if (token === "\\end") {
        if (plainText(this.text()) !== name) throw new Unreadable();
        break;
      }
      if (rows.length * rows[0].length > 4000) throw new Unreadable();
    }
    if (rows.at(-1).length === 1 && rows.at(-1)[0].children.length === 0 && rows.length > 1) rows.pop();
    const columns = align.split(" ");
    for (const cells of rows) cells.forEach((cell, i) => (cell.attributes.class = `align-${columns[i % columns.length]}`));
    const table = element("mtable", rows.map((cells) => element("mtr", cells)), { class: name === "smallmatrix" ? "small" : align.includes(" ") ? "aligned" : "matrix", ...(align === "right left" ? { displaystyle: "true" } : {}) });
    if (!open && !close) return table;
    return element("mrow", [fenceSign(open, "prefix"), table, ...(close ? [fenceSign(close, "postfix")] : [])]);
  }
}

const limitName = (name) => ({ limsup: "lim\u2009sup", liminf: "lim\u2009inf", argmax: "arg\u2009max", argmin: "arg\u2009min" })[name] ?? name;
const plainText = (text) => text.replace(/\\([{}$%&#_ ])/g, "$1").replace(/~/g, "\u00a0").replace(/\$/g, "").replace(/^ | $/g, "\u00a0");
