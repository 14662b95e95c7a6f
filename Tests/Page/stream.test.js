import assert from "node:assert/strict";
import test from "node:test";
import { Answer } from "../../Sources/FathomServer/Page/answer.js";
import { EventReader, readChunks } from "../../Sources/FathomServer/Page/stream.js";

const bytes = (text) => new TextEncoder().encode(text);
const body = (...parts) => new ReadableStream({
  start(controller) {
    for (const part of parts) controller.enqueue(typeof part === "string" ? bytes(part) : part);
    controller.close();
  },
});

test("events are the same however the bytes are cut", () => {
  const text = ': keep-alive\n\ndata: {"a":"é😀"}\r\n\r\ndata: one\ndata: two\n\nevent: x\rdata:three\r\rdata: [DONE]\n\n';
  const whole = new EventReader().push(bytes(text));
  assert.deepEqual(whole.map((event) => event.data ?? `:${event.text}`), [":keep-alive", '{"a":"é😀"}', "one\ntwo", "three", "[DONE]"]);
  const all = bytes(text);
  for (let cut = 1; cut < all.length; cut += 1) {
    const reader = new EventReader();
    assert.deepEqual([...reader.push(all.slice(0, cut)), ...reader.push(all.slice(cut))], whole, `cut at ${cut}`);
  }
  const reader = new EventReader();
  assert.deepEqual([...all].flatMap((byte) => reader.push(new Uint8Array([byte]))), whole);
});

test("a stream ends at [DONE], and one without it was cut off", async () => {
  const seen = [];
  assert.equal(await readChunks(body('data: {"a":1}\n\n', ": c\n\n", "data: [DONE]\n\ndata: {}\n\n"), (event) => seen.push(event)), true);
  assert.deepEqual(seen, [{ type: "chunk", chunk: { a: 1 } }, { type: "comment", text: "c" }]);
  assert.equal(await readChunks(body('data: {"a":1}\n\n'), () => {}), false);
});

test("an event that is no JSON is an error and not a crash", async () => {
  const seen = [];
  await readChunks(body("data: <html>\n\ndata: [DONE]\n\n"), (event) => seen.push(event));
  assert.match(seen[0].chunk.error.message, /isn't JSON: <html>/);
});

const delta = (value, finish = null) => ({ id: "x", model: "m", choices: [{ index: 0, delta: value, finish_reason: finish }] });

test("an answer adds up reasoning, content and the fragments of calls", () => {
  let now = 0;
  const answer = new Answer(() => now);
  answer.add(delta({ role: "assistant", content: "" }));
  assert.equal(answer.firstTokenAt, null);
  now = 100;
  answer.add(delta({ reasoning_content: "hm" }));
  now = 300;
  assert.equal(answer.reasoningMilliseconds, 200);
  answer.add(delta({ content: "a" }));
  now = 400;
  answer.add(delta({ content: "b" }));
  answer.add(delta({ tool_calls: [{ index: 0, id: "c1", type: "function", function: { name: "f", arguments: "" } }] }));
  answer.add(delta({ tool_calls: [{ index: 0, function: { arguments: '{"x"' } }] }));
  answer.add(delta({ tool_calls: [{ index: 0, function: { arguments: ":1}" } }, { index: 1, id: "c2", function: { name: "g", arguments: "{}" } }] }));
  answer.add(delta({}, "tool_calls"));
  answer.add({ choices: [], usage: { prompt_tokens: 10, completion_tokens: 5, prompt_cache_hit_tokens: 4, completion_tokens_details: { reasoning_tokens: 2 } }, timings: { predicted_per_second: 12.5 } });
  answer.end();
  assert.deepEqual([answer.reasoning, answer.content, answer.finish], ["hm", "ab", "tool_calls"]);
  assert.deepEqual(answer.toolCalls, [{ id: "c1", name: "f", arguments: '{"x":1}' }, { id: "c2", name: "g", arguments: "{}" }]);
  assert.deepEqual(answer.statistics(), { promptTokens: 10, completionTokens: 5, reasoningTokens: 2, cachedTokens: 4, firstTokenMilliseconds: 100, reasoningMilliseconds: 200, tokensPerSecond: 12.5 });
});

test("chunks of the wrong shape change nothing", () => {
  const answer = new Answer(() => 0);
  for (const chunk of [null, 1, "x", [], {}, { choices: null }, { choices: [null] }, delta({ content: 5, reasoning_content: {}, tool_calls: "x" }), delta({ tool_calls: [null, { index: -1 }, { index: 1e9, id: "x" }, { index: "0", function: 7 }] }),
    { choices: [], usage: { prompt_tokens: "many", completion_tokens: -1 }, timings: [] }]) answer.add(chunk);
  answer.end();
  assert.equal(answer.content + answer.reasoning, "");
  assert.ok(answer.toolCalls.length <= 1);
  assert.equal(answer.statistics().promptTokens, null);
});

test("an error in the stream keeps the server's words", () => {
  const answer = new Answer(() => 0);
  answer.add(delta({ content: "half" }));
  answer.add({ error: { message: "out of pages", code: "x" } });
  assert.deepEqual([answer.content, answer.error], ["half", { message: "out of pages", code: "x" }]);
  answer.add({ error: "just words" });
  assert.equal(answer.error.message, "just words");
});
