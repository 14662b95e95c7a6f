/**
 * A conversation is a tree of messages; what is on screen is one path through it.
 *
 * Editing or regenerating adds a sibling and never changes what was said. `chosen` remembers, for every
 * message, which of its children the path goes through, so that walking back finds the old branch as it
 * was left. A parent always comes before its children in `nodes`, which makes cycles impossible.
 *
 * @typedef {{id: string, parent: string | null, role: "user" | "assistant" | "tool", content: string, reasoning?: string,
 *   toolCalls?: {id: string, name: string, arguments: string}[], toolCallId?: string, created: number, state?: "streaming",
 *   finish?: string | null, error?: {message: string, code?: string | null, status?: number} | null, model?: string | null,
 *   statistics?: Object<string, number | null>, usage?: any, timings?: any, parameters?: any, responseId?: string | null}} Message
 */
export class Conversation {
  /** @param {{id?: string, title?: string, created?: number, updated?: number, titled?: boolean, settings?: any, nodes?: Message[], chosen?: [string, string][]}} [record] */
  constructor(record = {}) {
    this.id = record.id ?? freshIdentifier();
    this.title = record.title ?? "";
    /** Whether a person gave the title; then the page leaves it alone. */
    this.titled = record.titled ?? false;
    this.created = record.created ?? Date.now();
    this.updated = record.updated ?? this.created;
    this.settings = record.settings ?? {};
    /** @type {Map<string, Message>} */
    this.nodes = new Map();
    /** Children by parent; the root's parent is "". @type {Map<string, string[]>} */
    this.children = new Map();
    this.chosen = new Map(record.chosen ?? []);
    for (const node of record.nodes ?? []) this.#insert(node);
  }

  #insert(node) {
    this.nodes.set(node.id, node);
    const key = node.parent ?? "";
    this.children.set(key, [...(this.children.get(key) ?? []), node.id]);
  }

  get isEmpty() {
    return this.nodes.size === 0;
  }

  /**
   * Adds a message under `parent` and makes the path go through it.
   *
   * @param {string | null} parent
   * @param {Partial<Message> & {role: Message["role"]}} message
   * @returns {Message}
   */
  append(parent, message) {
    if (parent !== null && !this.nodes.has(parent)) throw new RangeError(`no message ${parent}`);
    const node = { content: "", created: Date.now(), ...message, id: freshIdentifier(), parent };
    this.#insert(node);
    this.chosen.set(parent ?? "", node.id);
    return node;
  }

  /** The messages on screen, first to last. @returns {Message[]} */
  path() {
    const path = [];
    let key = "";
    for (;;) {
      const siblings = this.children.get(key);
      if (!siblings?.length) return path;
      const chosen = this.chosen.get(key);
      key = siblings.includes(chosen) ? chosen : siblings.at(-1);
      path.push(this.nodes.get(key));
    }
  }

  /** The messages from the first to `id`. @param {string | null} id @returns {Message[]} */
  pathTo(id) {
    const path = [];
    for (let node = this.nodes.get(id); node; node = this.nodes.get(node.parent)) path.push(node);
    return path.reverse();
  }

  /** `id` and what could stand in its place, oldest first. @param {string} id */
  siblings(id) {
    const node = this.nodes.get(id);
    return node ? this.children.get(node.parent ?? "") : [];
  }

  /** Goes `step` branches on from `id`, if there is one. @returns {boolean} whether the path changed */
  walk(id, step) {
    const siblings = this.siblings(id);
    const target = siblings[siblings.indexOf(id) + step];
    if (!target) return false;
    this.chosen.set(this.nodes.get(id).parent ?? "", target);
    return true;
  }

  /** Removes a message and all that follows it on any branch. @param {string} id */
  remove(id) {
    const node = this.nodes.get(id);
    if (!node) return;
    const key = node.parent ?? "";
    const siblings = this.children.get(key).filter((sibling) => sibling !== id);
    this.children.set(key, siblings);
    if (this.chosen.get(key) === id) {
      if (siblings.length) this.chosen.set(key, siblings.at(-1));
      else this.chosen.delete(key);
    }
    const doomed = [id];
    while (doomed.length) {
      const next = doomed.pop();
      doomed.push(...(this.children.get(next) ?? []));
      this.children.delete(next);
      this.chosen.delete(next);
      this.nodes.delete(next);
    }
  }

  /** A title from the first words, unless there is one. */
  entitle() {
    if (this.titled || this.title) return;
    const first = [...this.nodes.values()].find((node) => node.role === "user");
    const words = (first?.content ?? "").replace(/\s+/g, " ").trim();
    this.title = words.length > 60 ? `${words.slice(0, 60).replace(/\s\S*$/, "")}…` : words;
  }

  /** Tokens of the context after the last answer on screen, or null where no answer said so. */
  contextTokens() {
    const last = this.path().findLast((node) => node.statistics?.promptTokens);
    return last ? last.statistics.promptTokens + (last.statistics.completionTokens ?? 0) : null;
  }

  /** A plain record, for storing and exporting. */
  record() {
    const { id, title, titled, created, updated, settings } = this;
    return { id, title, titled, created, updated, settings, nodes: [...this.nodes.values()], chosen: [...this.chosen] };
  }
}

/** 128 random bits. `crypto.randomUUID` exists only on https and localhost. */
export function freshIdentifier() {
  return [...crypto.getRandomValues(new Uint8Array(16))].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}
