import { AnswerView, UserMessageView } from "./messageView.js";
import { h, icon } from "./dom.js";

/** How many messages are made at once; the rest follows while the browser is idle. */
const portion = 24;

/**
 * The messages on screen.
 *
 * A view lives as long as its message is on the path, so that folding, selections and boxes being typed
 * in survive every update. A growing answer is drawn at most once per frame, and less often when
 * drawing takes long.
 */
export class MessagesView {
  #list = h("div", { class: "messages" });
  #jump = h("button", { type: "button", class: "jump", "aria-label": "Jump to the newest message", title: "Jump to the newest message", onclick: () => this.follow(true) }, icon("down"));
  #scroller;
  #session;
  #act;
  /** @type {Map<string, {view: any, node: any}>} */
  #views = new Map();
  #path = [];
  #from = 0;
  #follows = true;
  #frame = 0;
  #idle = 0;

  /** @param {HTMLElement} scroller @param {import("./session.js").Session} session @param {import("./messageView.js").Actions} act */
  constructor(scroller, session, act) {
    this.#scroller = scroller;
    this.#session = session;
    this.#act = act;
    scroller.append(this.#list);
    scroller.after(this.#jump);
    this.#jump.hidden = true;
    let last = { top: 0, height: 0, room: 0 };
    scroller.addEventListener("scroll", () => {
      const now = { top: scroller.scrollTop, height: scroller.scrollHeight, room: scroller.clientHeight };
      // Content that shrinks scrolls as well; only going up by hand lets go of the end.
      if (this.#distance() < 32) this.#follows = true;
      else if (now.top < last.top - 2 && now.height >= last.height && now.room <= last.room) this.#follows = false;
      last = now;
      this.#jump.hidden = this.#distance() < 160;
    }, { passive: true });
    const observer = new ResizeObserver(() => this.#follows && this.follow());
    observer.observe(this.#list);
    observer.observe(scroller);
    setInterval(() => this.#session.current?.answer.endedAt === null && this.progress(), 200);
  }

  #distance() {
    const { scrollHeight, scrollTop, clientHeight } = this.#scroller;
    return scrollHeight - scrollTop - clientHeight;
  }

  /** Goes to the end and stays there. */
  follow(smooth = false) {
    this.#follows = true;
    const calm = matchMedia("(prefers-reduced-motion: reduce)").matches;
    this.#scroller.scrollTo({ top: this.#scroller.scrollHeight, behavior: smooth && !calm ? "smooth" : "instant" });
  }

  /** Another conversation. */
  open() {
    cancelIdleCallbackOrTimeout(this.#idle);
    this.#views.clear();
    this.#list.replaceChildren();
    this.#from = Infinity;
    this.update();
    this.follow();
  }

  /** The path or its messages changed. */
  update() {
    const whole = this.#session.conversation.path();
    this.#path = whole.filter((node) => node.role !== "tool");
    this.#from = Math.max(0, Math.min(this.#from, this.#path.length - portion));
    const wanted = this.#path.slice(this.#from);
    const ids = new Set(wanted.map((node) => node.id));
    for (const [id, { view }] of this.#views) {
      if (ids.has(id)) continue;
      view.element.remove();
      this.#views.delete(id);
    }
    let before = null;
    for (const node of wanted) {
      const { element } = this.#viewOf(node).view;
      const place = before ? before.nextSibling : this.#list.firstChild;
      if (place !== element) this.#list.insertBefore(element, place);
      before = element;
      this.#refresh(node, whole);
    }
    this.#fillLater();
  }

  #viewOf(node) {
    let entry = this.#views.get(node.id);
    if (!entry) {
      const View = node.role === "user" ? UserMessageView : AnswerView;
      entry = { view: new View(node, this.#act), node };
      this.#views.set(node.id, entry);
    }
    return entry;
  }

  #refresh(node, whole = this.#session.conversation.path()) {
    const { view } = this.#viewOf(node);
    const siblings = this.#session.conversation.siblings(node.id);
    if (node.role === "user") return view.update(siblings);
    const next = whole.indexOf(node) + 1;
    let end = next;
    while (whole[end]?.role === "tool") end += 1;
    view.update(siblings, this.#session.run(node.id), whole.slice(next, end));
  }

  /** Earlier messages of a long conversation, without moving what is on screen. */
  #fillLater() {
    cancelIdleCallbackOrTimeout(this.#idle);
    if (this.#from === 0) return;
    this.#idle = idle(() => {
      const height = this.#scroller.scrollHeight;
      this.#from = Math.max(0, this.#from - portion);
      const { scrollTop } = this.#scroller;
      this.update();
      this.#scroller.scrollTop = scrollTop + (this.#scroller.scrollHeight - height);
    });
  }

  /** An answer grew. */
  progress() {
    if (this.#frame) return;
    this.#frame = requestAnimationFrame(() => {
      const start = performance.now();
      const whole = this.#session.conversation.path();
      for (const node of whole) if (this.#session.run(node.id) && this.#views.has(node.id)) this.#refresh(node, whole);
      const cost = performance.now() - start;
      // A long answer costs more to draw: never more than a third of the time goes into it.
      if (cost > 8) setTimeout(() => (this.#frame = 0), cost * 2);
      else this.#frame = 0;
    });
  }

  /** An answer is complete. */
  finish(run) {
    const whole = this.#session.conversation.path();
    if (whole.includes(run.node)) this.#refresh(run.node, whole);
  }

  /** Puts the focus on a message, or on the branch button in it that was pressed. @param {string} id @param {number} [step] */
  focus(id, step) {
    const element = this.#views.get(id)?.view.element;
    if (!element) return;
    const buttons = [...element.querySelectorAll(".branches .icon-button")];
    const target = step && buttons.length ? (buttons[step < 0 ? 0 : 1].disabled ? buttons[step < 0 ? 1 : 0] : buttons[step < 0 ? 0 : 1]) : element;
    target.focus({ preventScroll: true });
  }

  #last(role) {
    const node = this.#path.findLast((candidate) => candidate.role === role);
    return node && this.#views.get(node.id);
  }

  editLast() {
    this.#last("user")?.view.edit();
  }

  toggleReasoning() {
    this.#last("assistant")?.view.toggleReasoning();
  }

  /** Moves the focus from message to message. @param {number} step */
  step(step) {
    const elements = [...this.#list.children];
    const place = elements.indexOf(document.activeElement?.closest(".message"));
    const target = elements[place < 0 ? elements.length - 1 : Math.min(Math.max(place + step, 0), elements.length - 1)];
    target?.focus();
    target?.scrollIntoView({ block: "nearest" });
  }

  /** @returns {any} the newest answer on screen */
  get lastAnswer() {
    return this.#last("assistant")?.node;
  }

  get lastAsked() {
    return this.#last("user")?.node;
  }
}

const idle = (work) => (window.requestIdleCallback ? requestIdleCallback(work, { timeout: 500 }) : setTimeout(work, 50));
const cancelIdleCallbackOrTimeout = (handle) => (window.cancelIdleCallback ? cancelIdleCallback(handle) : clearTimeout(handle));
