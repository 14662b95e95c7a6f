/**
 * Everything that names a place on the server, in one spot.
 *
 * All paths are relative to the origin that served the page; nothing else is ever asked.
 */
export const paths = Object.freeze({
  chat: "/v1/chat/completions",
  models: "/v1/models",
  props: "/props",
  health: "/health",
  template: "/apply-template",
  inspect: "/page/inspect.html",
  look: "/inspect",
});

/** Example prompts for a server whose `/props` names none. */
export const fallbackExamples = Object.freeze([
  "Explain in five sentences how latent attention saves memory.",
  "Write a Swift function that merges two sorted arrays, with a test.",
  "Prove that the square root of 2 is irrational.",
  "Compare TCP and QUIC in a short table.",
]);

/** How long a request may be silent before the page says that it waits, in milliseconds. */
export const quietMilliseconds = 700;

/** How much text of one code block is coloured; longer ones stay plain so that typing stays quick. */
export const colouredCharacters = 60_000;

/** Limits of an imported file: what a person could have written, with room to spare. */
export const importLimits = Object.freeze({
  bytes: 64 * 1024 * 1024,
  conversations: 5_000,
  nodes: 20_000,
  text: 4 * 1024 * 1024,
  toolCalls: 128,
});
