import assert from "node:assert/strict";
import test from "node:test";
import { math } from "../../Sources/FathomServer/Page/math.js";

const line = (tree) => (typeof tree === "string" ? tree : `${tree.tag}(${(tree.children ?? []).map(line).join(" ")})`);
const inside = (tex, display) => line(math(tex, display).children[0]);

test("fractions, roots and scripts", () => {
  assert.equal(inside("\\frac{a}{b}"), "mfrac(mi(a) mi(b))");
  assert.equal(inside("\\frac12"), "mfrac(mn(1) mn(2))");
  assert.equal(inside("\\sqrt[3]{x}"), "mroot(mi(x) mn(3))");
  assert.equal(inside("x_i^2"), "msubsup(mi(x) mi(i) mn(2))");
  assert.equal(inside("x^12"), "mrow(msup(mi(x) mn(1)) mn(2))");
  assert.equal(inside("f''"), "msup(mi(f) mo(′′))");
});

test("limits stand under and over in a display, beside in a line", () => {
  assert.match(inside("\\sum_{i=1}^n i", true), /^mrow\(munderover\(mo\(∑\)/);
  assert.match(inside("\\sum_{i=1}^n i", false), /^mrow\(msubsup\(mo\(∑\)/);
  assert.match(inside("\\int_0^1 x", true), /^mrow\(msubsup\(mo\(∫\)/);
  assert.match(inside("\\lim_{x \\to 0} x", true), /^mrow\(munder\(mi\(lim\)/);
});

test("fences stretch and close", () => {
  assert.equal(inside("\\left( x \\right]"), "mrow(mo(() mi(x) mo(]))");
  assert.equal(inside("\\left. x \\right|"), "mrow(mi(x) mo(|))");
  assert.equal(inside("\\left\\{ x \\middle| y \\right\\}"), "mrow(mo({) mi(x) mo(|) mi(y) mo(}))");
  assert.equal(inside("\\|x\\|"), "mrow(mo(‖) mi(x) mo(‖))");
});

test("environments make tables", () => {
  assert.equal(inside("\\begin{pmatrix} a & b \\\\ c & d \\end{pmatrix}"),
    "mrow(mo(() mtable(mtr(mtd(mi(a)) mtd(mi(b))) mtr(mtd(mi(c)) mtd(mi(d)))) mo()))");
  assert.match(inside("\\begin{cases} 1 & x>0 \\\\ 0 & \\text{else} \\end{cases}"), /^mrow\(mo\({\) mtable.*mtext\(else\)\)\)\)\)$/);
  assert.match(inside("\\begin{aligned} a &= b \\\\ &= c \\end{aligned}"), /^mtable/);
  assert.match(inside("\\begin{array}{c|c} a & b \\\\ \\hline c & d \\end{array}"), /^mtable/);
});

test("letters, alphabets, accents and text", () => {
  assert.equal(inside("\\alpha\\Gamma\\infty"), "mrow(mi(α) mi(Γ) mi(∞))");
  assert.equal(inside("\\mathbb{R}\\mathcal{L}\\mathbf{x}"), "mrow(mi(ℝ) mi(ℒ) mi(𝐱))");
  assert.equal(inside("\\hat{x}"), "mover(mi(x) mo(^))");
  assert.equal(inside("\\underbrace{x}_{n}"), "munder(munder(mi(x) mo(⏟)) mi(n))");
  assert.equal(inside("\\mathrm{softmax}"), "mi(softmax)");
  assert.equal(inside("\\text{a b}"), "mtext(a b)");
  assert.equal(inside("\\not="), "mo(≠)");
});

test("numbers keep their digits together and lists their commas apart", () => {
  assert.equal(inside("32,768.5"), "mn(32,768.5)");
  assert.equal(inside("1,2"), "mrow(mn(1) mo(,) mn(2))");
});

test("what is unknown or does not close shows as its source", () => {
  for (const tex of ["\\href{javascript:alert(1)}{x}", "\\url{x}", "\\unknown", "{", "}", "\\frac{a}", "\\left( x", "x \\right)", "\\begin{pmatrix} a", "\\begin{foo}x\\end{foo}", "a & b",
    "\\begin{matrix}a\\end{pmatrix}", "\\", "\\text{x", "\\sqrt[3{x}", "{".repeat(3000), "\\sqrt".repeat(3000), "\\htmlId{a}{b}", "\\class{a}{b}", "\\def\\x{\\x\\x}\\x"]) {
    const tree = math(tex);
    assert.equal(tree.tag, "code", tex);
    assert.deepEqual(tree.children, [tex.trim()]);
  }
});

test("names from Object's prototype are no commands", () => {
  for (const name of ["constructor", "toString", "hasOwnProperty", "__proto__"]) assert.equal(math(`\\${name}`).tag, "code", name);
});

test("any text is read without a trap", () => {
  let seed = 11;
  const random = (n) => (seed = (seed * 1103515245 + 12345) % 2147483648) % n;
  const parts = ["\\frac", "{", "}", "x", "1", "^", "_", "\\left", "\\right", "(", ")", "\\begin{matrix}", "\\end{matrix}", "&", "\\\\", "\\sqrt", "[", "]", "\\text{a}", "'", "\\hat", "\\not", "\\sum", " ", "|", "\\big", "%", "\n", "\\limits", "😀"];
  for (let round = 0; round < 20000; round += 1) {
    const tex = Array.from({ length: 1 + random(14) }, () => parts[random(parts.length)]).join("");
    assert.ok(["math", "code"].includes(math(tex, round % 2 === 0).tag), tex);
  }
});
