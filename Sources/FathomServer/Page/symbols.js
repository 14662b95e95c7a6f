/** What TeX's commands look like, as tables. math.js reads them. */

const table = (text) => new Map(text.trim().split(/\s+/).map((pair) => pair.split(":")));

/** Letters: set in italics where TeX does so. */
export const letters = table(`
  alpha:α beta:β gamma:γ delta:δ epsilon:ϵ varepsilon:ε zeta:ζ eta:η theta:θ vartheta:ϑ iota:ι kappa:κ lambda:λ mu:μ nu:ν
  xi:ξ omicron:ο pi:π varpi:ϖ rho:ρ varrho:ϱ sigma:σ varsigma:ς tau:τ upsilon:υ phi:ϕ varphi:φ chi:χ psi:ψ omega:ω
  ell:ℓ hbar:ℏ imath:ı jmath:ȷ partial:∂ wp:℘ aleph:ℵ beth:ℶ`);

/** Letters and signs that stand upright. */
export const upright = table(`
  Gamma:Γ Delta:Δ Theta:Θ Lambda:Λ Xi:Ξ Pi:Π Sigma:Σ Upsilon:Υ Phi:Φ Psi:Ψ Omega:Ω
  infty:∞ nabla:∇ emptyset:∅ varnothing:∅ Re:ℜ Im:ℑ top:⊤ bot:⊥ angle:∠ triangle:△ square:□ blacksquare:■ Box:□ diamond:⋄
  checkmark:✓ degree:° ldots:… dots:… cdots:⋯ vdots:⋮ ddots:⋱ dotsc:… dotsb:⋯ prime:′ %:% $:$ &:& #:# _:_ pounds:£ S:§ dag:† ddag:‡`);

/** Relations, binary operators and arrows; MathML's dictionary spaces them. */
export const operators = table(`
  pm:± mp:∓ times:× div:÷ cdot:⋅ ast:∗ star:⋆ circ:∘ bullet:∙ oplus:⊕ ominus:⊖ otimes:⊗ oslash:⊘ odot:⊙ cap:∩ cup:∪ sqcap:⊓
  sqcup:⊔ vee:∨ lor:∨ wedge:∧ land:∧ setminus:∖ wr:≀ dagger:† ddagger:‡ amalg:⨿ neg:¬ lnot:¬ forall:∀ exists:∃ nexists:∄
  leq:≤ le:≤ geq:≥ ge:≥ neq:≠ ne:≠ equiv:≡ approx:≈ cong:≅ simeq:≃ sim:∼ propto:∝ ll:≪ gg:≫ prec:≺ succ:≻ preceq:⪯ succeq:⪰
  subset:⊂ supset:⊃ subseteq:⊆ supseteq:⊇ subsetneq:⊊ in:∈ ni:∋ notin:∉ mid:∣ nmid:∤ parallel:∥ perp:⊥ asymp:≍ doteq:≐ models:⊨
  vdash:⊢ dashv:⊣ vDash:⊨ triangleq:≜ coloneqq:≔ leqslant:⩽ geqslant:⩾ lesssim:≲ gtrsim:≳
  to:→ rightarrow:→ leftarrow:← gets:← leftrightarrow:↔ Rightarrow:⇒ Leftarrow:⇐ Leftrightarrow:⇔ implies:⟹ impliedby:⟸ iff:⟺
  longrightarrow:⟶ longleftarrow:⟵ Longrightarrow:⟹ Longleftrightarrow:⟺ mapsto:↦ longmapsto:⟼ hookrightarrow:↪ uparrow:↑
  downarrow:↓ updownarrow:↕ nearrow:↗ searrow:↘ rightharpoonup:⇀ rightleftharpoons:⇌ leadsto:⇝ colon:: therefore:∴ because:∵`);

/** Large operators whose limits stand above and below in a display. */
export const large = table(`
  sum:∑ prod:∏ coprod:∐ bigcup:⋃ bigcap:⋂ bigvee:⋁ bigwedge:⋀ bigoplus:⨁ bigotimes:⨂ bigodot:⨀ bigsqcup:⨆`);

export const integrals = table("int:∫ iint:∬ iiint:∭ oint:∮");

/** Upright names; the second list takes limits below. */
export const functions = new Set(("arccos arcsin arctan arg cos cosh cot coth csc deg dim exp hom ker lg ln log sec sin sinh tan tanh").split(" "));
export const limitFunctions = new Set("lim limsup liminf max min sup inf det gcd Pr argmax argmin".split(" "));

