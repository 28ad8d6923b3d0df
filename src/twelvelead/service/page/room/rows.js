/** The worklist as it is on the server, fetched in pages as they are looked at. */

import { get } from "./api.js";

const PAGE = 1000;
const POLL_MS = 10_000;
const SOON_MS = 1000;

/** Fires "changed" when rows are other than before, and "arrived" with the number of those that came. */
export class Rows extends EventTarget {
  total = 0;
  #filters = new URLSearchParams();
  #pages = new Map();
  #generation = 0;

  constructor() {
    super();
    setInterval(() => document.hidden || this.#poll(), POLL_MS);
    document.addEventListener("visibilitychange", () => document.hidden || this.#poll());
  }

  /** Which rows are looked at; polling looks at them again. [first, last) */
  window = [0, 1];

  /** Begins anew with other filters: query parameters of GET /v1/recordings. */
  async filter(filters) {
    this.#filters = new URLSearchParams(filters);
    this.#pages.clear();
    this.#generation += 1;
    await this.#load(0);
  }

  /** The recording of a row; undefined until its page has come. */
  at(index) {
    const page = Math.floor(index / PAGE);
    if (!this.#pages.has(page)) {
      this.#load(page).catch(() => this.#pages.delete(page));
    }
    return this.#pages.get(page)?.[index % PAGE];
  }

  /** The row of a recording among those that have come; -1 for none. */
  indexOf(id) {
    for (const [page, recordings] of this.#pages) {
      const found = recordings?.findIndex((recording) => recording.id === id) ?? -1;
      if (found >= 0) return page * PAGE + found;
    }
    return -1;
  }

  /** Takes over what is now known of a recording. */
  update(recording) {
    const index = this.indexOf(recording.id);
    if (index < 0) return;
    this.#put(index, recording);
    this.#tell();
  }

  #put(index, recording) {
    this.#pages.get(Math.floor(index / PAGE))[index % PAGE] = recording;
  }

  /** Fetches again what has come before. */
  async refresh() {
    this.#generation += 1;
    const pages = [...this.#pages.keys()];
    await Promise.all(pages.map((page) => this.#load(page)));
  }

  /** Fetches again in a moment, once for all that ask meanwhile. */
  refreshSoon() {
    this.#soon ??= setTimeout(() => {
      this.#soon = null;
      this.refresh().catch(() => {});
    }, SOON_MS);
  }

  #soon = null;

  async #load(page) {
    if (!this.#pages.has(page)) this.#pages.set(page, undefined);
    const generation = this.#generation;
    const { total, recordings } = await this.#ask(page * PAGE, PAGE);
    if (generation !== this.#generation) return;
    this.total = total;
    this.#pages.set(page, recordings);
    this.#tell();
  }

  #ask(offset, limit) {
    const query = new URLSearchParams(this.#filters);
    query.set("offset", offset);
    query.set("limit", limit);
    return get(`/v1/recordings?${query}`);
  }

  /** Looks at the rows in view; where others are there than before, everything is fetched again. */
  async #poll() {
    const [first, last] = this.window;
    const before = this.total;
    const generation = this.#generation;
    const { total, recordings } = await this.#ask(first, Math.max(1, last - first)).catch(() => ({}));
    if (recordings === undefined || generation !== this.#generation) return;
    if (total !== before || recordings.some(({ id }, place) => this.at(first + place)?.id !== id)) {
      await this.refresh().catch(() => {});
      if (this.total > before) this.dispatchEvent(new CustomEvent("arrived", { detail: this.total - before }));
      return;
    }
    recordings.forEach((recording, place) => this.#put(first + place, recording));
    this.#tell();
  }

  #tell() {
    this.dispatchEvent(new Event("changed"));
  }
}
