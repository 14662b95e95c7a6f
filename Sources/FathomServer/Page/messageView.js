import { copyText, count, duration, h, icon, iconButton } from "./dom.js";
import { Prose } from "./prose.js";
import { ReasoningView } from "./reasoningView.js";
import { ToolCallsView } from "./toolCallsView.js";
import { quietMilliseconds } from "./config.js";

/**
 * What a message can ask the page to do.
 *
 * @typedef {{edit: (id: string, text: string) => void, regenerate: (id: string) => void, walk: (id: string, step: number) => void,
 *   sendToolResults: (id: string, results: string[]) => void, inspect: (id: string) => void}} Actions
 */

/** `‹ 2/3 ›`, where there is more than one branch. */
function branchWalker(id, siblings, walk) {
  if (siblings.length < 2) return null;
  const place = siblings.indexOf(id);
  return h("span", { class: "branches", role: "group", "aria-label": "Branches" },
    iconButton("left", "Previous branch", () => walk(id, -1), { disabled: place === 0 }),
    h("span", { class: "branches-place" }, `${place + 1}/${siblings.length}`),
    iconButton("right", "Next branch", () => walk(id, 1), { disabled: place === siblings.length - 1 }));
}

/** A message of the person before the page. */
export class UserMessageView {
  #bubble = h("div", { class: "bubble" });
  #actions = h("div", { class: "message-actions" });
  element = h("article", { class: "message user", "aria-label": "You", tabindex: "-1" }, this.#bubble, this.#actions);
  #node;
  #act;
  #actionsKey = "";

  /** @param {any} node @param {Actions} act */
  constructor(node, act) {
    this.#node = node;
    this.#act = act;
    this.#bubble.textContent = node.content;
  }

  /** @param {string[]} siblings */
  update(siblings) {
    // Buttons that stay keep the focus.
    if (this.#actionsKey === siblings.join()) return;
    this.#actionsKey = siblings.join();
    const copy = iconButton("copy", "Copy message", () => copyText(this.#node.content, copy));
    this.#actions.replaceChildren(...[
      branchWalker(this.#node.id, siblings, this.#act.walk), copy, iconButton("edit", "Edit message", () => this.edit()),
    ].filter(Boolean));
  }

  /** Swaps the words for a box that holds them. */
  edit() {
    if (this.element.classList.contains("editing")) return;
    const box = h("textarea", { class: "edit-box", "aria-label": "Edit message", rows: 1 });
    box.value = this.#node.content;
    const close = () => {
      form.replaceWith(this.#bubble);
      this.element.classList.remove("editing");
      this.#actions.hidden = false;
    };
    const form = h("form", {
      class: "edit-form",
      onsubmit: (event) => {
        event.preventDefault();
        if (!box.value.trim()) return;
        close();
        this.#act.edit(this.#node.id, box.value);
      },
      onkeydown: (event) => {
        if (event.key === "Escape") {
          event.stopPropagation();
          close();
          this.element.focus();
        } else if (event.key === "Enter" && (event.metaKey || event.ctrlKey)) {
          form.requestSubmit();
        }
      },
    }, box, h("div", { class: "edit-row" },
      h("span", { class: "hint" }, "Becomes a branch; what was said stays."),
      h("button", { type: "button", class: "button", onclick: () => { close(); this.element.focus(); } }, "Cancel"),
      h("button", { type: "submit", class: "button primary" }, "Send")));
    this.#bubble.replaceWith(form);
    this.element.classList.add("editing");
    this.#actions.hidden = true;
    const fit = () => {
      box.style.height = "auto";
      box.style.height = `${Math.min(box.scrollHeight + 2, 400)}px`;
    };
    box.addEventListener("input", fit);
    fit();
    box.focus();
    box.setSelectionRange(box.value.length, box.value.length);
  }
}

const endings = { stop: "complete", length: "cut off at the token limit", tool_calls: "calls a tool", content_filter: "filtered", stopped: "stopped by you", interrupted: "interrupted" };

/** A message of the model, while it comes in and afterwards. */
export class AnswerView {
  #reasoning = new ReasoningView();
  #prose = new Prose();
  #tools;
  #status = h("div", { class: "status" });
  #error = h("div", { class: "answer-error" });
  #numbers = h("p", { class: "numbers" });
  #actions = h("div", { class: "message-actions" });
  #foot = h("footer", { class: "answer-foot" }, this.#actions, this.#numbers);
  element;
  #node;
  #act;
  #errorKey = "";
  #actionsKey = "";

  /** @param {any} node @param {Actions} act */
  constructor(node, act) {
    this.#node = node;
    this.#act = act;
    this.#tools = new ToolCallsView((results) => act.sendToolResults(node.id, results));
    this.element = h("article", { class: "message answer", "aria-label": "Answer", tabindex: "-1" },
      this.#reasoning.element, this.#prose.element, this.#tools.element, this.#status, this.#error, this.#foot);
  }

  /**
   * @param {string[]} siblings
   * @param {import("./session.js").Run | undefined} run
   * @param {any[]} results the tool messages that follow on screen
   */
  update(siblings, run, results) {
    const node = this.#node;
    this.element.setAttribute("aria-busy", String(Boolean(run)));
    this.#reasoning.set(node.reasoning, {
      milliseconds: run ? run.answer.reasoningMilliseconds : (node.statistics?.reasoningMilliseconds ?? null),
      tokens: node.statistics?.reasoningTokens ?? null,
      isLive: Boolean(run) && !node.content && !node.toolCalls?.length,
    });
    this.#prose.set(asJSON(node) ? `${fence}json\n${node.content}` : node.content);
    this.#prose.element.hidden = !node.content;
    this.#prose.element.classList.toggle("growing", Boolean(run));
    const calls = node.toolCalls ?? [];
    this.#tools.set(calls, results.length ? calls.map((call, i) => results[i]?.content ?? "") : null, Boolean(run));
    this.#showStatus(run);
    this.#showError(run);
    this.#foot.hidden = Boolean(run);
    if (!run) {
      this.#numbers.replaceChildren(...numbersLine(node));
      this.#showActions(siblings);
    }
  }

  toggleReasoning() {
    this.#reasoning.toggle();
  }

  /** What goes on before the first token, or that none came. */
  #showStatus(run) {
    const text = run ? (run.answer.isEmpty ? statusText(run) : null) : emptyText(this.#node);
    this.#status.hidden = !text;
    this.#status.classList.toggle("still", !run);
    if (!text) return;
    const { total, processed } = run?.answer.progress ?? {};
    if (!this.#status.firstChild) {
      this.#status.append(h("span", { class: "status-dots", "aria-hidden": "true" }, h("i"), h("i"), h("i")), h("span", { class: "status-text" }),
        h("progress", { class: "status-bar", "aria-label": "Reading the prompt" }));
    }
    const [, words, bar] = this.#status.children;
    words.textContent = text;
    bar.hidden = !(run && total > 0);
    if (!bar.hidden) {
      bar.max = total;
      bar.value = Math.min(processed ?? 0, total);
    }
  }

  #showError(run) {
    const error = run ? null : this.#node.error;
    const key = JSON.stringify(error ?? null);
    this.#error.hidden = !error;
    if (key === this.#errorKey) return;
    this.#errorKey = key;
    if (!error) return this.#error.replaceChildren();
    const facts = [error.status ? `status ${error.status}` : "", error.code ?? "", error.retryAfterSeconds ? `try again in ${error.retryAfterSeconds} s` : ""].filter(Boolean).join(" · ");
    this.#error.replaceChildren(icon("warn"),
      h("div", { class: "answer-error-words", role: "alert" }, h("p", {}, error.message), facts && h("p", { class: "hint" }, facts)),
      h("button", { type: "button", class: "button", onclick: () => this.#act.regenerate(this.#node.id) }, "Retry"));
  }

  #showActions(siblings) {
    const node = this.#node;
    const key = `${siblings.join()} ${Boolean(node.content)}`;
    if (key === this.#actionsKey) return;
    this.#actionsKey = key;
    const copy = iconButton("copy", "Copy answer", () => copyText(node.content, copy));
    this.#actions.replaceChildren(...[
      branchWalker(node.id, siblings, this.#act.walk),
      node.content && copy,
      iconButton("again", "Answer again", () => this.#act.regenerate(node.id)),
      iconButton("code", "Request and response", () => this.#act.inspect(node.id)),
    ].filter(Boolean));
  }
}

/** Longer than any fence a model writes. */
const fence = "`".repeat(12);

/** An answer that was asked for as JSON shows as code. */
const asJSON = (node) => node.content !== "" && node.parameters?.response_format?.type === "json_object";

function emptyText(node) {
  if (node.content || node.toolCalls?.length || node.error || ["stopped", "interrupted"].includes(node.finish)) return null;
  return node.finish === "length" && node.reasoning ? "The token limit was reached before the answer began." : "The answer is empty.";
}

function statusText(run) {
  const { progress, elapsed } = run.answer;
  if (progress?.total > 0) {
    const cached = progress.cache > 0 ? `, ${count(progress.cache)} of them from the cache` : "";
    return `Reading the prompt: ${count(progress.processed ?? 0)} of ${count(progress.total)} tokens${cached}`;
  }
  if (elapsed < quietMilliseconds) return "\u00a0";
  return run.comments > 0 ? `In the queue for ${duration(elapsed)}` : `Waiting for the server, ${duration(elapsed)}`;
}

/** `64 tok/s · first token 0.12 s · …` */
function numbersLine(node) {
  const s = node.statistics ?? {};
  const parts = [];
  const add = (text, title) => parts.push(h("span", { title }, text));
  if (s.tokensPerSecond) add(`${s.tokensPerSecond >= 100 ? count(Math.round(s.tokensPerSecond)) : s.tokensPerSecond.toFixed(1)} tok/s`, "Tokens per second while answering");
  if (s.firstTokenMilliseconds) add(`first token ${duration(s.firstTokenMilliseconds)}`, "Time from sending to the first token");
  if (s.completionTokens) add(`${count(s.completionTokens)} tokens`, s.reasoningTokens ? `${count(s.reasoningTokens)} of them thinking` : "Length of the answer");
  if (s.promptTokens) add(s.cachedTokens ? `${count(s.cachedTokens)} of ${count(s.promptTokens)} cached` : `prompt ${count(s.promptTokens)}`, "Tokens of the prompt, and how many of them the server still had");
  if (node.finish) add(endings[node.finish] ?? node.finish.slice(0, 40), `Stop reason: ${node.finish.slice(0, 40)}`);
  return parts;
}
