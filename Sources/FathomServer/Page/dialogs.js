import { keyring } from "./api.js";
import { CodeView } from "./codeView.js";
import { h, iconButton } from "./dom.js";
import { shortcutRows, singleKeys } from "./shortcuts.js";

/**
 * A modal dialog. The browser keeps the focus inside and gives it back on closing.
 *
 * @param {string} title
 * @param {Node[]} children
 * @param {{wide?: boolean, onclose?: (value: string) => void}} [options]
 */
function open(title, children, { wide = false, onclose } = {}) {
  const heading = h("h2", { id: "dialog-title" }, title);
  const dialog = h("dialog", { class: wide ? "dialog wide" : "dialog", "aria-labelledby": "dialog-title" },
    h("header", { class: "dialog-head" }, heading, iconButton("close", "Close", () => dialog.close())), ...children);
  dialog.addEventListener("close", () => {
    dialog.remove();
    onclose?.(dialog.returnValue);
  });
  dialog.addEventListener("click", (event) => event.target === dialog && dialog.close());
  document.body.append(dialog);
  dialog.showModal();
  return dialog;
}

/** @returns {Promise<boolean>} */
export function confirmDialog(title, text, action) {
  return new Promise((resolve) => {
    const dialog = open(title, [
      h("p", { class: "dialog-text" }, text),
      h("div", { class: "dialog-row" },
        h("button", { type: "button", class: "button", autofocus: true, onclick: () => dialog.close() }, "Cancel"),
        h("button", { type: "button", class: "button danger", onclick: () => dialog.close("yes") }, action)),
    ], { onclose: (value) => resolve(value === "yes") });
  });
}

/** Asks for the API key. @param {string} reason what the server said @returns {Promise<boolean>} whether one was given */
export function keyDialog(reason) {
  return new Promise((resolve) => {
    const box = h("input", { id: "key-box", type: "password", autocomplete: "off", spellcheck: "false", autofocus: true });
    const remember = h("input", { type: "checkbox", id: "key-remember", checked: keyring.isRemembered });
    const form = h("form", {
      class: "dialog-form",
      onsubmit: (event) => {
        event.preventDefault();
        const key = box.value.trim();
        if (!key) return box.focus();
        keyring.keep(key, remember.checked);
        dialog.close("given");
      },
    },
    reason && h("p", { class: "dialog-text" }, reason),
    h("label", { for: "key-box", class: "stacked" }, "API key"), box,
    h("label", { class: "check" }, remember, "Remember it on this device"),
    h("p", { class: "hint" }, "Without the tick it is gone when this tab closes. It is sent to this server only."),
    h("div", { class: "dialog-row" },
      keyring.key && h("button", { type: "button", class: "button danger", onclick: () => { keyring.forget(); dialog.close(); } }, "Forget the key"),
      h("span", { class: "spacer" }),
      h("button", { type: "button", class: "button", onclick: () => dialog.close() }, "Cancel"), h("button", { type: "submit", class: "button primary" }, "Use it")));
    const dialog = open("API key", [form], { onclose: (value) => resolve(value === "given") });
  });
}

/** All shortcuts, and whether single keys count. */
export function helpDialog() {
  const toggle = h("input", { type: "checkbox", id: "single-keys", checked: singleKeys.areOn, onchange: () => singleKeys.set(toggle.checked) });
  open("Keyboard shortcuts", [
    h("table", { class: "shortcuts" }, h("tbody", {}, ...shortcutRows().map(([keys, text]) =>
      h("tr", {}, h("th", { scope: "row" }, ...keys.split(" ").map((key) => h("kbd", {}, key))), h("td", {}, text))))),
    h("label", { class: "check", for: "single-keys" }, toggle, "Single keys act while no text is being typed"),
  ]);
}

/**
 * What was sent, what came, and the prompt that the model saw.
 *
 * @param {{title: string, request: any, response: any | null, prompt: () => Promise<string>}} view
 */
export function inspectDialog({ title, request, response, prompt }) {
  const panel = h("div", { class: "inspect-panel", role: "tabpanel", tabindex: "0", "aria-labelledby": "tab-0" });
  const show = async (index) => {
    tabs.forEach((tab, i) => {
      tab.setAttribute("aria-selected", String(i === index));
      tab.tabIndex = i === index ? 0 : -1;
    });
    panel.setAttribute("aria-labelledby", `tab-${index}`);
    const [, load, language] = views[index];
    panel.replaceChildren(h("p", { class: "hint" }, "Asking the server…"));
    let text, isError = false;
    try {
      text = await load();
    } catch (error) {
      text = error.message;
      isError = true;
    }
    if (tabs[index].getAttribute("aria-selected") !== "true") return;
    panel.replaceChildren(isError ? h("p", { class: "answer-error-words", role: "alert" }, text) : new CodeView(text, language).element);
  };
  const json = (value) => async () => JSON.stringify(value, null, 2);
  const views = [["Prompt", prompt, "Prompt"], ["Request", json(request), "json"]];
  if (response) views.push(["Response", json(response), "json"]);
  const tabs = views.map(([name], index) => h("button", { type: "button", role: "tab", id: `tab-${index}`, onclick: () => show(index) }, name));
  const list = h("div", { class: "tabs", role: "tablist", "aria-label": "Views" }, ...tabs);
  list.addEventListener("keydown", (event) => {
    const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    if (!step) return;
    const next = (tabs.indexOf(document.activeElement) + step + tabs.length) % tabs.length;
    tabs[next].focus();
    show(next);
  });
  open(title, [list, panel], { wide: true });
  show(0);
}
