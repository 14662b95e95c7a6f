import { Answer } from "./answer.js";
import { ServerError, Unreachable } from "./api.js";
import { paths } from "./config.js";
import { Conversation } from "./conversation.js";
import { parameters, requestBody } from "./request.js";
import { readChunks } from "./stream.js";

/**
 * What goes on: the conversation on screen and the answers that are coming in.
 *
 * Views call its verbs and listen to its events; no view changes a conversation by itself. An answer
 * keeps coming while another conversation is on screen. Events: `opened` (another conversation),
 * `replaced` (the same, as another tab left it), `changed` (its messages or branch), `progressed` (an
 * answer grew; the run is passed), `finished`,
 * `saved`, `unsaved` (the error is passed).
 *
 * @typedef {{conversation: Conversation, node: any, answer: Answer, controller: AbortController, comments: number, heard: boolean}} Run
 */
export class Session {
  /** @type {Conversation} */
  conversation = new Conversation();
  model = null;

  #server;
  #store;
  /** Runs by message. @type {Map<string, Run>} */
  #runs = new Map();
  #listeners = new Map();
  #saving = new Map();

  constructor(server, store) {
    this.#server = server;
    this.#store = store;
  }

  /** @param {"opened" | "replaced" | "changed" | "progressed" | "finished" | "saved" | "unsaved"} event @param {(value?: any) => void} listener */
  on(event, listener) {
    this.#listeners.set(event, [...(this.#listeners.get(event) ?? []), listener]);
  }

  #emit(event, value) {
    for (const listener of this.#listeners.get(event) ?? []) listener(value);
  }

  /** The run that writes this message. @param {string} id */
  run(id) {
    return this.#runs.get(id);
  }

