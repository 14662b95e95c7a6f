import { placeInTriangle } from "./inspection.js";

/** What the views count and compare; nothing here touches the page. */

/** @param {number[]} scores @returns {number[]} shares that add up to 1 */
export function softmax(scores) {
  const largest = Math.max(...scores);
  const raised = scores.map((score) => Math.exp(score - largest));
  const sum = raised.reduce((total, value) => total + value, 0);
  return raised.map((value) => value / sum);
}

/**
 * What one query of one head sees: a row for each key up to its own.
 *
 * @param {import("./inspection.js").Attention} layer
 * @returns {{share: number, score: number | null, latent: number | null, rotary: number | null}[]}
 */
export function keysOf(layer, head, query) {
  const { latent, rotary, scores } = layer.parts;
  return Array.from({ length: query + 1 }, (_, key) => {
    const at = placeInTriangle(query, key);
    const parts = latent && rotary ? { latent: latent[head][at], rotary: rotary[head][at] } : { latent: null, rotary: null };
    const score = parts.latent !== null ? parts.latent + parts.rotary : (scores?.[head][at] ?? null);
    return { share: layer.probabilities[head][at], score, ...parts };
  });
}

/** The largest difference between a head's shares and the softmax of its scores, or null without scores. */
export function softmaxGap(layer, head) {
  let gap = null;
  for (let query = 0; query < layer.tokens; query += 1) {
    const keys = keysOf(layer, head, query);
    if (keys[0].score === null) return null;
    softmax(keys.map((key) => key.score)).forEach((share, key) => (gap = Math.max(gap ?? 0, Math.abs(share - keys[key].share))));
  }
  return gap;
}

/**
 * Where a head looks on average, over all queries but the first, which has no choice.
 *
 * @returns {{first: number, before: number, itself: number, elsewhere: number} | null} shares; null for a single token
 */
export function habit(layer, head) {
  const found = { first: 0, before: 0, itself: 0, elsewhere: 0 };
  for (let query = 1; query < layer.tokens; query += 1) {
    keysOf(layer, head, query).forEach(({ share }, key) => {
      const name = key === query ? "itself" : key === 0 ? "first" : key === query - 1 ? "before" : "elsewhere";
      found[name] += share / (layer.tokens - 1);
    });
  }
  return layer.tokens > 1 ? found : null;
}

/**
 * How evenly tokens are spread over a layer's experts.
 *
 * @param {import("./inspection.js").Routing[]} rows
 * @returns {{counts: number[], idle: number, busiest: number, even: number, variation: number}}
 *   `variation` is the standard deviation over the mean: 0 is even
 */
export function load(rows) {
  const counts = new Array(rows[0]?.scores.length ?? 0).fill(0);
  for (const { experts } of rows) for (const expert of experts) counts[expert] += 1;
  const even = counts.length ? counts.reduce((sum, number) => sum + number, 0) / counts.length : 0;
  const spread = counts.length ? Math.sqrt(counts.reduce((sum, number) => sum + (number - even) ** 2, 0) / counts.length) : 0;
  return { counts, idle: counts.filter((number) => number === 0).length, busiest: Math.max(0, ...counts), even, variation: even > 0 ? spread / even : 0 };
}

/** Scores of a layer as places on the scale: the lowest of all its tokens is 0, the highest 1. */
export function span(rows, field) {
  let low = Infinity, high = -Infinity;
  for (const row of rows) {
    for (const score of row[field]) {
      low = Math.min(low, score);
      high = Math.max(high, score);
    }
  }
  return { low, high, place: (score) => (high > low ? (score - low) / (high - low) : 0) };
}

/**
 * One row for each candidate of a step, in the order of the model's own probabilities, with what each
 * stage makes of it. A candidate that a stage doesn't list is `"out"` where the list is all that was
 * kept, and null where it may only be too unlikely to be listed.
 *
 * @param {import("./inspection.js").Stage[]} stages
 * @returns {{id: number, text: string, shares: (number | "out" | null)[]}[]}
 */
export function candidates(stages) {
  const rows = new Map();
  for (const stage of stages) for (const { id, text } of stage.top) if (!rows.has(id)) rows.set(id, { id, text, shares: [] });
  for (const stage of stages) {
    const shares = new Map(stage.top.map((entry) => [entry.id, entry.probability]));
    const isWhole = stage.top.length >= stage.kept;
    for (const row of rows.values()) row.shares.push(shares.get(row.id) ?? (isWhole ? "out" : null));
  }
  return [...rows.values()];
}

/**
 * How the answer forms: for each layer, where the last layer's first candidate stands.
 *
 * @param {Map<number, import("./inspection.js").Candidate[]>} lens
 * @returns {{answer: import("./inspection.js").Candidate | null, rows: {layer: number, top: any[], place: number, share: number | null}[], settled: number | null}}
 *   `place` −1 and `share` null where it isn't listed; `settled` is the layer from which on it stays first
 */
export function forming(lens) {
  const layers = [...lens].sort(([a], [b]) => a - b);
  const answer = layers.at(-1)?.[1][0] ?? null;
  const rows = layers.map(([layer, top]) => {
    const place = answer ? top.findIndex((entry) => entry.id === answer.id) : -1;
    return { layer, top, place, share: place < 0 ? null : top[place].probability };
  });
  let settled = null;
  for (const row of rows.toReversed()) {
    if (row.place !== 0) break;
    settled = row.layer;
  }
  return { answer, rows, settled };
}

/**
 * Numbers that one token leaves in one layer's cache.
 *
 * @param {any} model the frame's, with `latent`
 * @returns {{latent: number, rotary: number, kept: number, key: number, value: number, plain: number}}
 */
export function numbersKept({ heads, latent }) {
  const key = latent.nope + latent.rotary;
  return { latent: latent.rank, rotary: latent.rotary, kept: latent.rank + latent.rotary, key, value: latent.value, plain: heads * (key + latent.value) };
}
