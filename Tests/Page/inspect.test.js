import assert from "node:assert/strict";
import test from "node:test";
import { LineReader, readFrames } from "../../Sources/FathomServer/Page/inspectFrames.js";
import { candidates, forming, habit, keysOf, load, numbersKept, softmax, softmaxGap, span } from "../../Sources/FathomServer/Page/inspectMath.js";
import { firstPrompt, lookBody, lookHash, lookOfHash, standardNumbers } from "../../Sources/FathomServer/Page/inspectRequest.js";
import { bytes as byteWords, colour, decimal, ink, legendShares, luminance, percent, position, visible } from "../../Sources/FathomServer/Page/inspectScales.js";
import { Inspection } from "../../Sources/FathomServer/Page/inspection.js";

const bytes = (text) => new TextEncoder().encode(text);
const body = (...parts) => new ReadableStream({
  start(controller) {
    for (const part of parts) controller.enqueue(bytes(part));
    controller.close();
  },
});

// Frames

test("lines are the same however the bytes are cut", () => {
  const all = bytes('{"a":"é😀"}\r\n\n{"b":1}\n  \n{"c":2}');
  const whole = ['{"a":"é😀"}\r', '{"b":1}', '{"c":2}'];
  for (let cut = 0; cut <= all.length; cut += 1) {
    const lines = new LineReader();
    assert.deepEqual([...lines.push(all.slice(0, cut)), ...lines.push(all.slice(cut)), ...lines.end()], whole, `cut at ${cut}`);
  }
  const lines = new LineReader();
  assert.deepEqual([...[...all].flatMap((byte) => lines.push(new Uint8Array([byte]))), ...lines.end()], whole);
});

test("frames come one by one, and what is no object is refused with what it is", async () => {
  const seen = [];
  await readFrames(body('{"kind":"a"}\n{"ki', 'nd":"b"}\n'), (frame) => seen.push(frame.kind));
  assert.deepEqual(seen, ["a", "b"]);
  for (const line of ["<html>", "7", "null", '"text"']) await assert.rejects(readFrames(body(`{"kind":"a"}\n${line}\n`), () => {}), { message: `Expected a line with a JSON object, found: ${line}` });
  await assert.rejects(readFrames(body('{"kind":"a"}\n'), () => { throw new Error("no"); }), /no/);
});

const token = (id, text, more = {}) => ({ id, text, bytes: [...bytes(text)], special: false, ...more });
const model = { kind: "model", id: "m", layers: 2, heads: 1, hidden: 8, vocabulary: 100, latent: { rank: 4, rotary: 2, nope: 3, value: 3 }, experts: { count: 4, chosen: 2, shared: 1, groups: 2, groups_kept: 1, scoring: "sigmoid" }, first_mixture_layer: 1, drafts: true };
const tokens = { kind: "tokens", tokens: [token(1, "a"), token(2, " b"), token(3, "\n")] };
const latent = [[[0.5], [1, -0.25], [0, 2, 0.125]]], rotary = [[[0], [-0.5, 1], [0.75, -1, 0.5]]];
const attention = { kind: "attention", layer: 1, heads: 1, latent, rotary, probabilities: [latent[0].map((row, query) => softmax(row.map((score, key) => score + rotary[0][query][key])))] };
const row = (experts, groups = [0]) => ({ experts, weights: [0.75, 0.25], groups, scores: [0.5, 0.25, 0, 1], biased: [0.5, 0.5, 0, 0.75] });
const routing = { kind: "routing", layer: 1, tokens: [row([0, 1]), row([1, 0]), row([1, 3], [0, 1])] };
const top = (...pairs) => pairs.map(([id, probability]) => ({ id, text: `t${id}`, probability }));
const step = { kind: "step", index: 0, stages: [{ name: "model", kept: 100, top: top([1, 0.5], [2, 0.25], [3, 0.125]) }, { name: "top_k", kept: 2, top: top([1, 0.75], [2, 0.25]) }], chosen: { id: 2, text: "t2", probability: 0.25, log_probability: -1.386 } };
const draft = { kind: "draft", index: 0, drafted: { id: 5, text: "x", probability: 0.5 }, accepted: false, instead: { id: 6, text: "y" } };
const cache = { kind: "cache", tokens: 3, bytes: 72, bytes_per_token: 24, plain_bytes: 144, plain_bytes_per_token: 48, type: "bf16" };
const done = { kind: "done", usage: { prompt_tokens: 3, completion_tokens: 1 }, drafts: { made: 1, accepted: 0 } };

function looked(...frames) {
  const look = new Inspection();
  for (const frame of frames) look.add(frame);
  return look;
}

