/**
 * Conversations in the browser's own database.
 *
 * `conversations` holds whole records, `summaries` what a list shows, so that opening the page reads no
 * message. Where the database is refused (some private windows), a map stands in until the tab closes.
 *
 * @typedef {{id: string, title: string, created: number, updated: number}} Summary
 */
const databaseName = "fathom";

export class Store {
  #database;
  #channel = typeof BroadcastChannel === "undefined" ? null : new BroadcastChannel("fathom.conversations");
  /** Called when another tab changed something, with the identifiers; none means all. */
  onForeignChange = (_identifiers) => {};

  constructor(database) {
    this.#database = database;
    if (this.#channel) this.#channel.onmessage = (event) => this.onForeignChange(event.data);
  }

  /** @returns {Promise<Store>} */
  static async open() {
    try {
      const request = indexedDB.open(databaseName, 1);
      request.onupgradeneeded = () => {
        request.result.createObjectStore("conversations", { keyPath: "id" });
        request.result.createObjectStore("summaries", { keyPath: "id" });
      };
      return new Store(await settled(request));
    } catch {
      return new Store(null);
    }
  }

  #memory = new Map();

  get isLasting() {
    return this.#database !== null;
  }

  /** @returns {Promise<Summary[]>} newest first */
  async summaries() {
    const list = this.#database
      ? await settled(this.#database.transaction("summaries").objectStore("summaries").getAll())
      : [...this.#memory.values()].map(summary);
    return list.sort((a, b) => b.updated - a.updated);
  }

  /** @param {string} id @returns {Promise<any | undefined>} a record for `new Conversation` */
  async load(id) {
    if (!this.#database) return this.#memory.get(id);
    return settled(this.#database.transaction("conversations").objectStore("conversations").get(id));
  }

  async all() {
    if (!this.#database) return [...this.#memory.values()];
    return settled(this.#database.transaction("conversations").objectStore("conversations").getAll());
  }

  /** @param {any[]} records all or none of them are stored */
  async save(...records) {
    if (this.#database) {
      await this.#change((conversations, summaries) => {
        for (const record of records) {
          conversations.put(record);
          summaries.put(summary(record));
        }
      });
    } else {
      for (const record of records) this.#memory.set(record.id, structuredClone(record));
    }
    this.#channel?.postMessage(records.map((record) => record.id));
  }

  /** @param {string} id */
  async delete(id) {
    if (this.#database) {
      await this.#change((conversations, summaries) => {
        conversations.delete(id);
        summaries.delete(id);
      });
    }
    this.#memory.delete(id);
    this.#channel?.postMessage([id]);
  }

  async deleteAll() {
    if (this.#database) {
      await this.#change((conversations, summaries) => {
        conversations.clear();
        summaries.clear();
      });
    }
    this.#memory.clear();
    this.#channel?.postMessage([]);
  }

  /**
   * The conversations whose title or messages contain all words of `query`.
   *
   * @param {string} query
   * @returns {Promise<Set<string>>}
   */
  async search(query) {
    const words = query.toLowerCase().split(/\s+/).filter(Boolean);
    const found = new Set();
    const look = (record) => {
      const text = [record.title, ...record.nodes.map((node) => node.content)].join("\n").toLowerCase();
      if (words.every((word) => text.includes(word))) found.add(record.id);
    };
    if (!this.#database) {
      this.#memory.forEach(look);
      return found;
    }
    const request = this.#database.transaction("conversations").objectStore("conversations").openCursor();
    await new Promise((resolve, reject) => {
      request.onerror = () => reject(request.error);
      request.onsuccess = () => {
        const cursor = request.result;
        if (!cursor) return resolve();
        look(cursor.value);
        cursor.continue();
      };
    });
    return found;
  }

  #change(work) {
    const transaction = this.#database.transaction(["conversations", "summaries"], "readwrite");
    work(transaction.objectStore("conversations"), transaction.objectStore("summaries"));
    return new Promise((resolve, reject) => {
      transaction.oncomplete = () => resolve();
      transaction.onerror = transaction.onabort = () => reject(transaction.error);
    });
  }
}

const summary = ({ id, title, created, updated }) => ({ id, title, created, updated });

function settled(request) {
  return new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
    request.onblocked = () => reject(new Error("another tab holds an older database"));
  });
}
