import assert from "node:assert/strict";
import test from "node:test";
import { Conversation } from "../../Sources/FathomServer/Page/conversation.js";
import { messages, parameters, requestBody } from "../../Sources/FathomServer/Page/request.js";
import { cleanSettings, parseTools } from "../../Sources/FathomServer/Page/settings.js";
import { exportText, ImportError, importRecords } from "../../Sources/FathomServer/Page/transfer.js";
import { action } from "../../Sources/FathomServer/Page/shortcuts.js";

const words = (conversation) => conversation.path().map((node) => node.content).join(" ");

function example() {
  const conversation = new Conversation();
  const a = conversation.append(null, { role: "user", content: "a" });
  const b = conversation.append(a.id, { role: "assistant", content: "b" });
  const c = conversation.append(b.id, { role: "user", content: "c" });
  return { conversation, a, b, c };
}

test("editing makes a branch, and walking back finds the old one as it was", () => {
  const { conversation, a, b } = example();
  const again = conversation.append(a.id, { role: "assistant", content: "B" });
  conversation.append(again.id, { role: "user", content: "C" });
  assert.equal(words(conversation), "a B C");
  assert.deepEqual(conversation.siblings(b.id), [b.id, again.id]);
  assert.equal(conversation.walk(again.id, -1), true);
  assert.equal(words(conversation), "a b c");
  assert.equal(conversation.walk(b.id, -1), false);
  conversation.walk(b.id, 1);
  assert.equal(words(conversation), "a B C");
});

test("the first message branches too", () => {
  const { conversation, a } = example();
  const other = conversation.append(null, { role: "user", content: "z" });
  assert.equal(words(conversation), "z");
  assert.deepEqual(conversation.siblings(other.id), [a.id, other.id]);
});

test("removing takes the branch with it and shows a sibling", () => {
  const { conversation, a, b } = example();
  const again = conversation.append(a.id, { role: "assistant", content: "B" });
  conversation.remove(again.id);
  assert.equal(words(conversation), "a b c");
  conversation.remove(b.id);
  assert.equal(words(conversation), "a");
  assert.equal(conversation.nodes.size, 1);
});

test("a record becomes the same conversation again", () => {
  const { conversation, b } = example();
  conversation.append(b.id, { role: "user", content: "d" });
  conversation.entitle();
  const copy = new Conversation(JSON.parse(JSON.stringify(conversation.record())));
  assert.deepEqual(copy.record(), conversation.record());
  assert.equal(words(copy), "a b d");
});

test("titles are the first words, cut between words, until a person gives one", () => {
  const conversation = new Conversation();
  conversation.append(null, { role: "user", content: `one\n two ${"three ".repeat(20)}` });
  conversation.entitle();
  assert.match(conversation.title, /^one two (three )+three…$/);
  conversation.title = "mine";
  conversation.titled = true;
  conversation.entitle();
  assert.equal(conversation.title, "mine");
});

test("the context counts the last answer that said how long it was", () => {
  const { conversation, b } = example();
  assert.equal(conversation.contextTokens(), null);
  b.statistics = { promptTokens: 10, completionTokens: 5 };
  assert.equal(conversation.contextTokens(), 15);
});

test("a request holds what was set and nothing else", () => {
  const { conversation } = example();
  const body = requestBody(conversation.path(), "Be brief.", parameters({ temperature: 0, stop: ["x"], thinking: "disabled", json: true, tools: '[{"name":"f"}]', junk: 1 }, "m"));
  assert.deepEqual(body, {
    model: "m", temperature: 0, stop: ["x"], thinking: { type: "disabled" }, response_format: { type: "json_object" },
    tools: [{ type: "function", function: { name: "f" } }],
    messages: [{ role: "system", content: "Be brief." }, { role: "user", content: "a" }, { role: "assistant", content: "b" }, { role: "user", content: "c" }],
    stream: true, stream_options: { include_usage: true }, return_progress: true,
  });
  assert.deepEqual(parameters({}, null), {});
});

test("reasoning goes back with calls of tools only", () => {
  const path = [
    { role: "user", content: "q" }, { role: "assistant", content: "", reasoning: "r", toolCalls: [{ id: "1", name: "f", arguments: "{}" }] },
    { role: "tool", toolCallId: "1", content: "42" }, { role: "assistant", content: "x", reasoning: "dropped" }, { role: "assistant", content: "", error: { message: "failed" } },
  ];
  assert.deepEqual(messages(path), [
    { role: "user", content: "q" },
    { role: "assistant", content: "", reasoning_content: "r", tool_calls: [{ id: "1", type: "function", function: { name: "f", arguments: "{}" } }] },
    { role: "tool", tool_call_id: "1", content: "42" }, { role: "assistant", content: "x" },
  ]);
});

