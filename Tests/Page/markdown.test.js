import assert from "node:assert/strict";
import test from "node:test";
import { blocks } from "../../Sources/FathomServer/Page/blocks.js";
import { safeLink, textOf } from "../../Sources/FathomServer/Page/build.js";
import { markdown } from "../../Sources/FathomServer/Page/markdown.js";

/** A tree as a line of text: `p(a em(b))`. */
function line(tree) {
  if (typeof tree === "string") return tree;
  const address = tree.attributes?.href ? `→${tree.attributes.href}` : "";
  return `${tree.tag}${address}(${(tree.children ?? []).map(line).join("")})`;
}
const lines = (source) => markdown(source).map(line).join(" ");

test("emphasis follows CommonMark's rules", () => {
  assert.equal(lines("a *b* **c** ***d*** ~~e~~"), "p(a em(b) strong(c) em(strong(d)) del(e))");
  assert.equal(lines("snake_case_name and __dunder__"), "p(snake_case_name and strong(dunder))");
  assert.equal(lines("**a*b**"), "p(strong(a*b))");
  assert.equal(lines("*a **b** c*"), "p(em(a strong(b) c))");
  assert.equal(lines("**not closed"), "p(**not closed)");
  assert.equal(lines("a * b * c"), "p(a * b * c)");
});

test("a star between numbers multiplies", () => {
  assert.equal(lines("4*5*3 = 60 and (2+1)*(3)*2"), "p(4*5*3 = 60 and (2+1)*(3)*2)");
});

test("code spans keep what is in them", () => {
  assert.equal(lines("`a*b*` and ``x`y``"), "p(code(a*b*) and code(x`y))");
  assert.equal(lines("`` not closed `"), "p(`` not closed `)");
});

test("headings, rules, quotes and paragraphs are blocks", () => {
  assert.equal(lines("# One\n## Two #\ntext\nmore\n\n---\n> quoted\n> > twice"),
    "h3(One) h4(Two) p(textbr()more) hr() blockquote(p(quoted)blockquote(p(twice)))");
  assert.equal(lines("Title\n====="), "h3(Title)");
});

test("lists nest by two spaces, by four and under numbers", () => {
  assert.equal(lines("- a\n  - b\n    - c\n- d"), "ul(li(aul(li(bul(li(c)))))li(d))");
  assert.equal(lines("1. a\n   - b\n2. c"), "ol(li(aul(li(b)))li(c))");
  assert.equal(lines("1. a\n  - b\n2. c"), "ol(li(aul(li(b)))li(c))");
  assert.equal(markdown("3. a\n4. b")[0].attributes.start, "3");
});

test("a list with blank lines holds paragraphs and code", () => {
  assert.equal(lines("- a\n\n  b\n- c"), "ul(li(p(a)p(b))li(p(c)))");
  const [list] = markdown("1. a\n\n   ```js\n   x\n   ```\n2. b");
  assert.equal(list.children[0].children[1].code.text, "x");
  assert.equal(list.children.length, 2);
});

test("tasks are boxes nobody can tick", () => {
  const [list] = markdown("- [x] done\n- [ ] open");
  assert.deepEqual(list.children[0].children[0].attributes, { type: "checkbox", disabled: "", "aria-label": "done", checked: "" });
});

test("tables know their columns' sides and bars in code", () => {
  const [table] = markdown("| a | b |\n|:-:|--:|\n| 1 | `x|y` |\n| \\| |");
  assert.equal(line(table), "div(table(thead(tr(th(a)th(b)))tbody(tr(td(1)td(code(x|y)))tr(td(|)td()))))");
  assert.equal(table.children[0].children[0].children[0].children[1].attributes["data-align"], "right");
  assert.equal(lines("a | b\nnot a table"), "p(a | bbr()not a table)");
});

test("fences end at a fence as long as theirs, or stay open", () => {
  const [code] = blocks("````md\n```js\nx\n```\n````".split("\n"));
  assert.deepEqual([code.language, code.text, code.closed], ["md", "```js\nx\n```", true]);
  assert.equal(blocks(["```py", "x = 1"])[0].closed, false);
});

