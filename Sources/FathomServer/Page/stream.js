/**
 * Server-sent events, from bytes that come in pieces of any size.
 *
 * An event ends at an empty line; lines end with \n, \r or \r\n; a line that starts with a colon is a
 * comment, which this server sends while a request waits. UTF-8 is decoded across pieces.
 *
 * Source: WHATWG HTML §9.2.6, "Interpreting an event stream".
 *
 * @typedef {{type: "data", data: string} | {type: "comment", text: string}} StreamEvent
 */
export class EventReader {
  #decoder = new TextDecoder();
  #rest = "";
  #data = [];

  /** @param {Uint8Array} bytes @returns {StreamEvent[]} the events that these bytes complete */
  push(bytes) {
    return this.#lines(this.#decoder.decode(bytes, { stream: true }));
  }

  #lines(text) {
    const events = [];
    let buffer = this.#rest + text;
    // A \r at the very end may be the first half of \r\n: it waits.
    const waits = buffer.endsWith("\r");
    if (waits) buffer = buffer.slice(0, -1);
    const lines = buffer.split(/\r\n|\n|\r/);
    this.#rest = lines.pop() + (waits ? "\r" : "");
    for (const line of lines) {
      if (line === "") {
        if (this.#data.length) events.push({ type: "data", data: this.#data.join("\n") });
        this.#data = [];
      } else if (line.startsWith(":")) {
        events.push({ type: "comment", text: line.slice(1).trim() });
      } else if (line.startsWith("data:")) {
        this.#data.push(line.slice(line[5] === " " ? 6 : 5));
      } else if (line === "data") {
        this.#data.push("");
      }
    }
    return events;
  }
}

/**
 * Reads a response's events until `[DONE]` or the end of the body.
 *
 * @param {ReadableStream<Uint8Array>} body
 * @param {(event: {type: "comment", text: string} | {type: "chunk", chunk: any}) => void} onEvent
 * @returns {Promise<boolean>} whether the server said `[DONE]`; without it, the answer was cut off
 */
export async function readChunks(body, onEvent) {
  const reader = body.getReader();
  const events = new EventReader();
  try {
    for (;;) {
      const { value, done } = await reader.read();
      if (done) return false;
      for (const event of events.push(value)) {
        if (event.type === "comment") {
          onEvent(event);
        } else if (event.data.startsWith("[DONE]")) {
          return true;
        } else {
          onEvent({ type: "chunk", chunk: parsed(event.data) });
        }
      }
    }
  } finally {
    reader.cancel().catch(() => {});
  }
}

function parsed(data) {
  try {
    return JSON.parse(data);
  } catch {
    return { error: { message: `The server sent an event that isn't JSON: ${data.slice(0, 200)}` } };
  }
}
