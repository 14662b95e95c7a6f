/** As much of a document as the renderers touch, for tests outside a browser. */

class FakeNode {
  parent = null;
  remove() {
    this.parent.childNodes.splice(this.parent.childNodes.indexOf(this), 1);
  }
  replaceWith(node) {
    node.parent = this.parent;
    this.parent.childNodes[this.parent.childNodes.indexOf(this)] = node;
  }
}

class FakeText extends FakeNode {
  constructor(data) {
    super();
    this.data = data;
  }
  get textContent() {
    return this.data;
  }
}

class FakeElement extends FakeNode {
  attributes = new Map();
  childNodes = [];
  listeners = [];
  dataset = {};
  constructor(tag, namespace) {
    super();
    this.tag = tag;
    this.namespace = namespace;
  }
  get children() {
    return this.childNodes.filter((node) => node instanceof FakeElement);
  }
  get lastChild() {
    return this.childNodes.at(-1);
  }
  get textContent() {
    return this.childNodes.map((node) => node.textContent).join("");
  }
  set textContent(text) {
    this.replaceChildren(text);
  }
  set className(name) {
    this.setAttribute("class", name);
  }
  setAttribute(name, value) {
    this.attributes.set(name, String(value));
  }
  addEventListener(name) {
    this.listeners.push(name);
  }
  append(...nodes) {
    for (const node of nodes) {
      const child = node instanceof FakeNode ? node : new FakeText(String(node));
      child.parent = this;
      this.childNodes.push(child);
    }
  }
  replaceChildren(...nodes) {
    this.childNodes = [];
    this.append(...nodes);
  }
}

globalThis.Node = FakeNode;
globalThis.document = {
  createElement: (tag) => new FakeElement(tag, "html"),
  createElementNS: (namespace, tag) => new FakeElement(tag, namespace),
  createTextNode: (text) => new FakeText(text),
};

/** The tree as text, for comparing. @returns {string} */
export function outline(node) {
  if (!(node instanceof FakeElement)) return JSON.stringify(node.data);
  const attributes = [...node.attributes].map(([name, value]) => ` ${name}=${JSON.stringify(value)}`).join("");
  return `<${node.tag}${attributes}>${mergedText(node.childNodes).join("")}</${node.tag}>`;
}

/** Neighbouring text nodes read as one. */
function mergedText(nodes) {
  const parts = [];
  let text = "";
  for (const node of nodes) {
    if (node instanceof FakeElement) {
      if (text) parts.push(JSON.stringify(text));
      text = "";
      parts.push(outline(node));
    } else {
      text += node.data;
    }
  }
  if (text) parts.push(JSON.stringify(text));
  return parts;
}

/** All elements under `node`. @returns {any[]} */
export const elements = (node) => node.children.flatMap((child) => [child, ...elements(child)]);
