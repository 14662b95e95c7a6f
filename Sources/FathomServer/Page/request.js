import { cleanSettings, numbers, parseTools } from "./settings.js";

/**
 * What is sent for a path through a conversation.
 *
 * Reasoning goes back only with a message that called tools, as DeepSeek's API wants it: the model then
 * goes on from where it was; elsewhere its template would drop it.
 */

/** @param {import("./settings.js").Settings} settings everything of a request but its messages */
export function parameters(settings, model) {
  const clean = cleanSettings(settings);
  const body = {};
  if (model) body.model = model;
  for (const { name } of numbers) if (clean[name] !== undefined) body[name] = clean[name];
  if (clean.stop) body.stop = clean.stop;
  if (clean.thinking) body.thinking = { type: clean.thinking };
  if (clean.reasoning_effort) body.reasoning_effort = clean.reasoning_effort;
  if (clean.json) body.response_format = { type: "json_object" };
  const { tools } = parseTools(clean.tools ?? "");
  if (tools?.length) body.tools = tools;
  return body;
}

/**
 * @param {import("./conversation.js").Message[]} path
 * @param {string} [system]
 */
export function messages(path, system) {
  const list = system?.trim() ? [{ role: "system", content: system }] : [];
  for (const node of path) {
    if (node.role === "user") {
      list.push({ role: "user", content: node.content });
    } else if (node.role === "tool") {
      list.push({ role: "tool", tool_call_id: node.toolCallId, content: node.content });
    } else if (node.content || node.toolCalls?.length) {
      const message = { role: "assistant", content: node.content };
      if (node.toolCalls?.length) {
        if (node.reasoning) message.reasoning_content = node.reasoning;
        message.tool_calls = node.toolCalls.map((call) => ({ id: call.id, type: "function", function: { name: call.name, arguments: call.arguments } }));
      }
      list.push(message);
    }
  }
  return list;
}

/** The body of a streaming request. */
export function requestBody(path, system, parameterRecord) {
  return {
    ...parameterRecord,
    messages: messages(path, system),
    stream: true,
    stream_options: { include_usage: true },
    return_progress: true,
  };
}

/** What a server without streaming would have replied, from what the page kept. @param {import("./conversation.js").Message} node */
export function responseRecord(node) {
  const message = { role: "assistant", content: node.content };
  if (node.reasoning) message.reasoning_content = node.reasoning;
  if (node.toolCalls?.length) {
    message.tool_calls = node.toolCalls.map((call) => ({ id: call.id, type: "function", function: { name: call.name, arguments: call.arguments } }));
  }
  const record = { id: node.responseId ?? null, object: "chat.completion", model: node.model ?? null, choices: [{ index: 0, message, finish_reason: node.finish ?? null }] };
  if (node.usage) record.usage = node.usage;
  if (node.timings) record.timings = node.timings;
  if (node.error) record.error = node.error;
  return record;
}
