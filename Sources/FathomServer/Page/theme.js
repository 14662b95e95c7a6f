import { h, icon } from "./dom.js";

const choices = [["system", "screen", "As the system"], ["light", "sun", "Light"], ["dark", "moon", "Dark"]];

/** The three-way switch of the page's colours. @returns {HTMLElement} */
export function themeSwitch() {
  const chosen = localStorage.getItem("fathom.theme") ?? "system";
  const group = h("fieldset", { class: "segments theme" }, h("legend", { class: "visually-hidden" }, "Colours"));
  for (const [value, drawing, label] of choices) {
    group.append(h("label", { title: label },
      h("input", { type: "radio", name: "theme", value, checked: value === chosen, "aria-label": label, onchange: () => setTheme(value) }), icon(drawing)));
  }
  return group;
}

/** @param {string} value `system`, `light` or `dark` */
export function setTheme(value) {
  localStorage.setItem("fathom.theme", value);
  if (value === "system") delete document.documentElement.dataset.theme;
  else document.documentElement.dataset.theme = value;
  for (const input of document.querySelectorAll(".theme input")) input.checked = input.value === value;
}

/** Light and dark in turn, whatever is on. */
export function toggleTheme() {
  const isDark = document.documentElement.dataset.theme
    ? document.documentElement.dataset.theme === "dark"
    : matchMedia("(prefers-color-scheme: dark)").matches;
  setTheme(isDark ? "light" : "dark");
}
