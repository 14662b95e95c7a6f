/**
 * How a conversation asks: the system prompt, sampling, tools.
 *
 * Only what a person set is kept and sent; everything else is the server's choice. Each number's row
 * says its name in the request, its bounds and what it does.
 *
 * @typedef {{system?: string, thinking?: "enabled" | "disabled", reasoning_effort?: string, json?: boolean, stop?: string[], tools?: string}
 *   & Object<string, number>} Settings
 */
export const numbers = Object.freeze([
  { name: "temperature", label: "Temperature", minimum: 0, maximum: 2, step: 0.05, help: "0 always takes the likeliest token; higher values dare more." },
  { name: "top_p", label: "Top p", minimum: 0, maximum: 1, step: 0.01, help: "Keeps the likeliest tokens that together reach this probability." },
  { name: "top_k", label: "Top k", minimum: 0, maximum: 1000000, step: 1, whole: true, help: "Keeps this many likeliest tokens; 0 keeps all." },
  { name: "min_p", label: "Min p", minimum: 0, maximum: 1, step: 0.01, help: "Drops tokens less likely than this share of the likeliest." },
  { name: "presence_penalty", label: "Presence penalty", minimum: -2, maximum: 2, step: 0.1, help: "Above 0: prefers tokens that have not come yet." },
  { name: "frequency_penalty", label: "Frequency penalty", minimum: -2, maximum: 2, step: 0.1, help: "Above 0: the more often a token came, the less likely it is." },
  { name: "repetition_penalty", label: "Repetition penalty", minimum: 0.1, maximum: 10, step: 0.05, help: "Above 1: makes tokens that came before less likely." },
  { name: "max_tokens", label: "Longest answer", minimum: 1, maximum: 10000000, step: 1, whole: true, help: "In tokens, thinking included." },
  { name: "seed", label: "Seed", minimum: 0, maximum: Number.MAX_SAFE_INTEGER, step: 1, whole: true, help: "The same seed gives the same answer again." },
]);

export const efforts = Object.freeze(["low", "medium", "high", "max"]);

/**
 * A copy with known fields of the right type and size only; what comes from storage or a file goes
 * through here.
 *
 * @param {any} given
 * @returns {Settings}
 */
export function cleanSettings(given) {
  const clean = {};
  if (typeof given !== "object" || given === null) return clean;
  // Own fields only, whatever the object's prototype is.
  const value = { ...given };
  if (typeof value.system === "string" && value.system) clean.system = value.system.slice(0, 1_000_000);
  if (["enabled", "disabled"].includes(value.thinking)) clean.thinking = value.thinking;
  if (efforts.includes(value.reasoning_effort)) clean.reasoning_effort = value.reasoning_effort;
  if (value.json === true) clean.json = true;
  if (Array.isArray(value.stop)) {
    const stop = value.stop.filter((word) => typeof word === "string" && word).slice(0, 16).map((word) => word.slice(0, 1000));
    if (stop.length) clean.stop = stop;
  }
  if (typeof value.tools === "string" && value.tools.trim()) clean.tools = value.tools.slice(0, 1_000_000);
  for (const row of numbers) {
    const number = value[row.name];
    if (typeof number === "number" && numberError(row, number) === null) clean[row.name] = number;
  }
  return clean;
}

/** What is wrong with a number for its row, or null. @param {typeof numbers[number]} row @param {number} number */
export function numberError(row, number) {
  if (!Number.isFinite(number)) return "a number, please";
  if (row.whole && !Number.isSafeInteger(number)) return "a whole number, please";
  if (number < row.minimum || number > row.maximum) return `between ${row.minimum} and ${row.maximum}`;
  return null;
}

/**
 * Reads the tools' JSON: a list of `{type: "function", function: {…}}`, or of the functions alone.
 *
 * @param {string} text
 * @returns {{tools: any[], error: null} | {tools: null, error: string}}
 */
export function parseTools(text) {
  if (!text.trim()) return { tools: [], error: null };
  let list;
  try {
    list = JSON.parse(text);
  } catch (error) {
    return { tools: null, error: `Not JSON yet: ${error.message}` };
  }
  if (!Array.isArray(list)) list = [list];
  const tools = [];
  for (const [index, entry] of list.entries()) {
    const definition = entry?.type === "function" ? entry.function : entry;
    if (typeof definition?.name !== "string" || !definition.name) return { tools: null, error: `Tool ${index + 1} has no name.` };
    tools.push({ type: "function", function: definition });
  }
  return { tools, error: null };
}

/** How many settings differ from the server's, for the panel's button. @param {Settings} settings */
export const settingsCount = (settings) => Object.keys(cleanSettings(settings)).length;