test("the frames of a look add up, and each says what it changed", () => {
  const look = new Inspection();
  const lens = { kind: "lens", layer: -1, top: top([7, 0.5]) };
  assert.deepEqual([model, tokens, attention, routing, cache, lens, step, draft, done, { kind: "news" }, { kind: "constructor" }, {}].map((frame) => look.add(frame)),
    ["model", "tokens", "attention", "routing", "cache", "lens", "steps", "drafts", "done", null, null, null]);
  assert.equal(look.attention.get(1).tokens, 3);
  assert.deepEqual(look.shownTokens.map(({ text }) => text), ["a", " b", "\n"]);
  assert.deepEqual([look.model.experts.groupsKept, look.steps[0].chosen.logProbability, look.drafts[0].instead.text, look.lens.get(-1)[0].id, look.done.drafts.made], [1, -1.386, "y", 7, 1]);
  assert.equal(looked({ kind: "error", message: "no page" }).error, "no page");
});

test("a dense network's frames have fields of null", () => {
  const look = looked({ ...model, latent: null, experts: null, first_mixture_layer: null, drafts: false }, tokens,
    { ...attention, latent: null, rotary: null, scores: latent }, { ...done, drafts: null });
  assert.deepEqual([look.model.latent, look.model.experts, look.model.firstMixtureLayer, look.done.drafts], [null, null, null, null]);
  assert.deepEqual(Object.keys(look.attention.get(1).parts), ["scores"]);
  assert.deepEqual(keysOf(look.attention.get(1), 0, 1).map(({ latent: part, score }) => [part, score]), [[null, 1], [null, -0.25]]);
});

test("a frame of the wrong shape is refused with place, expectation and finding", () => {
  const cases = [
    [{ ...cache, tokens: "many" }, 'frame "cache", "tokens": expected a whole number from 0, found "many"'],
    [{ kind: "tokens", tokens: [{ id: 1, text: 5 }] }, 'frame "tokens", "tokens" 0, "text": expected text, found 5'],
    [{ kind: "tokens", tokens: [null] }, 'frame "tokens", "tokens" 0: expected an object, found null'],
    [{ ...attention, heads: 2 }, 'frame "attention", "probabilities": expected 2 heads, found '],
    [{ ...attention, probabilities: [[[1], [1, 0, 0], [1, 0, 0]]] }, 'frame "attention", "probabilities", head 0: expected 3 rows of 1, 2, 3… numbers'],
    [{ ...attention, latent: [[[1], [1, 2]]] }, 'frame "attention", "latent": expected the shape of the probabilities'],
    [{ ...attention, probabilities: [[[1], [1, 0], [1, 0, null]]] }, "expected 3 rows"],
    [{ ...routing, tokens: [{ ...row([0, 9]) }] }, "experts below 4"],
    [{ ...step, stages: {} }, 'frame "step", "stages": expected a list, found {}'],
    [{ kind: "lens", layer: -2, top: [] }, "expected a whole number from -1, found -2"],
    [{ kind: "error" }, 'frame "error", "message": expected text, found nothing'],
  ];
  for (const [frame, words] of cases) assert.throws(() => looked(tokens, frame), (error) => error.message.includes(words) || assert.fail(`${error.message}\nlacks ${words}`));
  assert.throws(() => looked({ kind: "tokens", tokens: [token(1, "a")] }, attention), /at most 1 tokens, found 3/);
});

// Numbers

test("the parts of a score add up to it, and its softmax to the shares", () => {
  const layer = looked(tokens, attention).attention.get(1);
  assert.deepEqual(keysOf(layer, 0, 2).map(({ latent: content, rotary: distance, score }) => [content, distance, score]), [[0, 0.75, 0.75], [2, -1, 1], [0.125, 0.5, 0.625]]);
  assert.ok(softmaxGap(layer, 0) < 1e-6);
  layer.probabilities[0][4] += 0.25;
  assert.ok(Math.abs(softmaxGap(layer, 0) - 0.25) < 1e-6);
  assert.equal(softmaxGap({ ...layer, parts: {} }, 0), null);
  assert.deepEqual(softmax([1000, 1000]), [0.5, 0.5]);
});

test("a head's habit is where it looks on average, without the first query", () => {
  const layer = { tokens: 3, parts: {}, probabilities: [Float32Array.from([1, 0.25, 0.75, 0.5, 0.25, 0.25])] };
  assert.deepEqual(habit(layer, 0), { first: 0.375, before: 0.125, itself: 0.5, elsewhere: 0 });
  assert.equal(habit({ ...layer, tokens: 1 }, 0), null);
});

test("the load of experts counts tokens, the idle and the spread", () => {
  const { routing: layers } = looked(tokens, routing);
  const used = load(layers.get(1));
  assert.deepEqual([used.counts, used.idle, used.busiest, used.even], [[2, 3, 0, 1], 1, 3, 1.5]);
  assert.ok(Math.abs(used.variation - Math.sqrt(1.25) / 1.5) < 1e-12);
  assert.equal(load([]).variation, 0);
  const { low, high, place } = span(layers.get(1), "biased");
  assert.deepEqual([low, high, place(0), place(0.375), place(0.75)], [0, 0.75, 0, 0.5, 1]);
});

