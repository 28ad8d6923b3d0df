// The window on the sheet: two canvases of its size that stay in place while the sheet scrolls beneath them.

import { paintPart } from "./paint.js";
import { pixelsPerMm } from "./scale.js";
import { Tiles } from "./tiles.js";
import { element } from "./toolbar.js";

const LINE = 21; // CSS pixels of a line of words over or under the sheet

export class Stage {
  #tiles = new Tiles();
  #above = 0;
  #below = 0;
  #k = 1;
  sheet = null;

  // label: of the part that scrolls; onChange: called when it was scrolled or its size has changed
  constructor(label, onChange) {
    this.base = element("canvas", { class: "viewer-base" });
    this.overlay = element("canvas", { class: "viewer-overlay" });
    this.description = element("span", { class: "viewer-hidden" });
    this.picture = element("div", { class: "viewer-stage", role: "img" }, this.base, this.overlay);
    this.sizer = element("div", { class: "viewer-sizer" }, this.picture);
    this.scroller = element("div", { class: "viewer-scroll", tabindex: "0", role: "region", "aria-label": label }, this.sizer);
    this.scroller.addEventListener("scroll", () => onChange("scrolled"));
    new ResizeObserver(() => onChange("resized")).observe(this.scroller);
  }

  // view: k in pixels of the canvas per mm, the rest in pixels of the canvas; x and y: of the sheet at 0, 0;
  // edge and foot: where the sheet and its words end
  get view() {
    const ratio = devicePixelRatio;
    const { scrollLeft, scrollTop } = this.scroller;
    const [x, y] = [Math.round(scrollLeft * ratio), Math.round((scrollTop - this.#above) * ratio)];
    const foot = Math.round(this.sheet.height * this.#k + this.#below * ratio) - y;
    const edge = Math.round(this.sheet.width * this.#k) - x;
    return { k: this.#k, ratio, x, y, width: this.base.width, height: this.base.height, edge, foot: Math.min(foot, this.base.height) };
  }

  // CSS pixels per mm of the sheet.
  get scale() {
    return this.#k / devicePixelRatio;
  }

  // What the zoom would have to be for a part of the sheet, in mm, to be seen as a whole.
  fitting(width, height, lines) {
    const { clientWidth, clientHeight } = this.scroller;
    const free = clientHeight - lines * LINE;
    return Math.max(0.1, Math.min(clientWidth / width, free / height) / pixelsPerMm());
  }

  // sheet: of laySheet; above, below: lines of words; paint: of paintPart
  lay(sheet, zoom, above, below, paint) {
    this.sheet = sheet;
    [this.#above, this.#below] = [above * LINE, below * LINE];
    this.#k = pixelsPerMm() * zoom * devicePixelRatio;
    const [width, height] = [Math.round(sheet.width * this.#k), Math.round(sheet.height * this.#k)];
    this.sizer.style.width = `${width / devicePixelRatio}px`;
    this.sizer.style.height = `${height / devicePixelRatio + this.#above + this.#below}px`;
    const k = this.#k;
    this.#tiles.reset((ctx, part) => paintPart(ctx, sheet, paint, k, part));
  }

  // Gives the canvases the size of the window; setting it also empties them.
  #size() {
    const { clientWidth, clientHeight } = this.scroller;
    const [width, height] = [Math.round(clientWidth * devicePixelRatio), Math.round(clientHeight * devicePixelRatio)];
    if (this.base.width === width && this.base.height === height) return;
    for (const canvas of [this.base, this.overlay]) {
      [canvas.width, canvas.height] = [width, height];
      [canvas.style.width, canvas.style.height] = [`${clientWidth}px`, `${clientHeight}px`];
    }
  }

  draw() {
    this.#size();
    const view = this.view;
    const ctx = this.base.getContext("2d");
    ctx.clearRect(0, 0, view.width, view.height);
    const sheet = { width: Math.round(this.sheet.width * this.#k), height: Math.round(this.sheet.height * this.#k) };
    this.#tiles.draw(ctx, view, sheet);
  }

  // A canvas to draw on what lies over the sheet.
  clearOverlay() {
    this.#size();
    const ctx = this.overlay.getContext("2d");
    ctx.setTransform(1, 0, 0, 1, 0, 0);
    ctx.clearRect(0, 0, this.overlay.width, this.overlay.height);
    return ctx;
  }

  // Of a pointer's event: pixels of the canvas, and mm of the sheet.
  placeOf({ clientX, clientY }) {
    const box = this.scroller.getBoundingClientRect();
    const { k, ratio, x, y } = this.view;
    const [px, py] = [
      (clientX - box.left - this.scroller.clientLeft) * ratio,
      (clientY - box.top - this.scroller.clientTop) * ratio,
    ];
    return { px, py, x: (px + x) / k, y: (py + y) / k };
  }

  // Scrolls so that a place of the sheet, in mm, lies at these pixels of the canvas.
  bring({ x, y }, px, py) {
    this.scroller.scrollLeft = x * this.scale - px / devicePixelRatio;
    this.scroller.scrollTop = y * this.scale + this.#above - py / devicePixelRatio;
  }

  get canScrollDown() {
    return this.scroller.scrollHeight > this.scroller.clientHeight + 1;
  }
}
