import { CodeView } from "./codeView.js";
import { h, icon } from "./dom.js";

/**
 * The cards of an answer's tool calls: what is called with what, and a box for what it gives back.
 *
 * The page calls nothing by itself; whoever sits before it is the tool.
 */
export class ToolCallsView {
  element = h("div", { class: "tool-calls" });
  #key = "";
  #cards = [];
  #onSend;
  /** Whether results that were sent are being written anew. */
  #heldOpen = false;

  /** @param {(results: string[]) => void} onSend */
  constructor(onSend) {
    this.#onSend = onSend;
    this.element.hidden = true;
  }

  /**
   * @param {{id: string, name: string, arguments: string}[]} calls
   * @param {string[] | null} results what was sent, or null while it is asked for
   * @param {boolean} isLive whether arguments still come in
   */
  set(calls, results, isLive) {
    if (this.#heldOpen) return;
    this.element.hidden = calls.length === 0;
    const key = JSON.stringify([calls.map((call) => [call.name, call.id]), results, isLive]);
    if (key !== this.#key) this.#rebuild(calls, results, isLive);
    this.#key = key;
    calls.forEach((call, index) => {
      const { text, isJSON } = pretty(call.arguments);
      const card = this.#cards[index];
      if (card.shown === call.arguments) return;
      card.shown = call.arguments;
      card.code.set(text, isJSON ? "json" : "");
    });
  }

  #rebuild(calls, results, isLive) {
    const typed = this.#cards.map((card) => card.box?.value ?? "");
    this.#cards = calls.map((call, index) => this.#card(call, index, calls.length, results?.[index], isLive, typed[index]));
    const children = this.#cards.map((card) => card.element);
    if (!isLive && calls.length) {
      if (results) {
        children.push(h("div", { class: "tool-actions" }, h("button", { type: "button", class: "button", onclick: () => this.#reopen(calls, results) }, "Answer differently")));
      } else {
        children.push(this.#sendRow(calls.length));
      }
    }
    this.element.replaceChildren(...children);
  }

  #card(call, index, total, result, isLive, typed) {
    const code = new CodeView("", "json");
    const body = h("div", { class: "tool-body" }, code.element);
    let box = null;
    if (result !== undefined) {
      const { text, isJSON } = pretty(result);
      body.append(h("p", { class: "tool-caption" }, "Result"), new CodeView(text, isJSON ? "json" : "text").element);
    } else if (!isLive) {
      box = h("textarea", { class: "tool-result", rows: 2, "aria-label": `Result of ${call.name}`, placeholder: "What the tool gives back, as text or JSON" });
      box.value = typed ?? "";
      box.addEventListener("keydown", (event) => {
        if (event.key === "Enter" && (event.metaKey || event.ctrlKey)) this.#send();
      });
      body.append(box);
    }
    const element = h("section", { class: "tool-card", "aria-label": `Tool call: ${call.name}` },
      h("header", {}, icon("tool"), h("strong", {}, call.name || "…"), h("span", { class: "tool-id" }, total > 1 ? `${index + 1} of ${total}` : isLive ? "coming in" : "")),
      body);
    return { element, code, box, shown: null };
  }

  #sendRow(total) {
    return h("div", { class: "tool-actions" },
      h("button", { type: "button", class: "button primary", onclick: () => this.#send() }, total > 1 ? "Send results" : "Send result"),
      h("span", { class: "hint" }, "The model goes on with what you send."));
  }

  #send() {
    const empty = this.#cards.find((card) => card.box && !card.box.value.trim());
    if (empty) {
      empty.box.focus();
      return;
    }
    this.#heldOpen = false;
    this.#onSend(this.#cards.map((card) => card.box.value));
  }

  #reopen(calls, results) {
    this.#cards = [];
    this.set(calls, null, false);
    this.#cards.forEach((card, index) => (card.box.value = results[index]));
    this.#cards[0].box.focus();
    this.#heldOpen = true;
  }
}

function pretty(text) {
  try {
    const value = JSON.parse(text);
    if (typeof value === "object" && value !== null) return { text: JSON.stringify(value, null, 2), isJSON: true };
  } catch {
    // Half an object while it comes in, or plain text.
  }
  return { text, isJSON: false };
}