test("candidates keep the model's order; out is what a stage dropped, null what it may not have listed", () => {
  const stages = [{ name: "model", kept: 100, top: top([1, 0.5], [2, 0.25]) }, { name: "bias", kept: 100, top: top([9, 0.5], [1, 0.25]) }, { name: "top_k", kept: 2, top: top([9, 0.75], [1, 0.25]) }];
  assert.deepEqual(candidates(stages).map(({ id, shares }) => [id, shares]), [[1, [0.5, 0.25, 0.25]], [2, [0.25, null, "out"]], [9, [null, 0.5, 0.75]]]);
});

test("the answer forms from the layer on where it stays first", () => {
  const lens = new Map([[2, top([7, 0.5], [8, 0.25])], [-1, top([7, 0.1])], [0, top([8, 0.5])], [1, top([7, 0.25], [8, 0.2])]]);
  const { answer, rows, settled } = forming(lens);
  assert.deepEqual([answer.id, settled, rows.map(({ layer, place, share }) => [layer, place, share])], [7, 1, [[-1, 0, 0.1], [0, -1, null], [1, 0, 0.25], [2, 0, 0.5]]]);
  assert.deepEqual(forming(new Map()), { answer: null, rows: [], settled: null });
});

test("numbers kept are those of the formula", () => {
  // DeepSeek-V3: a latent of 512 and a rotary key of 64 beside 128 heads of 128 + 64 and 128.
  assert.deepEqual(numbersKept({ heads: 128, latent: { rank: 512, rotary: 64, nope: 128, value: 128 } }), { latent: 512, rotary: 64, kept: 576, key: 192, value: 128, plain: 40960 });
});

// Scales

const lightness = (rgb) => {
  const y = luminance(rgb);
  return y > 216 / 24389 ? 116 * Math.cbrt(y) - 16 : (y * 24389) / 27;
};

test("equal steps of the scale are equal steps of lightness, up on dark paper and down on light", () => {
  for (const [theme, sign] of [["light", -1], ["dark", 1]]) {
    const steps = Array.from({ length: 11 }, (_, at) => lightness(colour(at / 10, theme)));
    const widths = steps.slice(1).map((value, index) => (value - steps[index]) * sign);
    const mean = widths.reduce((sum, width) => sum + width, 0) / widths.length;
    for (const width of widths) assert.ok(width > 0 && Math.abs(width - mean) < 0.25 * mean, `${theme}: ${widths.map((each) => each.toFixed(1))}`);
  }
  assert.deepEqual(colour(-1, "light"), colour(0, "light"));
});

test("ink on every colour of the scale can be read", () => {
  for (const theme of ["light", "dark"]) {
    for (let at = 0; at <= 100; at += 1) {
      const ground = colour(at / 100, theme);
      const [low, high] = [luminance(ground), ink(ground) === "#ffffff" ? 1 : 0].sort((a, b) => a - b);
      assert.ok((high + 0.05) / (low + 0.05) >= 4.5, `${theme} ${at}`);
    }
  }
});

test("shares, numbers and bytes in words", () => {
  assert.deepEqual([0, 0.0004, 0.012, 0.3417, 0.99999, 1].map(percent), ["0%", "<0.1%", "1.2%", "34%", ">99.9%", "100%"]);
  assert.deepEqual([decimal(-1.234), decimal(-0.001), byteWords(640), byteWords(70_246), byteWords(3 * 1024 ** 3)], ["−1.23", "0.00", "640 B", "68.6 KiB", "3.0 GiB"]);
  assert.deepEqual(legendShares.map(position).map((place) => Number(place.toFixed(2))), [0, 0.22, 0.5, 0.71, 1]);
});

test("white space and what has no shape can be seen", () => {
  assert.deepEqual([" the", "\n\t", "", "\u202egpj", "a\u200b", "e\u0301", "𝄞"].map(visible), ["·the", "⏎⇥", "∅", "⟨202E⟩gpj", "a⟨200B⟩", "e\u0301", "𝄞"]);
});

// What is asked

test("a link carries a look there and back", () => {
  for (const look of [
    { prompt: firstPrompt, chat: false, numbers: { ...standardNumbers } },
    { prompt: "a&b=c #d\n é😀", chat: true, numbers: { max_tokens: 0, temperature: 1.5, min_p: 0.05 } },
  ]) assert.deepEqual(lookOfHash(lookHash(look)), look);
  assert.equal(lookHash({ prompt: "x", chat: false, numbers: standardNumbers }), "#prompt=x");
});

test("a link with nonsense asks for nothing or for the standard", () => {
  for (const hash of ["", "#", "#stages", "#prompt=", "#temperature=1"]) assert.equal(lookOfHash(hash), null);
  assert.deepEqual(lookOfHash("#prompt=x&max_tokens=999&temperature=hot&top_k=1.5&chat=yes&__proto__=1").numbers, standardNumbers);
});

test("the body has the prompt as text or as a message, and what was set", () => {
  assert.deepEqual(lookBody({ prompt: "x", chat: false, numbers: { max_tokens: 2 } }), { prompt: "x", max_tokens: 2 });
  assert.deepEqual(lookBody({ prompt: "x", chat: true, numbers: {} }), { messages: [{ role: "user", content: "x" }] });
});
