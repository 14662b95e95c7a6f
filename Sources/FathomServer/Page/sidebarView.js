import { h, icon, iconButton } from "./dom.js";
import { themeSwitch } from "./theme.js";

/** The list of conversations, by day, with search and what concerns them all. */
export class SidebarView {
  #list = h("div", { class: "conversations" });
  #search = h("input", { type: "search", class: "search", placeholder: "Search", "aria-label": "Search conversations" });
  #session;
  #store;
  #act;
  #renaming = null;
  #drawn = 0;

  /**
   * @param {HTMLElement} element
   * @param {import("./session.js").Session} session
   * @param {import("./store.js").Store} store
   * @param {{startNew: () => void, open: (id: string) => void, rename: (id: string, title: string) => void, remove: (summary: any) => void,
   *   exportOne: (id: string) => void, exportAll: () => void, importFile: (file: File) => void, removeAll: () => void, key: () => void, help: () => void, close: () => void}} act
   */
  constructor(element, session, store, act) {
    this.#session = session;
    this.#store = store;
    this.#act = act;
    let timer = 0;
    this.#search.addEventListener("input", () => {
      clearTimeout(timer);
      timer = setTimeout(() => this.update(), 150);
    });
    this.#search.addEventListener("keydown", (event) => {
      if (event.key === "ArrowDown") this.#list.querySelector(".conversation-open")?.focus();
    });
    this.#list.addEventListener("keydown", (event) => this.#walk(event));
    const file = h("input", { type: "file", accept: "application/json,.json", class: "visually-hidden", tabindex: "-1", "aria-hidden": "true", id: "import-file" });
    file.addEventListener("change", () => {
      if (file.files[0]) act.importFile(file.files[0]);
      file.value = "";
    });
    const item = (drawing, label, onclick, danger) => h("button", { type: "button", class: danger ? "menu-item danger" : "menu-item", onclick: () => { menu.open = false; onclick(); } }, drawing && icon(drawing), label);
    const menu = h("details", { class: "menu" }, h("summary", { class: "menu-button", "aria-label": "More", title: "More" }, icon("more")),
      h("div", { class: "menu-items" },
        item("download", "Export all", act.exportAll), item("upload", "Import", () => file.click()), item("trash", "Delete all", act.removeAll, true), h("hr"),
        item("key", "API key", act.key), item("help", "Keyboard shortcuts", act.help)));
    addEventListener("click", (event) => !menu.contains(event.target) && (menu.open = false));
    menu.addEventListener("keydown", (event) => {
      if (event.key !== "Escape" || !menu.open) return;
      event.stopPropagation();
      menu.open = false;
      menu.firstChild.focus();
    });
    const logo = h("img", { src: "/page/logo.svg", alt: "", width: 22, height: 22 });
    element.append(
      h("div", { class: "sidebar-head" }, h("p", { class: "brand" }, logo, "Fathom"), iconButton("close", "Close conversations", act.close, { class: "icon-button narrow-only" })),
      h("button", { type: "button", class: "new-chat", onclick: act.startNew }, icon("plus"), "New conversation"),
      h("div", { class: "search-row" }, icon("search"), this.#search),
      this.#list,
      h("div", { class: "sidebar-foot" }, themeSwitch(), h("span", { class: "spacer" }), menu, file));
  }

  focusSearch() {
    this.#search.focus();
    this.#search.select();
  }

  async update() {
    if (this.#renaming) return;
    const turn = ++this.#drawn;
    const query = this.#search.value.trim();
    let list = await this.#store.summaries();
    if (query) {
      const found = await this.#store.search(query);
      list = list.filter((summary) => found.has(summary.id));
    }
    if (turn !== this.#drawn || this.#renaming) return;
    const focused = document.activeElement?.closest?.(".conversation")?.dataset.id;
    const groups = [];
    let heading = null;
    for (const summary of list) {
      const name = dayName(summary.updated);
      if (name !== heading) groups.push(h("h2", { class: "day" }, name), h("ul", { "aria-label": name }));
      heading = name;
      groups.at(-1).append(this.#row(summary));
    }
    if (!list.length) groups.push(h("p", { class: "nothing" }, query ? "Nothing found." : "Conversations stay in this browser. They will be listed here."));
    this.#list.replaceChildren(...groups);
    this.#rove(this.#list.querySelector("[aria-current]") ?? this.#list.querySelector(".conversation-open"));
    if (focused) this.#list.querySelector(`[data-id="${CSS.escape(focused)}"] .conversation-open`)?.focus();
  }

  #row(summary) {
    const isOpen = summary.id === this.#session.conversation.id;
    const title = summary.title || "Untitled";
    return h("li", { class: "conversation", "data-id": summary.id },
      h("button", { type: "button", class: "conversation-open", "aria-current": isOpen && "page", onclick: () => this.#act.open(summary.id), title },
        h("span", {}, title), this.#session.isRunning(summary.id) && h("i", { class: "running-dot", title: "An answer is coming in" })),
      h("span", { class: "conversation-tools" },
        iconButton("edit", `Rename ${title}`, () => this.#rename(summary)),
        iconButton("download", `Export ${title}`, () => this.#act.exportOne(summary.id)),
        iconButton("trash", `Delete ${title}`, () => this.#act.remove(summary))));
  }

  #rename(summary) {
    const row = this.#list.querySelector(`[data-id="${CSS.escape(summary.id)}"]`);
    const box = h("input", { class: "rename", "aria-label": "Title", value: summary.title, maxlength: 300 });
    this.#renaming = summary.id;
    const close = (keep) => {
      if (this.#renaming !== summary.id) return;
      this.#renaming = null;
      if (keep && box.value.trim() !== summary.title) this.#act.rename(summary.id, box.value);
      else this.update();
    };
    box.addEventListener("keydown", (event) => {
      event.stopPropagation();
      if (event.key === "Enter") close(true);
      if (event.key === "Escape") close(false);
    });
    box.addEventListener("blur", () => close(true));
    row.replaceChildren(box);
    box.select();
  }

  #walk(event) {
    if (event.key !== "ArrowDown" && event.key !== "ArrowUp") return;
    const buttons = [...this.#list.querySelectorAll(".conversation-open")];
    const place = buttons.indexOf(document.activeElement);
    if (place < 0) return;
    event.preventDefault();
    const next = buttons[place + (event.key === "ArrowDown" ? 1 : -1)];
    if (!next) return;
    this.#rove(next);
    next.focus();
  }

  /** One conversation is a stop for Tab; arrows go to the others. A list of hundreds is one stop. */
  #rove(target) {
    for (const button of this.#list.querySelectorAll(".conversation-open")) button.tabIndex = button === target ? 0 : -1;
  }
}

/** Today, Yesterday, This week, then months. */
function dayName(time) {
  const midnight = new Date().setHours(0, 0, 0, 0);
  if (time >= midnight) return "Today";
  if (time >= midnight - 86_400_000) return "Yesterday";
  if (time >= midnight - 6 * 86_400_000) return "This week";
  return new Intl.DateTimeFormat("en", { month: "long", year: "numeric" }).format(time);
}
