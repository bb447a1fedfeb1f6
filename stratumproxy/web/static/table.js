// A table of any length: only the rows in sight, and some above and below, are in the document.
//
// It is a real <table> with the role of a grid. Rows say their place by aria-rowindex and the table how
// many there are by aria-rowcount; the active row is named by aria-activedescendant, so the focus stays
// on the table while rows come and go. (WAI-ARIA Authoring Practices, "Grid".)

import { h, setAttribute, setText } from "./dom.js";

const SPARE = 8;
/** Milliseconds for which a look at a row may last without a move. */
const READING = 10_000;

/**
 * @typedef {Object} Column
 * @property {string} key what `onSort` is told, and the class of its cells
 * @property {string} label
 * @property {string} [title] the label in full
 * @property {boolean} [number] aligned to the right, and sorted from the highest first
 * @property {(cell: HTMLElement, row: any) => void} fill writes a row's value into its cell
 */

export class Table {
  /**
   * @param {Object} options
   * @param {string} options.id
   * @param {string} options.label what a screen reader calls it
   * @param {Column[]} options.columns
   * @param {(row: any) => string} options.keyOf
   * @param {(row: any) => void} options.open Enter, or a click
   * @param {(key: string) => void} options.onSort
   */
  constructor({ id, label, columns, keyOf, open, onSort }) {
    this.columns = columns;
    this.keyOf = keyOf;
    this.open = open;
    this.id = id;
    this.rows = [];
    this.activeKey = null;
    this.rowHeight = 30;
    this.pool = [];
    this.touched = -Infinity;

    this.headings = columns.map((column) =>
      h(
        "th",
        {
          scope: "col",
          class: `${column.key}${column.number ? " number" : ""}`,
          role: "columnheader",
        },
        h(
          "button",
          { type: "button", title: column.title ?? null, on: { click: () => onSort(column.key) } },
          column.label,
        ),
      ),
    );
    // Without a colspan: columns that the style sheet hides on a phone must not come back by it.
    this.above = h("td", {});
    this.below = h("td", {});
    this.body = h("tbody", {});
    this.table = h(
      "table",
      { id, role: "grid", tabindex: "0", "aria-label": label, "aria-readonly": "true" },
      h("thead", {}, h("tr", { "aria-rowindex": "1" }, ...this.headings)),
      h("tbody", { "aria-hidden": "true", class: "spacer" }, h("tr", {}, this.above)),
      this.body,
      h("tbody", { "aria-hidden": "true", class: "spacer" }, h("tr", {}, this.below)),
    );
    this.element = h("div", { class: "scroller" }, this.table);

    this.element.addEventListener("scroll", () => this.#later(), { passive: true });
    this.table.addEventListener("keydown", (event) => this.#key(event));
    this.body.addEventListener("click", (event) => this.#click(event));
    this.table.addEventListener("focus", () => this.#firstFocus());
    for (const type of ["pointermove", "keydown", "wheel"]) {
      const touch = () => {
        this.touched = performance.now();
      };
      this.table.addEventListener(type, touch, { passive: true });
    }
    new ResizeObserver(() => this.#measure()).observe(this.element);
  }

  /** Whether someone walked or pointed in it lately: then its order had better stay. */
  get busy() {
    return performance.now() - this.touched < READING;
  }

  /** Shows these rows. The active one stays active, wherever it is now. */
  show(rows) {
    this.rows = rows;
    setAttribute(this.table, "aria-rowcount", String(rows.length + 1));
    this.render();
  }

  /** Scrolls to the first row. */
  rewind() {
    this.element.scrollTop = 0;
  }

  /** Marks the sorted column. */
  sorted(key, descending) {
    this.columns.forEach((column, index) => {
      const order = column.key === key ? (descending ? "descending" : "ascending") : null;
      setAttribute(this.headings[index], "aria-sort", order);
    });
  }

  #later() {
    this.frame ??= requestAnimationFrame(() => {
      this.frame = null;
      this.render();
    });
  }

  #measure() {
    const height = parseFloat(getComputedStyle(this.element).getPropertyValue("--row"));
    if (height > 0) this.rowHeight = height;
    this.render();
  }

  /** Brings what is in sight up to date. */
  render() {
    const height = this.element.clientHeight;
    if (!height) return;
    const top = Math.min(
      this.element.scrollTop,
      Math.max(0, this.rows.length * this.rowHeight - height),
    );
    const first = Math.max(0, Math.floor(top / this.rowHeight) - SPARE);
    const last = Math.min(this.rows.length, Math.ceil((top + height) / this.rowHeight) + SPARE);
    while (this.pool.length < last - first) this.pool.push(this.#row());
    while (this.pool.length > last - first) this.pool.pop().line.remove();
    let active = null;
    this.pool.forEach((slot, index) => {
      this.#fill(slot, first + index);
      if (slot.key === this.activeKey) active = slot.line.id;
    });
    setAttribute(this.table, "aria-activedescendant", active);
    this.above.style.height = `${first * this.rowHeight}px`;
    this.below.style.height = `${(this.rows.length - last) * this.rowHeight}px`;
  }

  #row() {
    const cells = this.columns.map((column) =>
      h("td", { class: `${column.key}${column.number ? " number" : ""}`, role: "gridcell" }),
    );
    const line = h("tr", { id: `${this.id}-row-${this.pool.length}` }, ...cells);
    this.body.append(line);
    return { line, cells, key: null };
  }

  #fill(slot, index) {
    const row = this.rows[index];
    slot.key = this.keyOf(row);
    slot.row = row;
    setAttribute(slot.line, "aria-rowindex", String(index + 2));
    setAttribute(slot.line, "aria-selected", slot.key === this.activeKey ? "true" : "false");
    slot.line.classList.toggle("odd", index % 2 === 1);
    this.columns.forEach((column, place) => {
      column.fill(slot.cells[place], row);
    });
  }

  #click(event) {
    const slot = this.pool.find(({ line }) => line.contains(event.target));
    if (!slot || event.target.closest("a") || String(getSelection())) return;
    this.activeKey = slot.key;
    this.open(slot.row);
  }

  #firstFocus() {
    if (this.activeIndex < 0 && this.rows.length) {
      this.#activate(Math.ceil(this.element.scrollTop / this.rowHeight));
    }
  }

