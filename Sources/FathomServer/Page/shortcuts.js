/** Keys: what they do and how they are written on this machine. */

const isApple = /Mac|iPhone|iPad/.test(globalThis.navigator?.platform ?? "");
const command = isApple ? "⌘" : "Ctrl";

/** Whether keys without Ctrl act; people who speak to their computer turn them off (WCAG 2.1.4). */
export const singleKeys = {
  get areOn() {
    return localStorage.getItem("fathom.singleKeys") !== "off";
  },
  set(on) {
    localStorage.setItem("fathom.singleKeys", on ? "on" : "off");
  },
};

const rows = [
  { keys: "Enter", text: "Send; with Shift, a new line" },
  { keys: "Esc", text: "Stop the answer", name: "stop" },
  { keys: `${command} Shift O`, text: "New conversation", name: "startNew", command: true, shift: true, key: "o" },
  { keys: `${command} K`, text: "Search conversations", name: "search", command: true, key: "k" },
  { keys: `${command} B`, text: "Show or hide conversations", name: "sidebar", command: true, key: "b" },
  { keys: `${command} ,`, text: "Settings", name: "settings", command: true, key: "," },
  { keys: "/", text: "Write a message", name: "compose", key: "/" },
  { keys: "↑", text: "In an empty box: edit the last message" },
  { keys: "E", text: "Edit the last message", name: "edit", key: "e" },
  { keys: "R", text: "Answer again", name: "regenerate", key: "r" },
  { keys: "C", text: "Copy the last answer", name: "copy", key: "c" },
  { keys: "T", text: "Unfold or fold the last thoughts", name: "reasoning", key: "t" },
  { keys: "[ ]", text: "Walk the last answer’s branches", name: "branch", key: "[" },
  { keys: "J K", text: "Next and previous message", name: "step", key: "j" },
  { keys: "D", text: "Light or dark", name: "theme", key: "d" },
  { keys: "?", text: "This list", name: "help", key: "?" },
];

export const shortcutRows = () => rows.map(({ keys, text }) => [keys, text]);

/**
 * Which action a key press means, or null.
 *
 * @param {{key: string, ctrlKey: boolean, metaKey: boolean, altKey: boolean, shiftKey: boolean}} event
 * @param {{isTyping: boolean, single: boolean}} where
 * @returns {{name: string, step?: number} | null}
 */
export function action(event, { isTyping, single }) {
  if (event.altKey) return null;
  const key = event.key.toLowerCase();
  if (event.ctrlKey || event.metaKey) {
    const row = rows.find((candidate) => candidate.command && candidate.key === key && Boolean(candidate.shift) === event.shiftKey);
    return row ? { name: row.name } : null;
  }
  if (key === "escape") return { name: "stop" };
  if (isTyping || !single) return null;
  if (key === "[" || key === "]") return { name: "branch", step: key === "]" ? 1 : -1 };
  if (key === "j" || key === "k") return { name: "step", step: key === "j" ? 1 : -1 };
  const row = rows.find((candidate) => !candidate.command && candidate.key === key);
  return row ? { name: row.name } : null;
}
