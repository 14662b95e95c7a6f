import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import test from "node:test";
import { elements, outline } from "./fakeDom.js";
import { build } from "../../Sources/FathomServer/Page/build.js";
import { Prose } from "../../Sources/FathomServer/Page/prose.js";

const rendered = (source) => {
  const prose = new Prose();
  prose.set(source);
  return prose.element;
};

let seed = 3;
const random = (n) => (seed = (seed * 1103515245 + 12345) % 2147483648) % n;
const parts = ["# h\n", "a *b* ", "\n", "\n\n", "- x\n", "  - y\n", "> q\n", "```js\n", "let a\n", "|a|b|\n", "|-|-|\n", "|-|", "$$\n", "x^2", "1. n\n", "    i\n", "---\n", "`c`", "[l](https://a.example)", "\\[ y \\]\n"];

test("an answer that grows looks like one that came at once", () => {
  for (let round = 0; round < 1500; round += 1) {
    const source = Array.from({ length: 14 }, () => parts[random(parts.length)]).join("");
    const prose = new Prose();
    for (let end = 0; end < source.length; end += 1 + random(4)) prose.set(source.slice(0, end));
    prose.set(source);
    assert.equal(outline(prose.element), outline(rendered(source)), JSON.stringify(source));
  }
});

test("what is finished keeps its element", () => {
  const prose = new Prose();
  prose.set("first\n\nsecond");
  const [first] = prose.element.children;
  prose.set("first\n\nsecond\n\n```js\nlet a");
  const code = prose.element.children[2];
  prose.set("first\n\nsecond\n\n```js\nlet a = 1\nlet b");
  assert.equal(prose.element.children[0], first);
  assert.equal(prose.element.children[2], code, "a block of code grows in place");
});

test("another text starts anew", () => {
  const prose = new Prose();
  prose.set("# a\n\nb\n\nc");
  prose.set("d");
  assert.equal(outline(prose.element), '<div class="prose"><p>"d"</p></div>');
});

const allowedTags = new Set(("p h3 h4 h5 h6 ul ol li blockquote hr br em strong del code pre span a table thead tbody tr th td div input figure figcaption button svg path " +
  "math mrow mi mn mo mtext mspace mfrac msqrt mroot msup msub msubsup munder mover munderover mtable mtr mtd").split(" "));

test("no text makes an element or an attribute that is not on the list", () => {
  const hostile = ["<script>x</script>", '<img src=x onerror="x">', "[a](javascript:x)", "![a](javascript:x)", '[a](https://a.example "t\\" onclick=x")', "$\\href{javascript:x}{y}$", "$\\text{<b>}$",
    "$\\class{a}{b}$", "```html\" onclick=x\n", "<svg/onload=x>", "|<b>|\n|-|\n", "<https://a.example/\"onclick=x>", "https://a.example/<b>", "<a href=x>", "&lt;b&gt;", "\u0000", "\u202e"];
  for (let round = 0; round < 3000; round += 1) {
    const all = [...hostile, ...parts];
    const source = Array.from({ length: 8 }, () => all[random(all.length)]).join(random(2) ? "" : "\n");
    for (const element of elements(rendered(source))) {
      assert.ok(allowedTags.has(element.tag), `${element.tag} from ${source}`);
      for (const [name, value] of element.attributes) {
        assert.ok(!/^on|^style$|^src$|^srcdoc$|^action$|^formaction$|^id$|^name$/.test(name), `${name} from ${source}`);
        if (name === "href") assert.match(value, /^(https?|mailto):/);
      }
      if (element.tag === "a" && element.attributes.has("href")) assert.match(element.attributes.get("rel"), /noopener/);
      assert.ok(element.listeners.length === 0 || element.attributes.get("class") === "code-copy");
    }
  }
});

test("build drops what a renderer should never have asked for", () => {
  const element = build({ tag: "p", attributes: { onclick: "x", style: "x", id: "x", class: "c" }, children: [{ tag: "script", children: ["x"] }, { tag: "math", children: [{ tag: "maction", children: [] }, { tag: "a", attributes: { href: "https://a.example" }, children: [] }] }] });
  assert.equal(outline(element), '<p class="c"><math></math></p>');
});

const folder = new URL("../../Sources/FathomServer/Page/", import.meta.url);
const files = readdirSync(folder);
const read = (name) => readFileSync(new URL(name, folder), "utf8");

/** A module and all that it imports, itself or through others. */
function modules(name, found = new Set()) {
  assert.ok(files.includes(name), name);
  if (found.has(name)) return found;
  found.add(name);
  for (const [, next] of read(name).matchAll(/from "\.\/([^"]+)"/g)) modules(next, found);
  return found;
}

test("each page names all the modules that it needs and no other, and no file is left over", () => {
  const used = new Set();
  for (const [page, main] of [["index.html", "main.js"], ["inspect.html", "inspectMain.js"]]) {
    const named = [...read(page).matchAll(/(?:href|src)="\/page\/([^"]+)"/g)].map(([, name]) => name);
    const scripts = named.filter((name) => name.endsWith(".js") && name !== "themeStart.js");
    assert.deepEqual(scripts.sort(), [...modules(main)].sort(), page);
    for (const name of [page, ...named]) used.add(name);
  }
  assert.deepEqual([...used].sort(), files.sort());
});

test("no file writes HTML, evaluates text or names another server", () => {
  for (const name of files) {
    const text = read(name);
    assert.doesNotMatch(text, /\.innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\(|new Function|setAttribute\("style"/, name);
    const addresses = [...text.matchAll(/https?:\/\/[\w.-]+/g)].map(([address]) => address).filter((address) => address !== "http://www.w3.org");
    assert.deepEqual(addresses, [], name);
    if (name.endsWith(".html")) assert.doesNotMatch(text, / style=| on\w+=|<style|<script>/, name);
  }
});