  /** The run on screen, if an answer is coming in there. @returns {Run | undefined} */
  get current() {
    return this.conversation.path().map((node) => this.#runs.get(node.id)).find(Boolean);
  }

  isRunning(conversationId) {
    return [...this.#runs.values()].some((run) => run.conversation.id === conversationId);
  }

  // Conversations

  startNew(settings = {}) {
    this.conversation = new Conversation({ settings: structuredClone(settings) });
    this.#emit("opened");
  }

  /** @param {string} id @returns {Promise<boolean>} whether there is one */
  async open(id) {
    if (id === this.conversation.id) return true;
    const running = [...this.#runs.values()].find((run) => run.conversation.id === id);
    if (running) {
      this.conversation = running.conversation;
    } else {
      const record = await this.#store.load(id);
      if (!record) return false;
      this.conversation = new Conversation(record);
      for (const node of this.conversation.nodes.values()) settle(node);
    }
    this.#emit("opened");
    return true;
  }

  /** Another tab changed these: what is on screen follows, unless an answer comes in here. @param {string[]} identifiers */
  async refresh(identifiers) {
    const { id } = this.conversation;
    if (!identifiers.includes(id) || this.isRunning(id)) return;
    const record = await this.#store.load(id);
    if (!record || id !== this.conversation.id || this.isRunning(id)) return;
    this.conversation = new Conversation(record);
    this.#emit("replaced");
  }

  /** @param {string} id @param {string} title */
  async rename(id, title) {
    const conversation = await this.#conversation(id);
    if (!conversation) return;
    conversation.title = title.trim().slice(0, 300);
    conversation.titled = conversation.title !== "";
    conversation.entitle();
    await this.save(conversation);
    if (conversation === this.conversation) this.#emit("changed");
  }

  async delete(id) {
    this.#stopAll((run) => run.conversation.id === id);
    await this.#store.delete(id);
    if (id === this.conversation.id) this.startNew(this.conversation.settings);
    this.#emit("saved");
  }

  async deleteAll() {
    this.#stopAll(() => true);
    await this.#store.deleteAll();
    this.startNew();
    this.#emit("saved");
  }

  async #conversation(id) {
    if (id === this.conversation.id) return this.conversation;
    const running = [...this.#runs.values()].find((run) => run.conversation.id === id);
    if (running) return running.conversation;
    const record = await this.#store.load(id);
    return record && new Conversation(record);
  }

  /** Stores a conversation; an empty one is not worth a line in the list. */
  async save(conversation = this.conversation) {
    clearTimeout(this.#saving.get(conversation.id));
    this.#saving.delete(conversation.id);
    if (conversation.isEmpty) return;
    try {
      await this.#store.save(conversation.record());
      this.#emit("saved");
    } catch (error) {
      this.#emit("unsaved", error);
    }
  }

  #saveSoon(conversation) {
    if (this.#saving.has(conversation.id)) return;
    this.#saving.set(conversation.id, setTimeout(() => this.save(conversation), 1500));
  }

  // Messages

  /** @param {string} content */
  ask(content, parent = this.conversation.path().at(-1)?.id ?? null) {
    const node = this.conversation.append(parent, { role: "user", content });
    this.conversation.updated = Date.now();
    this.conversation.entitle();
    return this.#answer(node.id);
  }

  /** Says something else in a message's place, on a branch of its own. */
  edit(id, content) {
    return this.ask(content, this.conversation.nodes.get(id).parent);
  }

  /** Asks for another answer in the place of `id`. One that brought nothing but an error makes room. */
  regenerate(id) {
    const { parent, content, reasoning, toolCalls } = this.conversation.nodes.get(id);
    if (!content && !reasoning && !toolCalls?.length) this.conversation.remove(id);
    return this.#answer(parent);
  }

  /** @param {string} id the message that called @param {string[]} results in the order of its calls */
  sendToolResults(id, results) {
    const { toolCalls } = this.conversation.nodes.get(id);
    let parent = id;
    toolCalls.forEach((call, index) => {
      parent = this.conversation.append(parent, { role: "tool", toolCallId: call.id, content: results[index] }).id;
    });
    return this.#answer(parent);
  }

  walk(id, step) {
    if (!this.conversation.walk(id, step)) return;
    this.save();
    this.#emit("changed");
  }

  stop() {
    this.current?.controller.abort();
  }

  #stopAll(matches) {
    for (const run of this.#runs.values()) {
      if (!matches(run)) continue;
      // Nothing of it is stored again.
      run.discarded = true;
      clearTimeout(this.#saving.get(run.conversation.id));
      this.#saving.delete(run.conversation.id);
      run.controller.abort();
    }
  }

  /** The body that would be sent for `path`. */
  body(path, parameterRecord = parameters(this.conversation.settings, this.model)) {
    return requestBody(path, this.conversation.settings.system, parameterRecord);
  }

  async #answer(parent) {
    const { conversation } = this;
    this.stop();
    const asked = parameters(conversation.settings, this.model);
    const body = this.body(conversation.pathTo(parent), asked);
    const node = conversation.append(parent, { role: "assistant", state: "streaming", model: this.model, parameters: asked });
    const run = { conversation, node, answer: new Answer(), controller: new AbortController(), comments: 0, heard: false };
    this.#runs.set(node.id, run);
    this.#emit("changed");
    this.save(conversation);
    try {
      const response = await this.#server.send(paths.chat, { body, signal: run.controller.signal });
      const complete = await readChunks(response.body, (event) => this.#hear(run, event));
      if (!complete && !run.answer.error && !run.answer.finish) run.answer.error = { message: "The connection ended before the answer did." };
    } catch (error) {
      this.#fail(run, error);
    }
    run.answer.end();
    keep(run);
    delete node.state;
    conversation.updated = Date.now();
    this.#runs.delete(node.id);
    if (!run.discarded) await this.save(conversation);
    this.#emit("finished", run);
  }

  #hear(run, event) {
    if (event.type === "comment") {
      run.comments += 1;
    } else {
      run.heard = true;
      run.answer.add(event.chunk);
      keep(run);
      this.#saveSoon(run.conversation);
    }
    this.#emit("progressed", run);
  }

  #fail(run, error) {
    if (run.controller.signal.aborted) {
      run.answer.finish = "stopped";
    } else if (error instanceof ServerError) {
      run.answer.error = { message: error.message, status: error.status, code: error.code, retryAfterSeconds: error.retryAfterSeconds };
    } else if (error instanceof Unreachable) {
      run.answer.error = { message: error.message };
    } else if (error instanceof TypeError) {
      // What browsers throw when a connection breaks while a body is read.
      this.#server.onReach(false);
      run.answer.error = { message: "The connection broke before the answer was complete." };
    } else {
      run.answer.error = { message: String(error?.message ?? error) };
    }
  }
}

/** Writes what has come into the message. */
function keep({ node, answer }) {
  node.content = answer.content;
  if (answer.reasoning) node.reasoning = answer.reasoning;
  if (answer.toolCalls.length) node.toolCalls = answer.toolCalls.filter(Boolean);
  node.finish = answer.finish;
  node.error = answer.error;
  node.model = answer.model ?? node.model;
  node.responseId = answer.id;
  node.usage = answer.usage ?? undefined;
  node.timings = answer.timings ?? undefined;
  node.statistics = answer.statistics();
}

/** An answer that was coming in when the page was closed ends where it stood. */
function settle(node) {
  if (node.state !== "streaming") return;
  delete node.state;
  node.finish ??= "interrupted";
}
