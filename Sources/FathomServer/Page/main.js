import { Server } from "./api.js";
import { ComposerView } from "./composerView.js";
import { confirmDialog, helpDialog, inspectDialog, keyDialog } from "./dialogs.js";
import { copyText, h } from "./dom.js";
import { drafts } from "./drafts.js";
import { HeaderView } from "./headerView.js";
import { MessagesView } from "./messagesView.js";
import { Notices, watchConnection } from "./notices.js";
import { parameters, responseRecord } from "./request.js";
import { Session } from "./session.js";
import { cleanSettings, settingsCount } from "./settings.js";
import { SettingsView } from "./settingsView.js";
import { action, singleKeys } from "./shortcuts.js";
import { SidebarView } from "./sidebarView.js";
import { Store } from "./store.js";
import { toggleTheme } from "./theme.js";
import { exportText, importRecords } from "./transfer.js";
import { welcome } from "./welcomeView.js";

/** Ties the page together: views on one side, the session and the server on the other. */

const element = (id) => document.getElementById(id);
const store = await Store.open();
const server = new Server();
const session = new Session(server, store);
const notices = new Notices({ toasts: element("toasts"), banner: element("banner"), announcer: element("announcer") });
const narrow = matchMedia("(max-width: 56rem)");
const phone = matchMedia("(max-width: 30rem)");

/** What the server told about itself. */
let facts = { models: [], props: {} };
let toldUnsaved = false;

const defaults = () => {
  try {
    return cleanSettings(JSON.parse(localStorage.getItem("fathom.defaults") ?? "{}"));
  } catch {
    return {};
  }
};

// Verbs

const attempt = (work) => work().catch((error) => notices.error(error));

function startNew() {
  session.startNew(defaults());
  history.pushState(null, "", "#");
  if (narrow.matches) setSidebar(false);
  composer.invite();
}

async function openConversation(id, { push = true } = {}) {
  if (!(await session.open(id))) session.startNew(defaults());
  else if (push) history.pushState(null, "", `#${id}`);
  if (narrow.matches) setSidebar(false);
}

function ask(text) {
  if (session.current) return;
  session.ask(text);
  history.replaceState(null, "", `#${session.conversation.id}`);
  messages.follow();
}

function download(name, text) {
  const url = URL.createObjectURL(new Blob([text], { type: "application/json" }));
  h("a", { href: url, download: name }).click();
  setTimeout(() => URL.revokeObjectURL(url), 10_000);
}

const today = () => new Date().toISOString().slice(0, 10);

async function importFile(file) {
  const records = importRecords(await file.text());
  await store.save(...records);
  await sidebar.update();
  notices.toast(records.length === 1 ? "1 conversation imported." : `${records.length} conversations imported.`);
  if (records.length) await openConversation(records[0].id);
}

async function remove({ id, title }) {
  if (!(await confirmDialog("Delete conversation?", `“${title || "Untitled"}” and all its branches will be gone.`, "Delete"))) return;
  drafts.set(id, "");
  const wasOpen = id === session.conversation.id;
  await session.delete(id);
  if (wasOpen) history.replaceState(null, "", "#");
  notices.toast("Deleted.");
}

async function removeAll() {
  const list = await store.summaries();
  if (!(await confirmDialog("Delete all conversations?", `${list.length} conversations and all drafts will be gone from this browser. Export them first if you may want them back.`, "Delete all"))) return;
  drafts.clear();
  await session.deleteAll();
  history.replaceState(null, "", "#");
  notices.toast("All conversations are deleted.");
}

/** The requests behind an answer, or behind the next one. @param {string} [id] */
function inspect(id) {
  const { conversation } = session;
  const node = id && conversation.nodes.get(id);
  let request;
  if (node) {
    request = session.body(conversation.pathTo(node.parent), node.parameters ?? parameters(conversation.settings, node.model));
  } else {
    // As if what stands in the box were sent now.
    const path = conversation.path();
    if (composer.text.trim()) path.push({ role: "user", content: composer.text.trim() });
    request = session.body(path);
  }
  inspectDialog({
    title: node ? "Behind this answer" : "What would be sent",
    request,
    response: node ? responseRecord(node) : null,
    prompt: () => server.prompt(request),
  });
}

function setSettings(open) {
  element("settings").hidden = !open;
  coverStage();
  if (open) {
    settings.show(session.conversation.settings, facts.props.default_generation_settings);
    settings.focus();
  }
  updateHeader();
}

