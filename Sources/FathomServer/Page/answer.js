/**
 * One answer while it comes in: what the chunks of a stream add up to.
 *
 * Times are the page's own clock, from the moment the request left. A chunk brings one token as a rule,
 * so chunks are counted until the server's own numbers arrive with the usage chunk.
 *
 * @typedef {{id: string, name: string, arguments: string}} ToolCall
 */
export class Answer {
  content = "";
  reasoning = "";
  /** @type {ToolCall[]} */
  toolCalls = [];
  finish = null;
  usage = null;
  timings = null;
  id = null;
  model = null;
  error = null;
  /** `prompt_progress` of the last chunk that had one. */
  progress = null;
  /** Tokens that have come, as far as chunks tell. */
  reasoningChunks = 0;
  contentChunks = 0;
  /** When things happened, in milliseconds since the request. */
  firstTokenAt = null;
  reasoningFrom = null;
  reasoningUntil = null;
  endedAt = null;

  #now;
  #start;

  /** @param {() => number} [now] a clock in milliseconds */
  constructor(now = () => performance.now()) {
    this.#now = now;
    this.#start = now();
  }

  get elapsed() {
    return this.#now() - this.#start;
  }

  /** How long it has thought, or null before it starts to. */
  get reasoningMilliseconds() {
    if (this.reasoningFrom === null) return null;
    return (this.reasoningUntil ?? this.endedAt ?? this.elapsed) - this.reasoningFrom;
  }

  get reasoningTokens() {
    return whole(this.usage?.completion_tokens_details?.reasoning_tokens) ?? this.reasoningChunks;
  }

  /** @param {any} chunk a `chat.completion.chunk`, an error event or a usage chunk */
  add(chunk) {
    if (chunk?.error) {
      this.error = { message: errorText(chunk.error), code: text(chunk.error.code) };
      return;
    }
    if (typeof chunk?.id === "string") this.id ??= chunk.id;
    if (typeof chunk?.model === "string") this.model ??= chunk.model;
    if (isRecord(chunk?.prompt_progress)) this.progress = chunk.prompt_progress;
    if (isRecord(chunk?.usage)) this.usage = chunk.usage;
    if (isRecord(chunk?.timings)) this.timings = chunk.timings;
    const choice = chunk?.choices?.[0];
    if (!choice) return;
    this.#delta(choice.delta ?? {});
    if (typeof choice.finish_reason === "string") this.finish = choice.finish_reason;
  }

  #delta(delta) {
    const reasoning = text(delta.reasoning_content) ?? text(delta.reasoning);
    const content = text(delta.content);
    if (reasoning) {
      this.firstTokenAt ??= this.elapsed;
      this.reasoningFrom ??= this.elapsed;
      this.reasoningChunks += 1;
      this.reasoning += reasoning;
    }
    if (content) {
      this.firstTokenAt ??= this.elapsed;
      if (this.reasoningFrom !== null) this.reasoningUntil ??= this.elapsed;
      this.contentChunks += 1;
      this.content += content;
    }
    for (const part of Array.isArray(delta.tool_calls) ? delta.tool_calls : []) this.#toolCall(part);
  }

  #toolCall(part) {
    if (!isRecord(part)) return;
    const index = whole(part.index) ?? Math.max(this.toolCalls.length - 1, 0);
    if (index > this.toolCalls.length || index >= 128) return;
    this.firstTokenAt ??= this.elapsed;
    if (this.reasoningFrom !== null) this.reasoningUntil ??= this.elapsed;
    this.contentChunks += 1;
    const call = (this.toolCalls[index] ??= { id: "", name: "", arguments: "" });
    if (text(part.id)) call.id = part.id;
    if (text(part.function?.name)) call.name += part.function.name;
    if (text(part.function?.arguments)) call.arguments += part.function.arguments;
  }

  /** Marks the end, for timers and for tool calls that came without a name. */
  end() {
    this.endedAt ??= this.elapsed;
    this.toolCalls = this.toolCalls.filter(Boolean);
    this.toolCalls.forEach((call, index) => (call.id ||= `call_${index}`));
  }

  /** Whether anything of it is worth keeping. */
  get isEmpty() {
    return !this.content && !this.reasoning && this.toolCalls.length === 0;
  }

  /** The numbers under an answer. */
  statistics() {
    const usage = this.usage ?? {}, timings = this.timings ?? {};
    const completion = whole(usage.completion_tokens) ?? whole(timings.predicted_n) ?? this.reasoningChunks + this.contentChunks;
    const prompt = whole(usage.prompt_tokens) ?? whole(this.progress?.total);
    const spoken = (this.endedAt ?? this.elapsed) - (this.firstTokenAt ?? 0);
    return {
      promptTokens: prompt,
      completionTokens: completion,
      reasoningTokens: this.reasoningTokens || null,
      cachedTokens: whole(usage.prompt_cache_hit_tokens) ?? whole(usage.prompt_tokens_details?.cached_tokens) ?? whole(timings.cache_n),
      firstTokenMilliseconds: this.firstTokenAt,
      reasoningMilliseconds: this.reasoningMilliseconds,
      tokensPerSecond: positive(timings.predicted_per_second) ?? (completion > 1 && spoken > 0 ? ((completion - 1) * 1000) / spoken : null),
    };
  }
}

/** What an error says, whichever way the server wrote it. @param {any} error */
export function errorText(error) {
  if (typeof error === "string") return error;
  return text(error?.message) || "The server reported an error without a message.";
}

const isRecord = (value) => typeof value === "object" && value !== null && !Array.isArray(value);
const text = (value) => (typeof value === "string" ? value : null);
const whole = (value) => (Number.isSafeInteger(value) && value >= 0 ? value : null);
const positive = (value) => (Number.isFinite(value) && value > 0 ? value : null);
