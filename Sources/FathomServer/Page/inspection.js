/**
 * One look inside a model: what the frames of `POST /inspect` add up to.
 *
 * Every frame is checked when it comes, so that the views draw without asking; one of the wrong shape
 * is refused with its place, what was expected and what was found.
 *
 * @typedef {{id: number, text: string}} Token
 * @typedef {Token & {probability: number}} Candidate
 * @typedef {{heads: number, tokens: number, probabilities: Float32Array[], parts: Object<string, Float32Array[]>}} Attention
 *   lower triangles, one for each head; `parts` holds `latent` and `rotary`, or `scores`, as far as the model has them
 * @typedef {{experts: number[], weights: number[], groups: number[] | null, scores: number[], biased: number[]}} Routing
 * @typedef {{name: string, kept: number, top: Candidate[]}} Stage
 */
export class Inspection {
  model = null;
  /** @type {(Token & {bytes: number[], special: boolean})[]} */
  tokens = [];
  /** By layer. @type {Map<number, Attention>} */
  attention = new Map();
  /** By layer, a row for each token. @type {Map<number, Routing[]>} */
  routing = new Map();
  cache = null;
  /** By layer; −1 is the embedding. @type {Map<number, Candidate[]>} */
  lens = new Map();
  /** @type {{index: number, stages: Stage[], chosen: Candidate & {logProbability: number}}[]} */
  steps = [];
  /** @type {{index: number, drafted: Candidate, accepted: boolean, instead: Token | null}[]} */
  drafts = [];
  done = null;
  /** What the server said when it could not go on. @type {string | null} */
  error = null;

  /**
   * @param {any} frame
   * @returns {string | null} the field that changed; null for a kind that this page doesn't know
   */
  add(frame) {
    const read = Object.hasOwn(readers, frame.kind) ? readers[frame.kind] : null;
    return read ? read(this, new Reading(frame, `frame "${frame.kind}"`)) : null;
  }

  /** The places whose attention is drawn: the first so many tokens. */
  get shownTokens() {
    const [first] = this.attention.values();
    return this.tokens.slice(0, first?.tokens ?? 0);
  }
}

/** Where key `k` of query `q` lies in a triangle: rows follow one another. */
export const placeInTriangle = (query, key) => (query * (query + 1)) / 2 + key;

/** Reads the fields of one frame, and says where something is wrong. */
class Reading {
  constructor(value, place) {
    if (typeof value !== "object" || value === null) throw new Error(`${place}: expected an object, found ${excerpt(value)}`);
    this.value = value;
    this.place = place;
  }

  #need(name, expected, isRight) {
    const value = this.value[name];
    if (!isRight(value)) throw new Error(`${this.place}, "${name}": expected ${expected}, found ${excerpt(value)}`);
    return value;
  }

  number(name) {
    return this.#need(name, "a number", Number.isFinite);
  }

  /** A count; `least` −1 lets the embedding's layer in. */
  whole(name, least = 0) {
    return this.#need(name, `a whole number from ${least}`, (value) => Number.isSafeInteger(value) && value >= least);
  }

  text(name) {
    return this.#need(name, "text", (value) => typeof value === "string");
  }

  flag(name) {
    return this.#need(name, "true or false", (value) => typeof value === "boolean");
  }

  has(name) {
    return this.value[name] !== null && this.value[name] !== undefined;
  }

  object(name) {
    return new Reading(this.value[name], `${this.place}, "${name}"`);
  }

  numbers(name) {
    return this.#need(name, "numbers", (value) => Array.isArray(value) && value.every(Number.isFinite));
  }

  list(name) {
    return this.#need(name, "a list", Array.isArray).map((entry, index) => new Reading(entry, `${this.place}, "${name}" ${index}`));
  }

  /** `[head][query][key ≤ query]` → a triangle for each head. @returns {Float32Array[]} */
  triangles(name, heads) {
    const given = this.#need(name, `${heads} heads`, (value) => Array.isArray(value) && value.length === heads);
    return given.map((rows, head) => {
      const isTriangle = Array.isArray(rows) && rows.length === given[0].length && rows.every((row, query) => Array.isArray(row) && row.length === query + 1 && row.every(Number.isFinite));
      if (!isTriangle) throw new Error(`${this.place}, "${name}", head ${head}: expected ${given[0]?.length} rows of 1, 2, 3… numbers, found ${excerpt(rows)}`);
      return Float32Array.from(rows.flat());
    });
  }
}

const excerpt = (value) => (value === undefined ? "nothing" : JSON.stringify(value).slice(0, 80));

