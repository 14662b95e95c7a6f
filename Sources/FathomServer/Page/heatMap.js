import { h } from "./dom.js";
import { colour, css, currentTheme, ink, legendShares, onThemeChange, position } from "./inspectScales.js";

/**
 * A grid of coloured cells with a choice of rows.
 *
 * The cells are a canvas; what can be chosen are the rows' labels, radio buttons in their own right, so
 * that arrow keys walk them and a screen reader reads them. What a cell says is also in the words and
 * the table that the views put beside it.
 *
 * @typedef {{rows: string[], columns: string[], label: string, place: (row: number, column: number) => number | null,
 *   isMarked?: (row: number, column: number) => boolean, isDim?: (row: number, column: number) => boolean, gapEvery?: number,
 *   foot?: {label: string, numbers: number[]}}} Drawing
 *   `place` is a place on the scale, null leaves the cell empty; `gapEvery` columns stand together; `foot` is a bar for each column
 */
export class HeatMap {
  element;
  chosen = 0;
  #drawing = null;
  #onRow;
  #onCell;
  #name;
  #columns = h("div", { class: "map-columns", "aria-hidden": "true" });
  #rows = h("div", { class: "map-rows", role: "radiogroup" });
  #canvas = h("canvas", { role: "img" });
  #foot = h("div", { class: "map-foot", "aria-hidden": "true", hidden: true });
  #footLabel = h("span", { class: "map-foot-label", "aria-hidden": "true", hidden: true });
  #rowMark = h("span", { class: "map-row-mark", "aria-hidden": "true" });
  #size = 0;
  #offsets = [];
  #shown = 0;

  /**
   * @param {string} name unique on the page
   * @param {string} rowLabel what a row is
   * @param {{onRow: (row: number) => void, onCell?: (row: number | null, column: number | null) => void}} act
   */
  constructor(name, rowLabel, { onRow, onCell = () => {} }) {
    this.#onRow = onRow;
    this.#onCell = onCell;
    this.#name = name;
    this.#rows.setAttribute("aria-label", rowLabel);
    const cells = h("div", { class: "map-cells" }, this.#canvas, this.#rowMark);
    this.element = h("div", { class: "map", dir: "ltr", tabindex: "0", role: "group" }, h("div", { class: "map-inside" }, h("span", { class: "map-corner" }), this.#columns, this.#rows, cells, this.#footLabel, this.#foot));
    this.#canvas.addEventListener("pointermove", (event) => event.pointerType === "mouse" && this.#point(event));
    this.#canvas.addEventListener("pointerleave", () => {
      this.#show(this.chosen);
      this.#onCell(null, null);
    });
    this.#canvas.addEventListener("click", (event) => {
      const row = this.#point(event);
      if (row !== null) this.choose(row);
    });
    new ResizeObserver(() => this.#drawing && this.#fit() !== this.#size && this.#draw()).observe(this.element);
    onThemeChange(() => this.#drawing && this.#paint());
  }

  /** @param {Drawing} drawing @param {number} chosen a row */
  draw(drawing, chosen) {
    const sameRows = this.#drawing && this.#drawing.rows.join("\n") === drawing.rows.join("\n");
    this.#drawing = drawing;
    this.chosen = Math.min(chosen, drawing.rows.length - 1);
    this.element.setAttribute("aria-label", drawing.label);
    this.#canvas.setAttribute("aria-label", drawing.label);
    if (!sameRows) {
      this.#rows.replaceChildren(...drawing.rows.map((text, row) => h("label", { class: "map-row" },
        h("input", { type: "radio", name: this.#name, value: String(row), class: "visually-hidden", onchange: () => this.choose(row), onfocus: () => this.#reveal(row) }), h("bdi", { class: "token" }, text))));
    }
    this.#draw();
    this.#mark();
    this.#reveal(this.chosen);
  }

  /** @param {number} row */
  choose(row) {
    this.chosen = row;
    this.#mark();
    this.#onRow(row);
  }

  #mark() {
    const input = this.#rows.children[this.chosen]?.querySelector("input");
    if (input) input.checked = true;
    this.#place(this.chosen);
  }

  #show(row) {
    if (row === this.#shown) return;
    this.#place(row);
    this.#onRow(row);
  }

  #place(row) {
    this.#shown = row;
    this.#rowMark.style.insetBlockStart = `${row * this.#size}px`;
  }

  /** Brings a row that the keys chose on screen, past the labels that stay. */
  #reveal(row) {
    const box = this.element, top = row * this.#size;
    const room = box.clientHeight - this.#columns.offsetHeight - this.#foot.offsetHeight - this.#size;
    box.scrollTop = Math.min(Math.max(box.scrollTop, top - room), top);
  }

  #point({ offsetX, offsetY }) {
    const row = Math.floor(offsetY / this.#size);
    const column = this.#offsets.findLastIndex((left) => left <= offsetX);
    if (!this.#drawing?.rows[row] || column < 0) return null;
    this.#show(row);
    this.#onCell(row, this.#drawing.place(row, column) === null ? null : column);
    return row;
  }

  /** The cells' edge in pixels: as large as there is room, within what can be read and touched. */
  #fit() {
    const { columns, gapEvery = 0 } = this.#drawing;
    const gaps = gapEvery ? Math.ceil(columns.length / gapEvery) * 6 : 0;
    const room = this.element.clientWidth - this.#rows.offsetWidth - gaps - 2;
    return Math.min(Math.max(Math.floor(room / columns.length), 13), 34);
  }

