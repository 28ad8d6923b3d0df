/** Draws the rows that are in view, and no others, however many there are. */

import { t, time } from "../i18n.js";
import { element } from "./dom.js";
import { nameOf, telling } from "./names.js";
import { idText, nameIn } from "./people.js";

const ROW_REM = 3.5;
const BEYOND = 4;
const LEVELS = ["unknown", "normal", "routine", "urgent", "critical"];

/** How urgent a recording is: "unreadable", or a name of `LEVELS`. */
export const levelOf = ({ state, urgency }) => (state === "interpreted" ? LEVELS[urgency] : "unreadable");

/** A grid of recordings. Fires "open" with a recording, and "move" when another row is the active one. */
export class Table extends EventTarget {
  active = 0;
  #rows;
  #grid;
  #body;
  #drawn = new Map();
  #height = ROW_REM * parseFloat(getComputedStyle(document.documentElement).fontSize);

  constructor(grid, rows) {
    super();
    this.#grid = grid;
    this.#rows = rows;
    grid.style.setProperty("--row", `${this.#height}px`);
    const columns = ["unread", "urgency", "says", "patient", "recorded", "received", "read"];
    const head = element("div", { role: "row", class: "head", "aria-rowindex": "1" },
      columns.map((name) => element("span", { role: "columnheader", class: name }, t(`column.${name}`))));
    this.#body = element("div", { role: "rowgroup", class: "body" });
    grid.append(element("div", { role: "rowgroup", class: "heads" }, head), this.#body);
    grid.addEventListener("scroll", () => requestAnimationFrame(() => this.draw()), { passive: true });
    grid.addEventListener("keydown", (event) => this.#key(event));
    new ResizeObserver(() => this.draw()).observe(grid);
    rows.addEventListener("changed", () => {
      this.#keepActive();
      this.draw(true);
    });
  }

  get recording() {
    return this.#rows.at(this.active);
  }

  /** Makes another row the active one, and brings it into view. */
  move(to) {
    this.active = Math.max(0, Math.min(to, this.#rows.total - 1));
    this.#id = this.recording?.id;
    const room = this.#grid.clientHeight - this.#body.offsetTop;
    const top = this.active * this.#height;
    if (top < this.#grid.scrollTop) this.#grid.scrollTop = top;
    else if (top + this.#height > this.#grid.scrollTop + room) this.#grid.scrollTop = top + this.#height - room;
    this.draw(true);
    this.dispatchEvent(new Event("move"));
  }

  /** Draws what is in view; `anew` also what was drawn before. */
  draw(anew = false) {
    const { total } = this.#rows;
    const first = Math.max(0, Math.floor(this.#grid.scrollTop / this.#height) - BEYOND);
    const last = Math.min(total, first + Math.ceil(this.#grid.clientHeight / this.#height) + 2 * BEYOND);
    this.#rows.window = [first, last];
    this.#body.style.height = `${total * this.#height}px`;
    this.#grid.setAttribute("aria-rowcount", total + 1);
    for (const [index, row] of this.#drawn) {
      if (!anew && index >= first && index < last) continue;
      row.remove();
      this.#drawn.delete(index);
    }
    for (let index = first; index < last; index += 1) {
      if (this.#drawn.has(index)) continue;
      const row = this.#row(index, this.#rows.at(index));
      this.#drawn.set(index, row);
      this.#body.append(row);
    }
    const active = this.#drawn.has(this.active) ? `row-${this.active}` : "";
    this.#grid.setAttribute("aria-activedescendant", active);
  }

  #id;

  /** Where rows came or went, the active one stays the same recording. */
  #keepActive() {
    const found = this.#id === undefined ? -1 : this.#rows.indexOf(this.#id);
    if (found >= 0) this.active = found;
    this.active = Math.max(0, Math.min(this.active, this.#rows.total - 1));
    this.#id = this.#rows.at(this.active)?.id;
  }

  #key(event) {
    const page = Math.max(1, Math.floor(this.#grid.clientHeight / this.#height) - 1);
    const to = {
      ArrowDown: this.active + 1,
      ArrowUp: this.active - 1,
      PageDown: this.active + page,
      PageUp: this.active - page,
      Home: 0,
      End: this.#rows.total - 1,
    }[event.key];
    if (event.ctrlKey || event.altKey || event.metaKey) return;
    if (to !== undefined) this.move(to);
    else if (event.key === "Enter") this.open(this.recording);
    else return;
    event.preventDefault();
  }

  open(recording) {
    if (recording !== undefined) this.dispatchEvent(new CustomEvent("open", { detail: recording }));
  }

  #row(index, recording) {
    const row = element("div", {
      role: "row",
      id: `row-${index}`,
      "aria-rowindex": index + 2,
      "aria-selected": String(index === this.active),
      class: recording?.seen === false ? "unseen" : "",
    });
    row.style.transform = `translateY(${index * this.#height}px)`;
    if (recording === undefined) {
      row.append(element("span", { role: "gridcell", class: "says" }, t("list.coming")));
      return row;
    }
    row.append(...cells(recording));
    row.addEventListener("click", (event) => {
      if (event.ctrlKey || event.metaKey || event.shiftKey) return;
      event.preventDefault();
      this.move(index);
      this.open(recording);
    });
    return row;
  }
}

function cells(recording) {
  const { id, identity, seen, conclusion, statements, received, signed, signed_by, reading_version } = recording;
  const level = levelOf(recording);
  const cell = (name, ...children) => element("span", { role: "gridcell", class: name }, ...children);
  const read = signed ? t("read.signed", { name: signed_by }) : reading_version ? t("read.draft") : t("read.not");
  return [
    cell("unread", seen ? "" : element("span", { class: "dot", role: "img", "aria-label": t("list.unread") })),
    cell("urgency", element("span", { class: `chip ${level}` }, t(`urgency.${level}`))),
    cell("says", element("a", { href: `#${id}`, tabindex: "-1" }, conclusion),
      element("small", {}, telling(statements).map(nameOf).join(", "))),
    cell("patient", nameIn(identity), element("small", {}, idText(recording))),
    cell("recorded", identity?.recorded ? time(identity.recorded) : ""),
    cell("received", time(received)),
    cell("read", element("span", { class: signed ? "signed" : "" }, read)),
  ];
}
