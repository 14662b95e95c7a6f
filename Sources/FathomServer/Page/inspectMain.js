import { Server } from "./api.js";
import { AttentionView, attentionWords } from "./attentionView.js";
import { CacheView, cacheWords } from "./cacheView.js";
import { paths } from "./config.js";
import { keyDialog } from "./dialogs.js";
import { count, h } from "./dom.js";
import { DraftsView, draftsWords } from "./draftsView.js";
import { ExpertsView, expertsWords } from "./expertsView.js";
import { LookForm } from "./inspectForm.js";
import { readFrames } from "./inspectFrames.js";
import { StageMap } from "./inspectMap.js";
import { firstPrompt, lookBody, lookHash, lookOfHash, standardNumbers } from "./inspectRequest.js";
import { visible } from "./inspectScales.js";
import { Inspection } from "./inspection.js";
import { LensView, lensWords } from "./lensView.js";
import { Notices, watchConnection } from "./notices.js";
import { SamplerView, samplerWords } from "./samplerView.js";
import { SectionView } from "./sectionView.js";
import { themeSwitch } from "./theme.js";
import { TokensView, tokensWords } from "./tokensView.js";

/** The view into the model: one prompt, one pass, a section for each stage of it. */

const element = (id) => document.getElementById(id);
const server = new Server();
const notices = new Notices({ toasts: element("toasts"), banner: element("banner"), announcer: element("announcer") });

/** In the order of a forward pass. `field` is what an `Inspection` calls it; `none` says why a model may lack it. */
const stages = [
  { words: tokensWords, View: TokensView, short: "Tokens", field: "tokens" },
  { words: attentionWords, View: AttentionView, short: "Attention", field: "attention", isInLayer: true },
  { words: cacheWords, View: CacheView, short: "Cache", field: "cache", isInLayer: true },
  { words: expertsWords, View: ExpertsView, short: "Experts", field: "routing", isInLayer: true, none: (look) => (look.model && !look.model.experts ? "This model has no experts: one network in each layer works for all tokens." : null) },
  { words: lensWords, View: LensView, short: "The answer forms", field: "lens" },
  { words: samplerWords, View: SamplerView, short: "Next token", field: "steps", none: (look) => (look.done?.completionTokens === 0 ? "No token was to be written." : null) },
  {
    words: draftsWords, View: DraftsView, short: "Drafting", field: "drafts",
    none: (look) => (look.model && !look.model.drafts ? "This model has no module that drafts: every token takes a pass of its own." : look.done ? "No guess was made in so few tokens." : null),
  },
].map((stage, index) => {
  const section = new SectionView(stage.words, index + 1);
  element("stages").append(section.element);
  return { ...stage, id: stage.words.id, section, view: new stage.View(section) };
});

const map = new StageMap(element("map"), stages.map(({ id, short, isInLayer = false }) => ({ id, short, isInLayer })));
const form = new LookForm(element("look-form"), { look: start, stop });
const story = element("story");
const trouble = element("trouble");

let look = new Inspection();
/** The request in flight. @type {AbortController | null} */
let run = null;
/** Fields that changed since the last frame of the screen. */
const changed = new Set();

async function start(asked) {
  run?.abort();
  const mine = (run = new AbortController());
  look = new Inspection();
  changed.clear();
  history.replaceState(null, "", lookHash(asked));
  form.setRunning(true);
  trouble.hidden = true;
  story.replaceChildren();
  document.body.classList.add("looked");
  for (const stage of stages) set(stage, "waiting", "On its way…");
  notices.announce("The model reads the text.");
  let failure = null;
  try {
    const response = await server.send(paths.look, { body: lookBody(asked), signal: mine.signal });
    await readFrames(response.body, (frame) => mine === run && take(frame));
    if (!look.done && !look.error) failure = "The connection ended before the look was complete.";
  } catch (error) {
    failure = error.name === "AbortError" ? null : error instanceof TypeError ? "The connection broke before the look was complete." : error.message;
  }
  if (mine !== run) return;
  finish(look.error ?? failure);
}

function stop() {
  run?.abort();
}