  #draw() {
    const { columns, gapEvery = 0 } = this.#drawing;
    this.element.style.removeProperty("--cell");
    this.#size = this.#fit();
    this.element.style.setProperty("--cell", `${this.#size}px`);
    this.#offsets = columns.map((_, column) => column * this.#size + (gapEvery ? Math.floor(column / gapEvery) * 6 : 0));
    // Small cells have no room for every number.
    const isShort = columns.every((text) => text.length <= 3);
    const every = isShort && this.#size < 20 ? (columns.length > 99 ? 4 : 2) : 1;
    this.#columns.replaceChildren(...columns.map((text, column) => {
      const label = h("bdi", { class: "token" }, column % every === 0 ? text : "");
      label.style.left = `${this.#offsets[column]}px`;
      return label;
    }));
    this.#columns.style.inlineSize = `${this.#width}px`;
    this.element.classList.toggle("short", isShort);
    this.#drawFoot();
    this.#place(this.#shown);
    this.#paint();
  }

  #drawFoot() {
    const { foot } = this.#drawing;
    this.#foot.hidden = this.#footLabel.hidden = !foot;
    if (!foot) return;
    this.#footLabel.textContent = foot.label;
    const most = Math.max(...foot.numbers, 1);
    this.#foot.replaceChildren(...foot.numbers.map((number, column) => {
      const fill = h("i");
      fill.style.blockSize = `${(number / most) * 100}%`;
      const place = h("span", {}, h("span", { class: "map-foot-bar" }, fill), String(number));
      place.style.left = `${this.#offsets[column]}px`;
      return place;
    }));
  }

  get #width() {
    return (this.#offsets.at(-1) ?? 0) + this.#size;
  }

  #paint() {
    const { rows, columns, place, isMarked, isDim } = this.#drawing;
    const theme = currentTheme(), density = Math.min(devicePixelRatio || 1, 2), size = this.#size;
    this.#canvas.width = this.#width * density;
    this.#canvas.height = rows.length * size * density;
    this.#canvas.style.inlineSize = `${this.#width}px`;
    this.#canvas.style.blockSize = `${rows.length * size}px`;
    const context = this.#canvas.getContext("2d");
    context.scale(density, density);
    for (let row = 0; row < rows.length; row += 1) {
      for (let column = 0; column < columns.length; column += 1) {
        const at = place(row, column);
        if (at === null) continue;
        const ground = colour(at, theme), left = this.#offsets[column], top = row * size;
        context.globalAlpha = isDim?.(row, column) ? 0.28 : 1;
        context.fillStyle = css(ground);
        context.beginPath();
        context.roundRect(left + 0.5, top + 0.5, size - 1, size - 1, Math.min(4, size / 6));
        context.fill();
        context.globalAlpha = 1;
        if (!isMarked?.(row, column)) continue;
        context.fillStyle = ink(ground);
        context.beginPath();
        context.arc(left + size / 2, top + size / 2, Math.max(2, size * 0.16), 0, 2 * Math.PI);
        context.fill();
      }
    }
  }
}

/** A small picture of a head, to choose it by. @param {number} tokens @param {(query: number, key: number) => number} share */
export function thumbnail(tokens, share) {
  const canvas = h("canvas", { "aria-hidden": "true", width: tokens, height: tokens });
  const image = new ImageData(tokens, tokens);
  const theme = currentTheme();
  for (let query = 0; query < tokens; query += 1) {
    for (let key = 0; key <= query; key += 1) image.data.set([...colour(position(share(query, key)), theme), 255], (query * tokens + key) * 4);
  }
  canvas.getContext("2d").putImageData(image, 0, 0);
  return canvas;
}

/** The scale's colours with what they mean. */
export class Legend {
  element;
  #ticks = h("div", { class: "legend-ticks" });

  /** @param {string} title */
  constructor(title) {
    const ramp = h("canvas", { "aria-hidden": "true", width: 128, height: 1 });
    const paint = () => {
      const context = ramp.getContext("2d");
      for (let at = 0; at < 128; at += 1) {
        context.fillStyle = css(colour(at / 127, currentTheme()));
        context.fillRect(at, 0, 1, 1);
      }
    };
    paint();
    onThemeChange(paint);
    this.element = h("div", { class: "legend" }, h("span", {}, title), h("div", { class: "legend-scale" }, ramp, this.#ticks));
  }

  /** @param {[number, string][]} [ticks] places on the scale and words; without, the shares from 0 to 1 */
  set(ticks = legendShares.map((share) => [position(share), `${share * 100}%`])) {
    this.#ticks.replaceChildren(...ticks.map(([at, text]) => {
      const tick = h("span", { class: at === 0 ? "first" : at === 1 ? "last" : "" }, text);
      tick.style.left = `${at * 100}%`;
      return tick;
    }));
    return this;
  }
}
