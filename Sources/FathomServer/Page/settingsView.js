import { h, iconButton } from "./dom.js";
import { cleanSettings, efforts, numberError, numbers, parseTools } from "./settings.js";

const exampleTools = [{
  type: "function",
  function: {
    name: "get_weather",
    description: "Current weather of a place",
    parameters: { type: "object", properties: { city: { type: "string" } }, required: ["city"], additionalProperties: false },
  },
}];

/** The panel with the system prompt, sampling and tools of the conversation on screen. */
export class SettingsView {
  #element;
  #body = h("div", { class: "panel-body" });
  #settings = {};
  #defaults = {};
  #act;

  /**
   * @param {HTMLElement} element
   * @param {{change: (settings: any) => void, useForNew: (settings: any) => void, close: () => void}} act
   */
  constructor(element, act) {
    this.#element = element;
    this.#act = act;
    element.append(
      h("header", { class: "panel-head" }, h("h2", {}, "Settings"), iconButton("close", "Close settings", act.close)),
      this.#body,
      h("footer", { class: "panel-foot" },
        h("button", { type: "button", class: "button", onclick: () => this.#reset() }, "Reset"),
        h("button", { type: "button", class: "button", onclick: () => act.useForNew(this.#settings) }, "Use for new conversations")));
  }

  get isOpen() {
    return !this.#element.hidden;
  }

  focus() {
    this.#element.querySelector("textarea, input")?.focus();
  }

  /** @param {any} settings @param {Object<string, number>} defaults what the server does without them */
  show(settings, defaults) {
    this.#settings = cleanSettings(settings);
    this.#defaults = defaults ?? {};
    this.#body.replaceChildren(this.#system(), this.#thinking(), this.#sampling(), this.#format(), this.#tools());
  }

  #set(name, value) {
    if (value === undefined || value === "") delete this.#settings[name];
    else this.#settings[name] = value;
    this.#act.change(this.#settings);
  }

  #reset() {
    this.#act.change({});
    this.show({}, this.#defaults);
  }

  #system() {
    const box = h("textarea", { id: "set-system", rows: 4, placeholder: "You are…" });
    box.value = this.#settings.system ?? "";
    box.addEventListener("input", () => this.#set("system", box.value));
    return section("System prompt", h("label", { class: "visually-hidden", for: "set-system" }, "System prompt"), box);
  }

  #thinking() {
    return section("Thinking",
      segments("Thinking", [["", "Auto"], ["enabled", "On"], ["disabled", "Off"]], this.#settings.thinking ?? "", (value) => this.#set("thinking", value)),
      field("Effort", "set-effort", select("set-effort", [["", "Default"], ...efforts.map((effort) => [effort, effort])], this.#settings.reasoning_effort ?? "", (value) => this.#set("reasoning_effort", value))));
  }

  #sampling() {
    return section("Sampling", h("p", { class: "hint" }, "What is left empty is up to the server."), ...numbers.map((row) => this.#number(row)));
  }

  #number(row) {
    const id = `set-${row.name}`;
    const standard = this.#defaults[row.name];
    const error = h("span", { class: "field-error", id: `${id}-error`, role: "status" });
    const help = h("span", { class: "field-help", id: `${id}-help` }, row.help);
    const box = h("input", {
      id, type: "number", min: row.minimum, max: row.maximum, step: row.whole ? 1 : "any", inputmode: row.whole ? "numeric" : "decimal",
      placeholder: Number.isFinite(standard) ? String(Number(standard.toFixed(4))) : "–", "aria-describedby": `${id}-help ${id}-error`, value: this.#settings[row.name] ?? "",
    });
    box.addEventListener("input", () => {
      const problem = box.value === "" && !box.validity.badInput ? null : numberError(row, box.valueAsNumber);
      error.textContent = problem ?? "";
      box.setAttribute("aria-invalid", String(problem !== null));
      if (problem === null) this.#set(row.name, box.value === "" ? undefined : box.valueAsNumber);
    });
    return h("div", { class: "field" }, h("label", { for: id }, row.label, help, error), box);
  }

  #format() {
    const stop = h("textarea", { id: "set-stop", rows: 2, placeholder: "one per line" });
    stop.value = (this.#settings.stop ?? []).join("\n");
    stop.addEventListener("input", () => {
      const list = stop.value.split("\n").filter(Boolean).slice(0, 16);
      this.#set("stop", list.length ? list : undefined);
    });
    return section("Answer",
      segments("Format", [["", "Text"], ["json", "JSON object"]], this.#settings.json ? "json" : "", (value) => this.#set("json", value === "json" ? true : undefined)),
      h("label", { for: "set-stop", class: "stacked" }, "Stop at these words"), stop);
  }

  #tools() {
    const note = h("p", { class: "field-error", role: "status" });
    const box = h("textarea", { id: "set-tools", class: "mono", rows: 6, spellcheck: "false", placeholder: '[{"type": "function", "function": {"name": …' });
    const check = () => {
      const { tools, error } = parseTools(box.value);
      note.textContent = error ?? (tools.length ? `Ready: ${tools.map((tool) => tool.function.name).join(", ")}` : "");
      note.classList.toggle("good", error === null);
    };
    box.value = this.#settings.tools ?? "";
    box.addEventListener("input", () => {
      check();
      this.#set("tools", box.value);
    });
    check();
    const example = h("button", { type: "button", class: "link-button", onclick: () => {
      box.value = JSON.stringify(exampleTools, null, 2);
      box.dispatchEvent(new Event("input"));
    } }, "Insert an example");
    return section("Tools", h("label", { for: "set-tools", class: "visually-hidden" }, "Tools as JSON"), h("p", { class: "hint" }, "Functions the model may call. You give the results."), box, note, example);
  }
}

function section(title, ...children) {
  return h("section", { class: "panel-section" }, h("h3", {}, title), ...children);
}

function field(label, id, control) {
  return h("div", { class: "field" }, h("label", { for: id }, label), control);
}

function select(id, options, value, onchange) {
  const element = h("select", { id, onchange: () => onchange(element.value) }, ...options.map(([key, label]) => h("option", { value: key }, label)));
  element.value = value;
  return element;
}

let groups = 0;

/** A row of choices of which one holds. */
function segments(label, options, value, onchange) {
  groups += 1;
  return h("fieldset", { class: "segments" }, h("legend", { class: "visually-hidden" }, label),
    ...options.map(([key, text]) => h("label", {}, h("input", { type: "radio", name: `segments-${groups}`, value: key, checked: key === value, onchange: () => onchange(key) }), text)));
}
