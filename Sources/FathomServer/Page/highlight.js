import { languages } from "./languages.js";

/**
 * Colours code: a walk over the text that asks one language's patterns in order.
 *
 * @param {string} text
 * @param {string} language as written after the fence
 * @returns {{kind: string, text: string}[]} pieces whose texts join to `text`; `plain` for the rest
 */
export function highlight(text, language) {
  const rules = languages.get(language.toLowerCase())?.rules;
  if (!rules) return text ? [{ kind: "plain", text }] : [];
  const pieces = [];
  const add = (kind, part) => {
    const last = pieces.at(-1);
    if (last?.kind === kind) last.text += part;
    else pieces.push({ kind, text: part });
  };
  let at = 0;
  while (at < text.length) {
    const found = match(rules, text, at);
    if (found) {
      add(found.kind, found.text);
      at += found.text.length;
    } else {
      add("plain", text[at]);
      at += 1;
    }
  }
  return pieces;
}

function match(rules, text, at) {
  for (const [kind, pattern] of rules) {
    pattern.lastIndex = at;
    const found = pattern.exec(text)?.[0];
    if (found) return { kind, text: found };
  }
  return null;
}

/** What a reader calls the language: `py` → `Python`; unknown ones keep their name. @param {string} language */
export function languageLabel(language) {
  return languages.get(language.toLowerCase())?.label ?? language.slice(0, 24);
}
