import { importLimits as limits } from "./config.js";
import { freshIdentifier } from "./conversation.js";
import { cleanSettings } from "./settings.js";

/**
 * Conversations as a file, out and in.
 *
 * An imported file is a stranger's: every field is checked for its type and size and copied by name, so
 * that nothing else comes along; messages get new identifiers, so that no file can overwrite what is
 * here; a message's parent must come before it.
 */

const format = "fathom-conversations";

/** @param {any[]} records @returns {string} */
export function exportText(records) {
  return JSON.stringify({ format, version: 1, exported: new Date().toISOString(), conversations: records }, null, 1);
}

/** What is wrong with a file, and where. */
export class ImportError extends Error {}

/**
 * @param {string} text
 * @returns {any[]} records for `new Conversation`
 */
export function importRecords(text) {
  if (text.length > limits.bytes) throw new ImportError(`The file is larger than ${limits.bytes / 1048576} MiB.`);
  let file;
  try {
    file = JSON.parse(text);
  } catch (error) {
    throw new ImportError(`The file is not JSON: ${error.message}`);
  }
  if (!isRecord(file) || file.format !== format) throw new ImportError(`The file is not an export of conversations: expected "format": "${format}".`);
  if (file.version !== 1) throw new ImportError(`The file has version ${JSON.stringify(file.version)?.slice(0, 20)}; this page reads version 1.`);
  const list = array(file.conversations, "conversations", limits.conversations);
  return list.map((entry, index) => conversation(entry, `conversations[${index}]`));
}

function conversation(entry, place) {
  if (!isRecord(entry)) throw new ImportError(`${place}: expected an object.`);
  const names = new Map();
  const roles = new Map();
  const nodes = array(entry.nodes, `${place}.nodes`, limits.nodes).map((node, index) => {
    const clean = message(node, `${place}.nodes[${index}]`, names);
    if (clean.role === "tool" && roles.get(clean.parent) === undefined) throw new ImportError(`${place}.nodes[${index}]: a tool's result without a call.`);
    roles.set(clean.id, clean.role);
    return clean;
  });
  const chosen = [];
  for (const pair of array(entry.chosen ?? [], `${place}.chosen`, limits.nodes)) {
    const [from, to] = Array.isArray(pair) ? pair : [];
    const parent = from === "" ? "" : names.get(from), child = names.get(to);
    if (parent !== undefined && child !== undefined) chosen.push([parent, child]);
  }
  return {
    id: freshIdentifier(),
    title: string(entry.title ?? "", `${place}.title`).slice(0, 300),
    titled: entry.titled === true,
    created: time(entry.created),
    updated: time(entry.updated),
    settings: cleanSettings(entry.settings),
    nodes,
    chosen,
  };
}

function message(node, place, names) {
  if (!isRecord(node)) throw new ImportError(`${place}: expected an object.`);
  if (!["user", "assistant", "tool"].includes(node.role)) throw new ImportError(`${place}.role: expected user, assistant or tool.`);
  const old = string(node.id, `${place}.id`);
  if (names.has(old)) throw new ImportError(`${place}.id: appears twice.`);
  let parent = null;
  if (node.parent !== null) {
    parent = names.get(string(node.parent, `${place}.parent`));
    if (parent === undefined) throw new ImportError(`${place}.parent: no message before it has this id.`);
  }
  const id = freshIdentifier();
  names.set(old, id);
  const clean = { id, parent, role: node.role, content: string(node.content, `${place}.content`), created: time(node.created) };
  if (node.reasoning) clean.reasoning = string(node.reasoning, `${place}.reasoning`);
  if (node.toolCallId) clean.toolCallId = string(node.toolCallId, `${place}.toolCallId`).slice(0, 200);
  if (node.finish) clean.finish = string(node.finish, `${place}.finish`).slice(0, 40);
  if (node.model) clean.model = string(node.model, `${place}.model`).slice(0, 200);
  if (isRecord(node.error)) clean.error = { message: string(node.error.message, `${place}.error.message`).slice(0, 4000) };
  if (node.toolCalls) {
    clean.toolCalls = array(node.toolCalls, `${place}.toolCalls`, limits.toolCalls).map((call, index) => {
      const at = `${place}.toolCalls[${index}]`;
      if (!isRecord(call)) throw new ImportError(`${at}: expected an object.`);
      return { id: string(call.id, `${at}.id`).slice(0, 200), name: string(call.name, `${at}.name`).slice(0, 200), arguments: string(call.arguments, `${at}.arguments`) };
    });
  }
  if (isRecord(node.statistics)) clean.statistics = numbers(node.statistics);
  return clean;
}

const statistics = ["promptTokens", "completionTokens", "reasoningTokens", "cachedTokens", "firstTokenMilliseconds", "reasoningMilliseconds", "tokensPerSecond"];

function numbers(record) {
  return Object.fromEntries(statistics.filter((name) => Number.isFinite(record[name]) && record[name] >= 0).map((name) => [name, record[name]]));
}

const isRecord = (value) => typeof value === "object" && value !== null && !Array.isArray(value);

function array(value, place, most) {
  if (!Array.isArray(value)) throw new ImportError(`${place}: expected a list.`);
  if (value.length > most) throw new ImportError(`${place}: more than ${most} entries.`);
  return value;
}

function string(value, place) {
  if (typeof value !== "string") throw new ImportError(`${place}: expected text.`);
  if (value.length > limits.text) throw new ImportError(`${place}: longer than ${limits.text} characters.`);
  return value;
}

/** A date between 2000 and 2200, else now. */
const time = (value) => (Number.isFinite(value) && value > 9.4e11 && value < 7.3e12 ? value : Date.now());
