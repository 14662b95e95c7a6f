import { numberError, numbers } from "./settings.js";

/** What a look asks for, as a form holds it, as a link carries it and as the server is sent it. */

/** The sentence that a first visit finds in the box. */
export const firstPrompt = "The quick white fox jumps over the lazy";

/** Rows of numbers: the sampler's as in a chat, and how far to look. */
export const lookNumbers = Object.freeze([
  { name: "max_tokens", label: "Tokens to write", minimum: 0, maximum: 64, step: 1, whole: true, help: "0 to 64; each is shown as a step." },
  ...["temperature", "top_k", "top_p", "min_p", "seed"].map((name) => numbers.find((row) => row.name === name)),
]);

/**
 * With some of every stage, so that there is something to see; the seed makes a look repeatable.
 *
 * @typedef {{prompt: string, chat: boolean, numbers: Object<string, number>}} Look
 */
export const standardNumbers = Object.freeze({ max_tokens: 8, temperature: 0.8, top_k: 20, top_p: 0.95, seed: 1 });

/** @param {Look} look @returns {any} the body of `POST /inspect` */
export const lookBody = ({ prompt, chat, numbers: given }) => ({ ...(chat ? { messages: [{ role: "user", content: prompt }] } : { prompt }), ...given });

/** @param {Look} look @returns {string} `#prompt=…`, and what differs from the standard */
export function lookHash({ prompt, chat, numbers: given }) {
  const fields = new URLSearchParams({ prompt });
  if (chat) fields.set("chat", "1");
  for (const { name } of lookNumbers) if (given[name] !== standardNumbers[name]) fields.set(name, given[name] ?? "");
  return `#${fields}`;
}

/** @param {string} hash @returns {Look | null} what a link asks for; null where it carries no prompt */
export function lookOfHash(hash) {
  const fields = new URLSearchParams(hash.replace(/^#/, ""));
  const prompt = fields.get("prompt");
  if (!prompt) return null;
  const look = { prompt: prompt.slice(0, 20_000), chat: fields.get("chat") === "1", numbers: { ...standardNumbers } };
  for (const row of lookNumbers) {
    const text = fields.get(row.name);
    if (text === "") delete look.numbers[row.name];
    else if (text !== null && numberError(row, Number(text)) === null) look.numbers[row.name] = Number(text);
  }
  return look;
}