const token = (reading) => ({ id: reading.whole("id"), text: reading.text("text") });
const candidate = (reading) => ({ ...token(reading), probability: reading.number("probability") });

/** A reader for each kind of frame; each says what it changed. */
const readers = {
  model(look, frame) {
    const part = (name, fields) => (frame.has(name) ? Object.fromEntries(fields.map((field) => [field, frame.object(name).whole(field)])) : null);
    const experts = part("experts", ["count", "chosen", "shared"]);
    if (experts) {
      const given = frame.object("experts");
      experts.groups = given.has("groups") ? given.whole("groups") : 1;
      experts.groupsKept = given.has("groups_kept") ? given.whole("groups_kept") : experts.groups;
      experts.scoring = given.has("scoring") ? given.text("scoring") : null;
    }
    look.model = {
      id: frame.text("id"), layers: frame.whole("layers"), heads: frame.whole("heads"), hidden: frame.whole("hidden"), vocabulary: frame.whole("vocabulary"),
      latent: part("latent", ["rank", "rotary", "nope", "value"]), experts,
      firstMixtureLayer: frame.has("first_mixture_layer") ? frame.whole("first_mixture_layer") : null, drafts: frame.flag("drafts"),
    };
    return "model";
  },

  tokens(look, frame) {
    look.tokens = frame.list("tokens").map((entry) => ({ ...token(entry), bytes: entry.numbers("bytes"), special: entry.flag("special") }));
    return "tokens";
  },

  attention(look, frame) {
    const heads = frame.whole("heads", 1);
    const probabilities = frame.triangles("probabilities", heads);
    const parts = {};
    for (const name of ["latent", "rotary", "scores"]) {
      if (!frame.has(name)) continue;
      parts[name] = frame.triangles(name, heads);
      if (parts[name][0].length !== probabilities[0].length) throw new Error(`${frame.place}, "${name}": expected the shape of the probabilities`);
    }
    // n rows hold n (n + 1) / 2 numbers.
    const tokens = Math.round((Math.sqrt(8 * probabilities[0].length + 1) - 1) / 2);
    if (tokens > look.tokens.length) throw new Error(`${frame.place}: expected at most ${look.tokens.length} tokens, found ${tokens}`);
    look.attention.set(frame.whole("layer"), { heads, tokens, probabilities, parts });
    return "attention";
  },

  routing(look, frame) {
    const rows = frame.list("tokens").map((row) => {
      const experts = row.numbers("experts"), scores = row.numbers("scores"), biased = row.has("biased") ? row.numbers("biased") : scores, weights = row.numbers("weights");
      if (weights.length !== experts.length || biased.length !== scores.length || experts.some((expert) => !(expert in scores))) {
        throw new Error(`${row.place}: expected a weight for each expert and experts below ${scores.length}, found ${excerpt(row.value)}`);
      }
      return { experts, weights, scores, biased, groups: row.has("groups") ? row.numbers("groups") : null };
    });
    look.routing.set(frame.whole("layer"), rows);
    return "routing";
  },

  cache(look, frame) {
    look.cache = {
      tokens: frame.whole("tokens"), bytes: frame.whole("bytes"), bytesPerToken: frame.number("bytes_per_token"),
      plainBytes: frame.whole("plain_bytes"), plainBytesPerToken: frame.number("plain_bytes_per_token"), type: frame.text("type"),
    };
    return "cache";
  },

  lens(look, frame) {
    look.lens.set(frame.whole("layer", -1), frame.list("top").map(candidate));
    return "lens";
  },

  step(look, frame) {
    const chosen = frame.object("chosen");
    const stages = frame.list("stages").map((stage) => ({ name: stage.text("name"), kept: stage.whole("kept"), top: stage.list("top").map(candidate) }));
    look.steps.push({ index: frame.whole("index"), stages, chosen: { ...candidate(chosen), logProbability: chosen.number("log_probability") } });
    return "steps";
  },

  draft(look, frame) {
    const instead = frame.has("instead") ? token(frame.object("instead")) : null;
    look.drafts.push({ index: frame.whole("index"), drafted: candidate(frame.object("drafted")), accepted: frame.flag("accepted"), instead });
    return "drafts";
  },

  done(look, frame) {
    const usage = frame.object("usage");
    const drafts = frame.has("drafts") ? frame.object("drafts") : null;
    look.done = { promptTokens: usage.whole("prompt_tokens"), completionTokens: usage.whole("completion_tokens"), drafts: drafts && { made: drafts.whole("made"), accepted: drafts.whole("accepted") } };
    return "done";
  },

  error(look, frame) {
    look.error = frame.text("message");
    return "error";
  },
};
