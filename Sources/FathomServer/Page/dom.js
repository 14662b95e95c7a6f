/**
 * Makes an element: `h("button", {class: "quiet", onclick: f}, "Text", child)`.
 *
 * Properties that start with `on` become listeners; `true` writes an empty attribute; `false`,
 * `null` and `undefined` write nothing. Text always becomes a text node. This is for the page's own
 * elements; what a model wrote goes through `build` in build.js.
 *
 * @param {string} tag
 * @param {Object<string, any>} [properties]
 * @param {...(Node|string|number|null|undefined|false)} children
 * @returns {HTMLElement}
 */
export function h(tag, properties = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(properties ?? {})) {
    if (value === false || value === null || value === undefined) continue;
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else if (name === "value") element.value = value;
    else element.setAttribute(name, value === true ? "" : String(value));
  }
  for (const child of children.flat()) {
    if (child === null || child === undefined || child === false) continue;
    element.append(child instanceof Node ? child : String(child));
  }
  return element;
}

const shapes = {
  plus: "M8 3v10M3 8h10",
  send: "M8 13V3.5M3.5 8 8 3.5 12.5 8",
  stop: "M4.5 4.5h7v7h-7z",
  copy: "M5.5 5.5h7v8h-7zM3.5 10.5v-8h7",
  check: "M3 8.5 6.5 12 13 4.5",
  edit: "M3 13l.6-2.8L10.8 3l2.2 2.2-7.2 7.2zM9.3 4.5l2.2 2.2",
  again: "M13 4v3.5H9.5M12.7 7.3A5 5 0 1 0 13 9.6",
  code: "M5.5 4.5 2 8l3.5 3.5M10.5 4.5 14 8l-3.5 3.5",
  left: "M9.5 4 5.5 8l4 4",
  right: "M6.5 4l4 4-4 4",
  down: "M4 6.5l4 4 4-4",
  download: "M8 2.5v7.5M4.5 6.5 8 10l3.5-3.5M3 13h10",
  upload: "M8 10V2.5M4.5 6 8 2.5 11.5 6M3 13h10",
  menu: "M2.5 4.5h11M2.5 8h11M2.5 11.5h11",
  sliders: "M2.5 4.5h5M11.5 4.5h2M2.5 11.5h2M8.5 11.5h5M7.5 4.5a2 2 0 1 0 4 0a2 2 0 1 0-4 0M4.5 11.5a2 2 0 1 0 4 0a2 2 0 1 0-4 0",
  close: "M4 4l8 8M12 4l-8 8",
  trash: "M3 4.5h10M6.5 4.5v-2h3v2M4.5 4.5l.6 9h5.8l.6-9M6.7 7v4M9.3 7v4",
  search: "M7 11.5a4.5 4.5 0 1 0 0-9a4.5 4.5 0 0 0 0 9zM10.3 10.3l3.2 3.2",
  help: "M8 14A6 6 0 1 0 8 2a6 6 0 0 0 0 12zM6.3 6.4a1.75 1.75 0 1 1 2.6 1.5c-.6.4-.9.7-.9 1.4M8 11.2v.3",
  sun: "M8 11a3 3 0 1 0 0-6a3 3 0 0 0 0 6zM8 1.5v1.3M8 13.2v1.3M1.5 8h1.3M13.2 8h1.3M3.4 3.4l.9.9M11.7 11.7l.9.9M3.4 12.6l.9-.9M11.7 4.3l.9-.9",
  moon: "M13 9.6A5.5 5.5 0 1 1 6.4 3a4.4 4.4 0 0 0 6.6 6.6z",
  screen: "M2 3h12v8H2zM6 14h4M8 11v3",
  tool: "M9.8 3.2a3.2 3.2 0 0 0-3.6 4.3L2.8 11a1.5 1.5 0 0 0 2.2 2.2l3.5-3.4a3.2 3.2 0 0 0 4.3-3.6L10.9 8 8 5.1z",
  key: "M10.5 8.5a3 3 0 1 0-2.9-2.2L2.5 11.4v2.1h2.1v-1.6h1.6v-1.6h1.5l1-1c.5.2 1.1.2 1.8.2zM10.6 5.4v.1",
  more: "M3.5 8h.01M8 8h.01M12.5 8h.01",
  warn: "M8 2.5 14 13H2zM8 6.5v3M8 11.3v.2",
  eye: "M1.5 8S4 3.5 8 3.5 14.5 8 14.5 8 12 12.5 8 12.5 1.5 8 1.5 8zM8 10a2 2 0 1 0 0-4a2 2 0 0 0 0 4z",
  thought: "M8 2.5v11M5.5 5.5h5M6.2 8h3.6M5.5 10.5h5",
};

/**
 * One of the page's drawings, for use beside or inside a labelled control.
 *
 * @param {keyof typeof shapes} name
 * @returns {SVGElement}
 */
export function icon(name) {
  const namespace = "http://www.w3.org/2000/svg";
  const svg = document.createElementNS(namespace, "svg");
  svg.setAttribute("viewBox", "0 0 16 16");
  svg.setAttribute("class", "icon");
  svg.setAttribute("aria-hidden", "true");
  const path = document.createElementNS(namespace, "path");
  path.setAttribute("d", shapes[name]);
  svg.append(path);
  return svg;
}

/**
 * A button that shows a drawing and says its name to screen readers and on hover.
 *
 * @param {keyof typeof shapes} name
 * @param {string} label
 * @param {(event: Event) => void} onclick
 * @param {Object<string, any>} [properties]
 */
export function iconButton(name, label, onclick, properties = {}) {
  return h("button", { type: "button", class: "icon-button", "aria-label": label, title: label, onclick, ...properties }, icon(name));
}

/**
 * Copies text and shows a tick on the button for a moment.
 *
 * `navigator.clipboard` exists only on https and localhost; elsewhere an off-screen text area does it.
 *
 * @param {string} text
 * @param {HTMLElement} button
 */
export async function copyText(text, button) {
  try {
    await navigator.clipboard.writeText(text);
  } catch {
    const area = h("textarea", { class: "visually-hidden", "aria-hidden": "true" });
    area.value = text;
    document.body.append(area);
    area.select();
    document.execCommand("copy");
    area.remove();
    button.focus();
  }
  if (button.dataset.copied) return;
  const old = [...button.childNodes];
  button.dataset.copied = "yes";
  button.replaceChildren(icon("check"));
  setTimeout(() => {
    button.replaceChildren(...old);
    delete button.dataset.copied;
  }, 1400);
}

const counts = new Intl.NumberFormat("en");

/** `12345` → `12,345`. @param {number} number */
export const count = (number) => counts.format(number);

/** `0.31 s`, `4.2 s`, `2 min 5 s`. @param {number} milliseconds */
export function duration(milliseconds) {
  const seconds = milliseconds / 1000;
  if (seconds < 1) return `${seconds.toFixed(2)} s`;
  if (seconds < 60) return `${seconds.toFixed(1)} s`;
  return `${Math.floor(seconds / 60)} min ${Math.floor(seconds % 60)} s`;
}