export const delimiters = table(`
  (:( ):) [:[ ]:] |:| /:/ lbrace:{ rbrace:} {:{ }:} langle:⟨ rangle:⟩ lfloor:⌊ rfloor:⌋ lceil:⌈ rceil:⌉ lvert:| rvert:| vert:|
  lVert:‖ rVert:‖ Vert:‖ lbrack:[ rbrack:] backslash:\\ uparrow:↑ downarrow:↓ <:⟨ >:⟩ lgroup:⟮ rgroup:⟯`).set("\\|", "‖").set(".", "");

/** Accents above, and whether they stretch. */
export const accents = new Map([
  ["hat", ["^", false]], ["widehat", ["^", true]], ["bar", ["¯", false]], ["overline", ["‾", true]], ["vec", ["→", false]],
  ["dot", ["˙", false]], ["ddot", ["¨", false]], ["tilde", ["~", false]], ["widetilde", ["~", true]], ["acute", ["´", false]],
  ["grave", ["`", false]], ["check", ["ˇ", false]], ["breve", ["˘", false]], ["overrightarrow", ["→", true]],
  ["overleftarrow", ["←", true]], ["overbrace", ["⏞", true]],
]);
export const accentsBelow = new Map([["underline", ["_", true]], ["underbrace", ["⏟", true]]]);

export const spaces = new Map([
  [",", "0.167em"], [":", "0.222em"], [">", "0.222em"], [";", "0.278em"], ["!", "-0.167em"], [" ", "0.25em"], ["quad", "1em"],
  ["qquad", "2em"], ["thinspace", "0.167em"], ["enspace", "0.5em"], ["medspace", "0.222em"], ["thickspace", "0.278em"],
]);

/** Alphabets of letters: where `A`, `a` and `0` start, and Unicode's holes in them. */
const alphabets = {
  bold: [0x1d400, 0x1d41a, 0x1d7ce, {}],
  boldItalic: [0x1d468, 0x1d482, 0x1d7ce, {}],
  script: [0x1d49c, 0x1d4b6, 0, { B: "ℬ", E: "ℰ", F: "ℱ", H: "ℋ", I: "ℐ", L: "ℒ", M: "ℳ", R: "ℛ", e: "ℯ", g: "ℊ", o: "ℴ" }],
  fraktur: [0x1d504, 0x1d51e, 0, { C: "ℭ", H: "ℌ", I: "ℑ", R: "ℜ", Z: "ℨ" }],
  double: [0x1d538, 0x1d552, 0x1d7d8, { C: "ℂ", H: "ℍ", N: "ℕ", P: "ℙ", Q: "ℚ", R: "ℝ", Z: "ℤ" }],
  sans: [0x1d5a0, 0x1d5ba, 0x1d7e2, {}],
  mono: [0x1d670, 0x1d68a, 0x1d7f6, {}],
};

export const alphabetCommands = new Map([
  ["mathbf", "bold"], ["boldsymbol", "boldItalic"], ["bm", "boldItalic"], ["mathcal", "script"], ["mathscr", "script"],
  ["mathfrak", "fraktur"], ["mathbb", "double"], ["mathsf", "sans"], ["mathtt", "mono"], ["mathrm", "upright"], ["mathit", "italic"],
]);

/** `R` in `double` → `ℝ`; what an alphabet lacks stays as it is. @param {string} text @param {string} alphabet */
export function inAlphabet(text, alphabet) {
  const found = alphabets[alphabet];
  if (!found) return text;
  const [upper, lower, digit, holes] = found;
  return [...text].map((c) => {
    if (Object.hasOwn(holes, c)) return holes[c];
    if (c >= "A" && c <= "Z") return String.fromCodePoint(upper + c.charCodeAt(0) - 65);
    if (c >= "a" && c <= "z") return String.fromCodePoint(lower + c.charCodeAt(0) - 97);
    if (digit && c >= "0" && c <= "9") return String.fromCodePoint(digit + c.charCodeAt(0) - 48);
    return c;
  }).join("");
}

/** Environments of rows and cells: what stands around them and how columns are set. */
export const environments = new Map([
  ["matrix", ["", "", "center"]], ["pmatrix", ["(", ")", "center"]], ["bmatrix", ["[", "]", "center"]],
  ["Bmatrix", ["{", "}", "center"]], ["vmatrix", ["|", "|", "center"]], ["Vmatrix", ["‖", "‖", "center"]],
  ["smallmatrix", ["", "", "center"]], ["array", ["", "", "center"]], ["cases", ["{", "", "left"]],
  ["aligned", ["", "", "right left"]], ["align", ["", "", "right left"]], ["align*", ["", "", "right left"]],
  ["split", ["", "", "right left"]], ["gathered", ["", "", "center"]], ["gather", ["", "", "center"]],
  ["gather*", ["", "", "center"]], ["equation", ["", "", "center"]], ["equation*", ["", "", "center"]],
]);