  get activeIndex() {
    return this.activeKey === null
      ? -1
      : this.rows.findIndex((row) => this.keyOf(row) === this.activeKey);
  }

  #key(event) {
    if (event.target !== this.table || event.altKey || event.ctrlKey || event.metaKey) return;
    const page = Math.max(1, Math.floor(this.element.clientHeight / this.rowHeight) - 2);
    const at = this.activeIndex;
    const moves = {
      ArrowDown: at + 1,
      ArrowUp: at - 1,
      PageDown: at + page,
      PageUp: at - page,
      Home: 0,
      End: this.rows.length - 1,
    };
    if (event.key in moves && this.rows.length) {
      this.#activate(moves[event.key]);
      event.preventDefault();
    } else if (event.key === "Enter" && at >= 0) {
      this.open(this.rows[at]);
      event.preventDefault();
    }
  }

  #activate(wanted) {
    const index = Math.max(0, Math.min(this.rows.length - 1, wanted));
    this.activeKey = this.keyOf(this.rows[index]);
    const heading = this.table.tHead.offsetHeight;
    const top = index * this.rowHeight;
    const { scrollTop, clientHeight } = this.element;
    if (top < scrollTop) this.element.scrollTop = top;
    else if (top + this.rowHeight > scrollTop + clientHeight - heading) {
      this.element.scrollTop = top + this.rowHeight - clientHeight + heading;
    }
    this.render();
  }
}

/** A column of text made from the row. */
export const text = (make) => (cell, row) => setText(cell, make(row));