test("only http, https and mailto are links", () => {
  assert.equal(lines("[a](https://a.example/x_(y)) <mailto:a@b.c>"), "p(a→https://a.example/x_(y)(a) a→mailto:a@b.c(mailto:a@b.c))");
  assert.equal(lines("see https://a.example/b), or"), "p(see a→https://a.example/b(https://a.example/b)), or)");
  for (const address of ["javascript:alert(1)", "JaVaScRiPt:x", "java\nscript:x", "\u0001javascript:x", " javascript:x", "data:text/html,x", "vbscript:x", "//evil.example",
    "file:///x", "blob:x", "http:evil", "https://", "\\javascript:x", "https://a\u2028b"]) {
    assert.equal(safeLink(address), null, address);
  }
});

test("images are links and never images", () => {
  assert.equal(lines("![cat](https://a.example/cat.png)"), "p(a→https://a.example/cat.png(image: cat))");
});

test("HTML is text", () => {
  assert.equal(lines("<img src=x onerror=alert(1)> a<br>b"), "p(<img src=x onerror=alert(1)> abr()b)");
  assert.equal(lines("&lt;script&gt; &amp; &nothing; &#106;"), "p(<script> & &nothing; j)");
});

test("formulas stand in dollars and brackets, money does not", () => {
  assert.equal(lines("$x$ and \\(y\\)"), "p(math(mi(x)) and math(mi(y)))");
  assert.equal(lines("from $5 to $10"), "p(from $5 to $10)");
  assert.equal(lines("costs \\$5 or $ 5 $"), "p(costs $5 or $ 5 $)");
  assert.equal(lines("text\n\\[\nx\n\\]\nmore"), "p(text) div(math(mi(x))) p(more)");
});

test("every prefix of an answer is rendered, and finished blocks never change", () => {
  const source = "# A\n\ntext *with* `code`\n\n- a\n  - b\n\n  c\n\n| x | y |\n|---|---|\n| 1 | 2 |\n\n```js\nlet a = 1\n\nlet b\n```\n$$\nx^2\n$$\n> q\n\nend";
  for (let end = 0; end < source.length; end += 1) {
    const now = blocks(source.slice(0, end).split("\n"));
    const whole = blocks(source.split("\n"));
    now.slice(0, -1).forEach((block, index) => assert.deepEqual(block, whole[index], `prefix of ${end}`));
  }
});

test("reading on from the last block equals reading the whole", () => {
  let seed = 7;
  const random = (n) => (seed = (seed * 1103515245 + 12345) % 2147483648) % n;
  const parts = ["# h\n", "a\n", "\n", "\n\n", "- x\n", "  - y\n", "> q\n", "```\n", "|a|b|\n", "|-|-|\n", "$$\n", "1. n\n", "    i\n", "---\n", "***\n"];
  for (let round = 0; round < 3000; round += 1) {
    const source = Array.from({ length: 12 }, () => parts[random(parts.length)]).join("");
    const all = source.split("\n");
    const cut = 1 + random(all.length);
    const first = blocks(all.slice(0, cut));
    if (!first.length) continue;
    const from = first.at(-1).start;
    const rest = blocks(all.slice(from)).map((block) => ({ ...block, start: block.start + from, end: block.end + from }));
    const strip = (list) => JSON.stringify(list.map((block) => ({ ...block, end: 0 })));
    assert.equal(strip([...first.slice(0, -1), ...rest]), strip(blocks(all)), `seed round ${round}: ${JSON.stringify(source)} cut ${cut}`);
  }
});

test("hostile repetitions take no longer than prose", () => {
  for (const part of ["[", "*a ", "**a _b ", "$a", "`a``", "> ", "- ", "[a](", "|a", "http://a", "\\(", "<a", "![", "a_", "&#", "\n$$\na", "~~a", "1. \n", "- a\n ", "<br", "&"]) {
    const start = performance.now();
    markdown(part.repeat(20000)).map(textOf);
    const took = performance.now() - start;
    assert.ok(took < 1500, `${JSON.stringify(part)} took ${took} ms`);
  }
});
