/**
 * The one door between what a model wrote and the page.
 *
 * Renderers (Markdown, mathematics, code colours) describe what they want as a tree of
 * `{tag, attributes, children}` and strings. Only the tags and attributes below become elements, every
 * string becomes a text node, and a link leads only where `safeLink` allows.
 *
 * @typedef {string | {tag: string, attributes?: Object<string, string>, children?: Tree[], code?: {language: string, text: string}}} Tree
 */
const htmlTags = new Set(
  "p h1 h2 h3 h4 h5 h6 ul ol li blockquote hr br em strong del code pre span a table thead tbody tr th td div input".split(" "));
const mathTags = new Set(
  ("math mrow mi mn mo mtext mspace mfrac msqrt mroot msup msub msubsup munder mover munderover mtable mtr mtd mstyle " +
    "menclose mpadded").split(" "));
const htmlAttributes = new Set("class start href title type checked disabled scope data-align tabindex role aria-label".split(" "));
const mathAttributes = new Set(
  ("display mathvariant stretchy fence separator form lspace rspace width accent accentunder movablelimits largeop minsize " +
    "maxsize linethickness columnalign columnspacing rowspacing notation displaystyle scriptlevel symmetric class").split(" "));

const mathNamespace = "http://www.w3.org/1998/Math/MathML";

/**
 * The address if a link may lead there, else `null`: http, https and mailto only.
 *
 * Browsers skip control characters and blanks inside a scheme (`java\nscript:`), so those are
 * refused before the address is parsed, not cleaned.
 *
 * @param {string} address
 * @returns {string | null}
 */
export function safeLink(address) {
  if (address.length > 4096 || /[\u0000-\u0020\u007f-\u009f\u2028\u2029]/.test(address)) return null;
  if (!/^(https?:\/\/|mailto:)/i.test(address)) return null;
  try {
    const url = new URL(address);
    return ["http:", "https:", "mailto:"].includes(url.protocol) ? url.href : null;
  } catch {
    return null;
  }
}

/**
 * Turns a tree into nodes.
 *
 * @param {Tree} tree
 * @param {{code?: (code: {language: string, text: string}) => Node}} [views] makes the element of a code block
 * @param {boolean} [inMath]
 * @returns {Node}
 */
export function build(tree, views = {}, inMath = false) {
  if (typeof tree === "string") return document.createTextNode(tree);
  if (tree.code && views.code) return views.code(tree.code);
  const math = inMath || tree.tag === "math";
  if (!(math ? mathTags : htmlTags).has(tree.tag)) return document.createTextNode("");
  const element = math ? document.createElementNS(mathNamespace, tree.tag) : document.createElement(tree.tag);
  const allowed = math ? mathAttributes : htmlAttributes;
  for (const [name, value] of Object.entries(tree.attributes ?? {})) {
    if (!allowed.has(name)) continue;
    if (name === "href") {
      const address = safeLink(value);
      if (address === null) continue;
      element.setAttribute("href", address);
      element.setAttribute("rel", "noopener noreferrer nofollow");
      element.setAttribute("target", "_blank");
    } else {
      element.setAttribute(name, value);
    }
  }
  for (const child of tree.children ?? []) element.append(build(child, views, math));
  return element;
}

/** All text of a tree, for tests and for screen readers. @param {Tree} tree @returns {string} */
export function textOf(tree) {
  if (typeof tree === "string") return tree;
  if (tree.code) return tree.code.text;
  return (tree.children ?? []).map(textOf).join("");
}
