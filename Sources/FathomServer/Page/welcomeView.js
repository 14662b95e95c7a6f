import { fallbackExamples } from "./config.js";
import { h } from "./dom.js";

/**
 * What an empty conversation shows: whom one talks to, and some things to ask.
 *
 * @param {any} props the server's `/props`; `examples` holds texts or `{title, prompt}`
 * @param {string | null} model
 * @param {(prompt: string) => void} onAsk
 * @returns {HTMLElement}
 */
export function welcome(props, model, onAsk) {
  const given = Array.isArray(props.examples) ? props.examples.map(example).filter(Boolean) : [];
  const examples = (given.length ? given : fallbackExamples.map(example)).slice(0, 6);
  const name = (model ?? props.model ?? "").toString().split("/").at(-1).slice(0, 80);
  return h("div", { class: "welcome" },
    h("img", { src: "/page/logo.svg", alt: "", width: 52, height: 52 }),
    h("h2", {}, "What would you like to know?"),
    h("p", {}, name ? h("span", {}, h("strong", {}, name), " runs on this server. ") : "", "Nothing you write leaves it."),
    h("ul", { class: "examples", "aria-label": "Examples" }, ...examples.map(({ title, prompt }) =>
      h("li", {}, h("button", { type: "button", class: "example", onclick: () => onAsk(prompt) }, title)))));
}

function example(entry) {
  if (typeof entry === "string" && entry.trim()) return { title: entry, prompt: entry };
  if (typeof entry?.prompt === "string" && entry.prompt.trim()) return { title: typeof entry.title === "string" && entry.title ? entry.title : entry.prompt, prompt: entry.prompt };
  return null;
}
