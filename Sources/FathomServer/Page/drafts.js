/** Words that were typed and not sent, by conversation, kept over reloads. */
const prefix = "fathom.draft.";
const longest = 200_000;

export const drafts = {
  /** @param {string} id */
  get(id) {
    return localStorage.getItem(prefix + id) ?? "";
  },
  /** @param {string} id @param {string} text */
  set(id, text) {
    try {
      if (text && text.length <= longest) localStorage.setItem(prefix + id, text);
      else localStorage.removeItem(prefix + id);
    } catch {
      // The quota is full: the words stay in the box.
    }
  },
  clear() {
    for (const name of Object.keys(localStorage)) if (name.startsWith(prefix)) localStorage.removeItem(name);
  },
};
