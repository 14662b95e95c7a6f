/**
 * Lines from bytes that come in pieces of any size; UTF-8 is decoded across pieces.
 *
 * A line of attention may be megabytes long, so what has no end yet is kept in pieces and joined once.
 */
export class LineReader {
  #decoder = new TextDecoder();
  #pieces = [];

  /** @param {Uint8Array} bytes @returns {string[]} the lines that these bytes complete, without empty ones */
  push(bytes) {
    const lines = this.#decoder.decode(bytes, { stream: true }).split("\n");
    const rest = lines.pop();
    if (lines.length) {
      lines[0] = this.#pieces.join("") + lines[0];
      this.#pieces = [];
    }
    this.#pieces.push(rest);
    return lines.filter((line) => line.trim());
  }

  /** @returns {string[]} a last line that nothing ended */
  end() {
    const line = this.#pieces.join("") + this.#decoder.decode();
    this.#pieces = [];
    return line.trim() ? [line] : [];
  }
}

/**
 * Reads a response of one JSON object a line.
 *
 * @param {ReadableStream<Uint8Array>} body
 * @param {(frame: any) => void} onFrame
 * @returns {Promise<void>} when the body ends
 * @throws {Error} if a line isn't a JSON object, or `onFrame` refuses one
 */
export async function readFrames(body, onFrame) {
  const reader = body.getReader();
  const lines = new LineReader();
  try {
    for (;;) {
      const { value, done } = await reader.read();
      for (const line of done ? lines.end() : lines.push(value)) onFrame(parsed(line));
      if (done) return;
    }
  } finally {
    reader.cancel().catch(() => {});
  }
}

function parsed(line) {
  let frame = null;
  try {
    frame = JSON.parse(line);
  } catch {
    // Told below, with what came instead.
  }
  if (typeof frame !== "object" || frame === null) throw new Error(`Expected a line with a JSON object, found: ${line.slice(0, 200)}`);
  return frame;
}
