import { paths } from "./config.js";
import { h, icon, iconButton } from "./dom.js";

/** The line above the conversation: title, model, what is sent, settings. */
export class HeaderView {
  #title = h("h1", { class: "conversation-title", tabindex: "-1" });
  #model = h("select", { class: "pill model", "aria-label": "Model", hidden: true });
  #inspect = h("a", { class: "text-link", href: paths.inspect, hidden: true }, icon("eye"), h("span", {}, "Look inside"));
  #settingsBadge = h("i", { class: "badge", hidden: true });
  #settings;
  #sidebar;

  /**
   * @param {HTMLElement} element
   * @param {{sidebar: () => void, model: (id: string) => void, prompt: () => void, settings: () => void, startNew: () => void}} act
   */
  constructor(element, act) {
    this.#sidebar = iconButton("menu", "Conversations", act.sidebar, { "aria-expanded": "true", "aria-controls": "sidebar" });
    this.#settings = iconButton("sliders", "Settings", act.settings, { "aria-expanded": "false", "aria-controls": "settings" });
    this.#settings.append(this.#settingsBadge);
    this.#model.addEventListener("change", () => act.model(this.#model.value));
    element.append(this.#sidebar, this.#title, h("span", { class: "spacer" }), this.#inspect, this.#model,
      iconButton("code", "Prompt and request", act.prompt), this.#settings,
      iconButton("plus", "New conversation", act.startNew, { class: "icon-button narrow-only" }));
  }

  /** @param {string} title */
  setTitle(title) {
    this.#title.textContent = title || "New conversation";
    document.title = title ? `${title} – Fathom` : "Fathom";
  }

  /** @param {{id: string}[]} models @param {string | null} chosen */
  setModels(models, chosen) {
    const ids = models.map((model) => model.id);
    if (chosen && !ids.includes(chosen)) ids.unshift(chosen);
    this.#model.replaceChildren(...ids.map((id) => h("option", { value: id }, id.split("/").at(-1))));
    this.#model.value = chosen ?? "";
    this.#model.title = chosen ?? "";
    this.#model.hidden = ids.length === 0;
    // One model needs no choice, only its name.
    this.#model.disabled = ids.length < 2;
  }

  /** @param {boolean} shown */
  setInspect(shown) {
    this.#inspect.hidden = !shown;
  }

  setState({ settingsOpen, settingsCount, sidebarOpen }) {
    this.#settings.setAttribute("aria-expanded", String(settingsOpen));
    this.#settings.setAttribute("aria-label", settingsCount ? `Settings, ${settingsCount} changed` : "Settings");
    this.#settingsBadge.hidden = settingsCount === 0;
    this.#sidebar.setAttribute("aria-expanded", String(sidebarOpen));
  }

  focusSettings() {
    this.#settings.focus();
  }
}
