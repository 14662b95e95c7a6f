import { paths } from "./config.js";
import { errorText } from "./answer.js";

/** What the server said no with. */
export class ServerError extends Error {
  /** @param {string} message @param {{status?: number, code?: string | null, retryAfterSeconds?: number | null}} details */
  constructor(message, { status = 0, code = null, retryAfterSeconds = null } = {}) {
    super(message);
    this.status = status;
    this.code = code;
    this.retryAfterSeconds = retryAfterSeconds;
  }
}

/** No answer at all: the server is gone, or the network. */
export class Unreachable extends Error {
  constructor() {
    super("The server can't be reached. It may have stopped, or be starting.");
  }
}

const keyName = "fathom.key";

/** Where the API key lives: this tab's storage or this device's, by choice. */
export const keyring = {
  get key() {
    return read(sessionStorage) ?? read(localStorage);
  },
  get isRemembered() {
    return read(localStorage) !== null;
  },
  /** @param {string} key @param {boolean} remember beyond this tab */
  keep(key, remember) {
    this.forget();
    (remember ? localStorage : sessionStorage).setItem(keyName, key);
  },
  forget() {
    sessionStorage.removeItem(keyName);
    localStorage.removeItem(keyName);
  },
};

const read = (storage) => storage.getItem(keyName) || null;

/** Talks to the server that this page came from, and to no other. */
export class Server {
  /** Asks a person for the key; resolves to whether one was given. @type {(reason: string) => Promise<boolean>} */
  askForKey = async () => false;
  /** Called with `true` and `false` as the server answers and stops answering. */
  onReach = (_reached) => {};

  #asking = null;

  /**
   * @param {string} path
   * @param {{body?: any, signal?: AbortSignal}} [options] a body makes it a POST
   * @returns {Promise<Response>} with a good status
   */
  async send(path, { body, signal } = {}) {
    for (;;) {
      const headers = {};
      if (body !== undefined) headers["Content-Type"] = "application/json";
      if (keyring.key) headers.Authorization = `Bearer ${keyring.key}`;
      let response;
      try {
        response = await fetch(path, { method: body === undefined ? "GET" : "POST", headers, body: body === undefined ? undefined : JSON.stringify(body), signal, cache: "no-store", credentials: "omit", redirect: "error" });
      } catch (error) {
        if (error.name === "AbortError") throw error;
        this.onReach(false);
        throw new Unreachable();
      }
      this.onReach(true);
      if (response.ok) return response;
      const error = await readError(response);
      if (response.status !== 401 || signal?.aborted) throw error;
      // Several requests may be refused at once; one dialog answers them all.
      this.#asking ??= this.askForKey(error.message).finally(() => (this.#asking = null));
      if (!(await this.#asking)) throw error;
    }
  }

  /** @returns {Promise<any>} */
  async json(path, options) {
    const response = await this.send(path, options);
    try {
      return await response.json();
    } catch {
      throw new ServerError(`${path} did not answer with JSON.`, { status: response.status });
    }
  }

  models() {
    return this.json(paths.models).then((reply) => (Array.isArray(reply?.data) ? reply.data.filter((model) => typeof model?.id === "string") : []));
  }

  props() {
    return this.json(paths.props).then((reply) => (typeof reply === "object" && reply !== null ? reply : {}));
  }

  /** The prompt the model would see. @returns {Promise<string>} */
  prompt(body) {
    return this.json(paths.template, { body }).then((reply) => (typeof reply?.prompt === "string" ? reply.prompt : JSON.stringify(reply, null, 2)));
  }

  /** @returns {Promise<boolean>} whether the server is up and has loaded */
  async isHealthy() {
    try {
      const response = await fetch(paths.health, { cache: "no-store", credentials: "omit" });
      return response.ok;
    } catch {
      return false;
    }
  }
}

async function readError(response) {
  const text = await response.text().catch(() => "");
  const after = Number(response.headers.get("Retry-After"));
  const details = { status: response.status, retryAfterSeconds: after > 0 ? after : null };
  try {
    const body = JSON.parse(text);
    if (body?.error) return new ServerError(errorText(body.error), { ...details, code: typeof body.error.code === "string" ? body.error.code : null });
  } catch {
    // Not JSON: the text itself is what the server said.
  }
  return new ServerError(text.slice(0, 2000).trim() || `The server answered with status ${response.status}.`, details);
}
