// The whole of a recording that is longer than what is in sight, in one low strip to move along.

import { element } from "./toolbar.js";
import { number } from "./words.js";

const HEIGHT = 44; // CSS pixels
const MV = [-1.2, 1.8]; // above and below the level, that the strip shows

export class Overview {
  #shape = null; // [key, per pixel the least and the largest voltage]

  constructor(viewer) {
    this.viewer = viewer;
    this.element = element("canvas", { class: "viewer-overview", role: "slider", tabindex: "0", "aria-label": viewer.t("viewer.overview") });
    const to = (event) => this.#to(event);
    this.element.addEventListener("pointerdown", (event) => {
      this.element.setPointerCapture(event.pointerId);
      to(event);
    });
    this.element.addEventListener("pointermove", (event) => event.buttons && to(event));
    this.element.addEventListener("keydown", (event) => this.#key(event));
  }

  draw() {
    const { viewer } = this;
    const [from, to] = viewer.span;
    const { duration } = viewer.now;
    this.element.hidden = to - from > duration - 0.05;
    if (this.element.hidden) return;
    this.#tellWhere(from, to, duration);
    const [width, height] = [Math.round(this.element.clientWidth * devicePixelRatio), Math.round(HEIGHT * devicePixelRatio)];
    [this.element.width, this.element.height] = [width, height];
    const ctx = this.element.getContext("2d");
    ctx.fillStyle = "#fffaf9";
    ctx.fillRect(0, 0, width, height);
    ctx.fillStyle = "#cfe0f7";
    ctx.fillRect((from / duration) * width, 0, ((to - from) / duration) * width, height);
    ctx.fillStyle = "#333333";
    const down = (mv) => height * ((MV[1] - mv) / (MV[1] - MV[0]));
    this.#shapeFor(width).forEach(([least, most], x) => {
      if (Number.isFinite(least)) ctx.fillRect(x, down(most), 1, Math.max(1, down(least) - down(most)));
    });
    ctx.strokeStyle = "#0a4fb5";
    ctx.lineWidth = 2 * devicePixelRatio;
    ctx.strokeRect((from / duration) * width + 1, 1, Math.max(2, ((to - from) / duration) * width - 2), height - 2);
  }

  #tellWhere(from, to, duration) {
    const text = this.viewer.t("viewer.seconds", { from: number(from), to: number(to), duration: number(duration) });
    const values = { min: 0, max: Math.round(duration), now: Math.round(from), text };
    for (const [name, value] of Object.entries(values)) this.element.setAttribute(`aria-value${name}`, value);
  }

  #shapeFor(width) {
    const { viewer } = this;
    const strip = viewer.stage.sheet.strips.find((each) => each.trace && each.kind === "trace" && each.lead === (viewer.state.lead ?? "II"))
      ?? viewer.stage.sheet.strips.find((each) => each.trace && each.kind === "trace");
    if (!strip) return [];
    const { values } = strip.trace;
    if (this.#shape?.values === values && this.#shape.width === width) return this.#shape.columns;
    const columns = Array.from({ length: width }, (_, x) => {
      const [first, end] = [x, x + 1].map((each) => Math.floor((each / width) * values.length));
      let [least, most] = [NaN, NaN];
      for (let at = first; at < Math.max(end, first + 1); at += 1) {
        const mv = values[at] - strip.level;
        if (!(mv >= least) && mv === mv) least = mv;
        if (!(mv <= most) && mv === mv) most = mv;
      }
      return [least, most];
    });
    this.#shape = { values, width, columns };
    return columns;
  }

  // The middle of what is in sight goes to the pointer.
  #to(event) {
    const box = this.element.getBoundingClientRect();
    const [from, to] = this.viewer.span;
    this.viewer.goTo(((event.clientX - box.left) / box.width) * this.viewer.now.duration - (to - from) / 2);
  }

  #key(event) {
    const [from] = this.viewer.span;
    const seconds = { ArrowLeft: from - 1, ArrowRight: from + 1, Home: 0, End: this.viewer.now.duration }[event.key];
    if (seconds === undefined) return;
    event.preventDefault();
    event.stopPropagation();
    this.viewer.goTo(seconds);
  }
}