function take(frame) {
  const field = look.add(frame);
  if (!field) return;
  if (changed.size === 0) requestAnimationFrame(draw);
  changed.add(field);
}

function draw() {
  for (const stage of stages) {
    if (changed.has(stage.field) || (changed.has("done") && hasCome(stage))) {
      set(stage, "here");
      stage.view.update(look);
    } else if (!hasCome(stage) && stage.none?.(look)) {
      set(stage, "none", stage.none(look));
    }
  }
  if (changed.has("model")) {
    map.setLayers(look.model.layers);
    element("model").textContent = look.model.id.split("/").at(-1);
  }
  if (changed.has("tokens") || changed.has("steps")) tell();
  changed.clear();
}

function hasCome({ field }) {
  const value = look[field];
  return value !== null && (value.size ?? value.length ?? 1) > 0;
}

/** @param {string | null} problem */
function finish(problem) {
  const wasStopped = run.signal.aborted;
  run = null;
  draw();
  form.setRunning(false);
  for (const stage of stages) {
    if (!hasCome(stage) && !stage.none?.(look)) set(stage, "missed", wasStopped ? "Stopped before this came." : problem ? "This did not come." : "The server sent nothing for this.");
  }
  trouble.hidden = !problem;
  trouble.textContent = problem ?? "";
  if (!problem) notices.announce(wasStopped ? "Stopped." : `The look is complete: ${count(look.tokens.length)} tokens read, ${count(look.steps.length)} written.`);
}

function set(stage, state, words = null) {
  map.set(stage.id, state);
  if (state !== "here") stage.section.say(words, state === "waiting");
}

/** The text with what the model wrote behind it; each token leads to its draw. */
function tell() {
  story.replaceChildren(h("bdi", { class: "story-prompt" }, look.tokens.map((token) => (token.special ? "" : token.text)).join("")),
    ...look.steps.map((step, index) => h("button", { type: "button", class: "story-token", title: "How this token was drawn", onclick: () => {
      stages.find(({ field }) => field === "steps").view.show(index);
      goTo(samplerWords.id);
    } }, h("bdi", {}, step.chosen.text.trim() ? step.chosen.text : visible(step.chosen.text)))));
}

/** Links within the page leave the address alone, which carries the prompt. */
function goTo(id) {
  element(id)?.focus({ preventScroll: true });
  element(id)?.scrollIntoView();
}

addEventListener("click", (event) => {
  const link = event.target instanceof Element && event.target.closest("a[href^='#']");
  if (!link) return;
  event.preventDefault();
  goTo(link.getAttribute("href").slice(1));
});
addEventListener("keydown", (event) => event.key === "Escape" && !document.querySelector("dialog[open]") && stop());
addEventListener("hashchange", startFromAddress);

function startFromAddress() {
  const asked = lookOfHash(location.hash);
  if (!asked) return;
  form.show(asked);
  start(asked);
}

function example(prompt, chat, title = prompt) {
  return h("li", {}, h("button", { type: "button", class: "button example", onclick: () => {
    const asked = { prompt, chat, numbers: standardNumbers };
    form.show(asked);
    start(asked);
  } }, title));
}

async function loadFacts() {
  let props = {};
  try {
    props = await server.props();
  } catch (error) {
    if (error.name !== "Unreachable" && error.status !== 401) notices.error(error);
    return;
  }
  if (typeof props.model === "string" && !look.model) element("model").textContent = props.model.split("/").at(-1);
  if (props.inspect !== true) notices.toast("This server doesn’t offer the view into the model.", { isError: true });
  const given = Array.isArray(props.examples) ? props.examples.map((entry) => (typeof entry === "string" ? { prompt: entry } : entry)).filter((entry) => typeof entry?.prompt === "string" && entry.prompt.trim()) : [];
  element("examples").replaceChildren(example(firstPrompt, false), ...given.slice(0, 3).map(({ prompt, title }) => example(prompt, true, typeof title === "string" && title ? title : prompt)));
}

server.askForKey = keyDialog;
watchConnection(server, notices, loadFacts);
element("theme").append(themeSwitch());
for (const stage of stages) set(stage, "idle");
await loadFacts();
startFromAddress();