function closeSettings() {
  setSettings(false);
  header.focusSettings();
}

function setSidebar(open) {
  document.body.classList.toggle("sidebar-closed", !open);
  element("sidebar").inert = !open;
  coverStage();
  if (!narrow.matches) localStorage.setItem("fathom.sidebar", open ? "open" : "closed");
  if (open && narrow.matches) element("sidebar").querySelector(".new-chat").focus();
  updateHeader();
}

/** What a panel covers can't be reached by Tab either. */
function coverStage() {
  element("stage").inert = (narrow.matches && isSidebarOpen()) || (phone.matches && settings.isOpen);
}

const isSidebarOpen = () => !document.body.classList.contains("sidebar-closed");

function changeSettings(value) {
  session.conversation.settings = cleanSettings(value);
  if (!session.conversation.isEmpty) session.save();
  updateHeader();
  updateComposer();
}

// Views

const act = {
  edit: (id, text) => {
    attempt(() => session.edit(id, text));
    messages.follow();
    composer.focus();
  },
  regenerate: (id) => {
    attempt(() => session.regenerate(id));
    messages.focus(session.conversation.path().at(-1).id);
    messages.follow();
  },
  walk: (id, step) => {
    const siblings = session.conversation.siblings(id);
    const target = siblings[siblings.indexOf(id) + step];
    session.walk(id, step);
    if (target) messages.focus(target, step);
  },
  sendToolResults: (id, results) => {
    attempt(() => session.sendToolResults(id, results));
    messages.follow();
  },
  inspect,
};

const header = new HeaderView(element("header"), {
  sidebar: () => setSidebar(!isSidebarOpen()),
  model: (id) => {
    session.model = id;
    localStorage.setItem("fathom.model", id);
    updateAll();
  },
  prompt: () => inspect(),
  settings: () => (settings.isOpen ? closeSettings() : setSettings(true)),
  startNew,
});
const messages = new MessagesView(element("scroller"), session, act);
const composer = new ComposerView(element("composer"), session, {
  onAsk: ask,
  onStop: () => session.stop(),
  onThinking: (value) => {
    changeSettings({ ...session.conversation.settings, thinking: value });
    if (settings.isOpen) settings.show(session.conversation.settings, facts.props.default_generation_settings);
  },
  onEditLast: () => messages.editLast(),
});
const settings = new SettingsView(element("settings"), {
  change: changeSettings,
  useForNew: (value) => {
    localStorage.setItem("fathom.defaults", JSON.stringify(cleanSettings(value)));
    notices.toast("New conversations will start with these settings.");
  },
  close: closeSettings,
});
const sidebar = new SidebarView(element("sidebar"), session, store, {
  startNew,
  open: (id) => attempt(() => openConversation(id)),
  rename: (id, title) => attempt(() => session.rename(id, title)),
  remove: (summary) => attempt(() => remove(summary)),
  exportOne: (id) => attempt(async () => download(`fathom-conversation-${today()}.json`, exportText([await store.load(id)]))),
  exportAll: () => attempt(async () => download(`fathom-conversations-${today()}.json`, exportText(await store.all()))),
  importFile: (file) => attempt(() => importFile(file)),
  removeAll: () => attempt(removeAll),
  key: async () => (await keyDialog("")) && loadFacts(),
  help: helpDialog,
  close: () => setSidebar(false),
});

function modelFacts() {
  const model = facts.models.find((candidate) => candidate.id === session.model);
  const length = model?.context_length ?? facts.props.context_length;
  return { contextLength: Number.isFinite(length) && length > 0 ? length : null, reasons: facts.props.reasons === true };
}

function updateComposer() {
  composer.update(modelFacts());
}

function updateHeader() {
  header.setTitle(session.conversation.title);
  header.setState({ settingsOpen: settings.isOpen, settingsCount: settingsCount(session.conversation.settings), sidebarOpen: isSidebarOpen() });
}

function updateWelcome() {
  const isEmpty = session.conversation.isEmpty;
  element("welcome").hidden = !isEmpty;
  document.body.classList.toggle("empty", isEmpty);
  if (isEmpty) element("welcome").replaceChildren(welcome(facts.props, session.model, ask));
}

