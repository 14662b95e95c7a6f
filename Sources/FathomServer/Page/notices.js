import { h, icon, iconButton } from "./dom.js";

/** Messages of the page itself: toasts, the banner of a lost connection, words for screen readers. */
export class Notices {
  #toasts;
  #banner;
  #announcer;

  constructor({ toasts, banner, announcer }) {
    this.#toasts = toasts;
    this.#banner = banner;
    this.#announcer = announcer;
  }

  /** @param {string} text @param {{isError?: boolean, action?: {label: string, run: () => void}}} [options] */
  toast(text, { isError = false, action } = {}) {
    const close = () => {
      clearTimeout(timer);
      toast.remove();
    };
    const toast = h("div", { class: isError ? "toast error" : "toast" }, icon(isError ? "warn" : "check"), h("p", {}, text),
      action && h("button", { type: "button", class: "button", onclick: () => { close(); action.run(); } }, action.label),
      iconButton("close", "Dismiss", close));
    this.#toasts.append(toast);
    while (this.#toasts.children.length > 4) this.#toasts.firstChild.remove();
    // Errors stay until they are read.
    const timer = isError ? 0 : setTimeout(close, 6000);
  }

  /** @param {Error} error */
  error(error, action) {
    this.toast(error.message, { isError: true, action });
  }

  /** @param {string | null} text a line above the conversation, or none */
  banner(text) {
    this.#banner.hidden = !text;
    this.#banner.replaceChildren(...(text ? [h("span", { class: "banner-dot", "aria-hidden": "true" }), text] : []));
  }

  /** Says something to screen readers only. @param {string} text */
  announce(text) {
    this.#announcer.textContent = "";
    // An empty moment makes the same words be read twice.
    setTimeout(() => (this.#announcer.textContent = text), 60);
  }
}

/**
 * Watches a server that went away, more and more patiently, until it is back.
 *
 * @param {import("./api.js").Server} server
 * @param {Notices} notices
 * @param {() => void} onReturn
 */
export function watchConnection(server, notices, onReturn) {
  let timer = 0, wait = 0;
  const look = async () => {
    if (await server.isHealthy()) return back();
    wait = Math.min(wait * 1.5, 15_000);
    timer = setTimeout(look, wait);
  };
  const back = () => {
    if (!timer) return;
    clearTimeout(timer);
    timer = 0;
    notices.banner(null);
    notices.toast("The server is back.");
    onReturn();
  };
  server.onReach = (reached) => {
    if (reached) return back();
    if (timer) return;
    wait = 1500;
    notices.banner("The server can’t be reached. Trying again…");
    timer = setTimeout(look, wait);
  };
  addEventListener("online", () => timer && look());
}