test("settings from outside keep known fields of the right type", () => {
  assert.deepEqual(cleanSettings({ temperature: "1", top_p: 2, top_k: 1.5, seed: 7, system: 5, stop: [1, "", "a"], thinking: "maybe", reasoning_effort: "high", __proto__: { json: true } }), { seed: 7, stop: ["a"], reasoning_effort: "high" });
  assert.deepEqual(cleanSettings(null), {});
});

test("tools are a list, one tool or bare functions; what is wrong is said", () => {
  assert.equal(parseTools('{"name":"f"}').tools[0].function.name, "f");
  assert.equal(parseTools('[{"type":"function","function":{"name":"g"}}]').tools[0].function.name, "g");
  assert.match(parseTools("[{}]").error, /Tool 1 has no name/);
  assert.match(parseTools("[").error, /Not JSON yet/);
  assert.deepEqual(parseTools(" "), { tools: [], error: null });
});

test("what is exported comes in again, under new names", () => {
  const { conversation, b } = example();
  conversation.entitle();
  b.reasoning = "because";
  b.toolCalls = [{ id: "1", name: "f", arguments: "{}" }];
  conversation.append(b.id, { role: "tool", toolCallId: "1", content: "r" });
  conversation.settings = { temperature: 0.5 };
  const [record] = importRecords(exportText([conversation.record()]));
  const copy = new Conversation(record);
  assert.notEqual(copy.id, conversation.id);
  assert.equal(words(copy), "a b r");
  assert.deepEqual(copy.settings, { temperature: 0.5 });
  assert.equal(copy.path()[1].reasoning, "because");
  for (const id of conversation.nodes.keys()) assert.equal(copy.nodes.has(id), false);
});

test("hostile files are refused with the place, or lose what is foreign", () => {
  const file = (conversation) => JSON.stringify({ format: "fathom-conversations", version: 1, conversations: [conversation] });
  const node = { id: "1", parent: null, role: "user", content: "x" };
  for (const [text, expected] of [
    ["{", /not JSON/], ["[]", /not an export/], ['{"format":"fathom-conversations","version":2,"conversations":[]}', /version 2/],
    [file(null), /conversations\[0\]: expected an object/], [file({ nodes: {} }), /nodes: expected a list/],
    [file({ nodes: [{ ...node, role: "system" }] }), /role: expected/], [file({ nodes: [{ ...node, content: { html: "x" } }] }), /content: expected text/],
    [file({ nodes: [{ ...node, parent: "1" }] }), /no message before it/], [file({ nodes: [{ ...node, parent: "2" }, { ...node, id: "2", parent: "1" }] }), /no message before it/],
    [file({ nodes: [node, node] }), /appears twice/], [file({ nodes: [{ ...node, toolCalls: [{}] }] }), /toolCalls\[0\].id: expected text/],
    [file({ nodes: [{ ...node, role: "tool" }] }), /without a call/], [file({ title: 5, nodes: [] }), /title: expected text/],
  ]) {
    assert.throws(() => importRecords(text), (error) => error instanceof ImportError && expected.test(error.message), text);
  }
  const [record] = importRecords('{"format":"fathom-conversations","version":1,"conversations":[{"title":"<img src=x onerror=alert(1)>","id":"../../x","updated":1e300,"settings":{"system":"s","onclick":"x","__proto__":{"json":true}},' +
    '"nodes":[{"id":"__proto__","parent":null,"role":"user","content":"x","__proto__":{"state":"streaming"},"state":"streaming","parameters":{"model":"evil"},"innerHTML":"x"}],"chosen":[["","__proto__"],[1,2],"x",null,["constructor","toString"]]}]}');
  assert.deepEqual(Object.keys(record.nodes[0]), ["id", "parent", "role", "content", "created"]);
  assert.match(record.nodes[0].id, /^[0-9a-f]{32}$/);
  assert.deepEqual(record.settings, { system: "s" });
  assert.deepEqual(record.chosen, [["", record.nodes[0].id]]);
  assert.ok(record.updated <= Date.now());
});

test("keys act only where no text is typed", () => {
  const key = (name, more = {}) => ({ key: name, ctrlKey: false, metaKey: false, altKey: false, shiftKey: false, ...more });
  assert.deepEqual(action(key("?", { shiftKey: true }), { isTyping: false, single: true }), { name: "help" });
  assert.equal(action(key("?"), { isTyping: true, single: true }), null);
  assert.equal(action(key("r"), { isTyping: false, single: false }), null);
  assert.deepEqual(action(key("k", { ctrlKey: true }), { isTyping: true, single: false }), { name: "search" });
  assert.equal(action(key("c", { ctrlKey: true }), { isTyping: false, single: true }), null);
  assert.deepEqual(action(key("Escape"), { isTyping: true, single: false }), { name: "stop" });
  assert.deepEqual(action(key("]"), { isTyping: false, single: true }), { name: "branch", step: 1 });
});