session.on("opened", () => {
  messages.open();
  composer.open();
  if (settings.isOpen) settings.show(session.conversation.settings, facts.props.default_generation_settings);
  updateAll();
  sidebar.update();
});
session.on("changed", () => {
  messages.update();
  updateAll();
});
session.on("progressed", () => {
  messages.progress();
  updateComposerSoon();
});
session.on("finished", (run) => {
  messages.finish(run);
  updateAll();
  if (run.conversation === session.conversation) {
    notices.announce(run.node.error ? "" : spoken(run.node));
  } else {
    notices.toast(`“${run.conversation.title}” has an answer.`, { action: { label: "Show", run: () => openConversation(run.conversation.id) } });
  }
  sidebar.update();
});
session.on("saved", () => sidebar.update());
session.on("unsaved", (error) => {
  if (!toldUnsaved) notices.toast(`This conversation can’t be stored: ${error?.message ?? "the browser refuses"}. Export it to keep it.`, { isError: true });
  toldUnsaved = true;
});
session.on("replaced", () => {
  messages.open();
  updateAll();
});
store.onForeignChange = (identifiers) => {
  attempt(() => session.refresh(identifiers));
  sidebar.update();
};

function updateAll() {
  updateHeader();
  updateComposer();
  updateWelcome();
}

let composerFrame = 0;
function updateComposerSoon() {
  composerFrame ||= setTimeout(() => {
    composerFrame = 0;
    updateComposer();
  }, 250);
}

/** What a screen reader says of an answer: once, when it is whole. */
function spoken(node) {
  if (node.toolCalls?.length) return `The model calls ${node.toolCalls.map((call) => call.name).join(", ")}.`;
  return node.content ? `Answer: ${node.content.slice(0, 1500)}` : "The answer is empty.";
}

// Keys

const verbs = {
  stop: () => session.stop(),
  startNew,
  search: () => {
    setSidebar(true);
    sidebar.focusSearch();
  },
  sidebar: () => setSidebar(!isSidebarOpen()),
  settings: () => (settings.isOpen ? closeSettings() : setSettings(true)),
  compose: () => composer.focus(),
  edit: () => messages.editLast(),
  regenerate: () => messages.lastAnswer && act.regenerate(messages.lastAnswer.id),
  copy: () => messages.lastAnswer && copyText(messages.lastAnswer.content, document.createElement("button")).then(() => notices.toast("Copied.")),
  reasoning: () => messages.toggleReasoning(),
  branch: ({ step }) => {
    const node = [messages.lastAnswer, messages.lastAsked].find((candidate) => candidate && session.conversation.siblings(candidate.id).length > 1);
    if (node) act.walk(node.id, step);
  },
  step: ({ step }) => messages.step(step),
  theme: toggleTheme,
  help: helpDialog,
};

addEventListener("keydown", (event) => {
  if (event.defaultPrevented || event.isComposing || document.querySelector("dialog[open]")) return;
  const { target } = event;
  const isTyping = target instanceof Element && target.matches("input:not([type=radio], [type=checkbox]), textarea, select");
  const found = action(event, { isTyping, single: singleKeys.areOn });
  if (!found) return;
  if (found.name === "stop") {
    if (narrow.matches && isSidebarOpen()) return setSidebar(false);
    if (!session.current && settings.isOpen && element("settings").contains(target)) return closeSettings();
    return session.stop();
  }
  event.preventDefault();
  verbs[found.name](found);
});

addEventListener("popstate", () => attempt(() => openConversation(location.hash.slice(1), { push: false })));
addEventListener("pagehide", () => session.save());
element("shade").addEventListener("click", () => setSidebar(false));
narrow.addEventListener("change", () => setSidebar(!narrow.matches));

// Start

async function loadFacts() {
  const [models, props] = await Promise.allSettled([server.models(), server.props()]);
  for (const { reason } of [models, props]) if (reason && reason.name !== "Unreachable" && reason.status !== 404 && reason.status !== 401) notices.error(reason);
  facts = { models: models.value ?? [], props: props.value ?? {} };
  const wished = localStorage.getItem("fathom.model");
  const known = facts.models.map((model) => model.id);
  session.model = known.includes(wished) ? wished : (known[0] ?? facts.props.model ?? null);
  header.setModels(facts.models, session.model);
  header.setInspect(facts.props.inspect === true);
  updateAll();
}

server.askForKey = keyDialog;
watchConnection(server, notices, loadFacts);
setSidebar(!narrow.matches && localStorage.getItem("fathom.sidebar") !== "closed");
if (!store.isLasting) notices.toast("This browser refuses to store conversations: they last until the tab closes.", { isError: true });
if (!location.hash.slice(1) || !(await session.open(location.hash.slice(1)))) session.startNew(defaults());
composer.invite();
await loadFacts();
