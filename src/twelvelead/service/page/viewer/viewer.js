// Shows one ECG to scale, or two of one patient; knows nothing of where they come from.

import { Calipers } from "./calipers.js";
import { openCalibration } from "./calibration.js";
import { COMMANDS } from "./commands.js";
import { compose } from "./compose.js";
import { listen } from "./gestures.js";
import { SECONDS } from "./layout.js";
import { remeasured } from "./marks.js";
import * as measuring from "./measuring.js";
import { paintOverlay } from "./overlay.js";
import { Overview } from "./overview.js";
import { Panel } from "./panel.js";
import { preparePrint } from "./print.js";
import { Recording } from "./recording.js";
import { laySheet, timeAt } from "./sheet.js";
import { Stage } from "./stage.js";
import { element, makeToolbar } from "./toolbar.js";
import { Words } from "./words.js";

const KEY = "twelvelead.viewer";
const KEPT = ["layout", "cabrera", "speed", "gain", "marks", "fit"]; // from one visit to the next
const FRESH = { view: "leads", lead: null, start: 0, filters: [], zoom: 1, tool: "pan" }; // of every recording
const LOOK = { zoom: true, fit: true, marks: true, tool: true }; // leave everything where it is on the sheet
const ZOOM = [0.1, 24];
const LARGE = 2; // zoom of one lead alone
const PAN_PX = 40; // CSS pixels
const PAGE = 0.9; // of the window's height, that a page is turned by where the recording has no more of them

export class Viewer extends EventTarget {
  now = null;
  before = null;
  marking = null; // name of the mark that the arrow keys move
  calipers = new Calipers();
  targets = [];
  state = { layout: "3x4+1", cabrera: false, speed: 25, gain: 10, marks: true, fit: false, ...FRESH, ...kept() };
  #tint = null;
  #due = null;

  constructor(host, { t }) {
    super();
    this.t = t;
    this.words = new Words(t);
    this.stage = new Stage(t("viewer.sheet"), (why) => this.#changed(why));
    this.toolbar = makeToolbar(this);
    this.overview = new Overview(this);
    this.panel = new Panel(t);
    this.message = element("p", { class: "viewer-message", role: "status" });
    this.root = element("section", { class: "viewer", "aria-label": t("viewer.name") },
      this.toolbar.element, this.message, this.stage.scroller, this.overview.element, this.panel.element);
    host.replaceChildren(this.root);
    this.endDrag = listen(this);
    preparePrint(this);
    this.clear(t("viewer.empty"));
  }

  show({ id, signal, answer, label = "" }) {
    const isSame = this.now?.id === id;
    this.now = new Recording({ id, signal, answer, label });
    if (!isSame) {
      [this.before, this.#tint, this.marking] = [null, null, null];
      this.calipers.reset();
      Object.assign(this.state, FRESH);
    }
    this.root.classList.remove("viewer-empty");
    this.message.textContent = "";
    this.#lay();
    if (!isSame) this.stage.scroller.scrollTo(0, 0);
  }

  compare(earlier) {
    this.before = earlier ? new Recording(earlier) : null;
    const hasBeats = this.before?.dominant.length && this.now?.dominant.length;
    this.set({ view: hasBeats ? "beats" : "leads" });
  }

  tint(tint) {
    this.#tint = tint;
    this.#lay(true);
  }

  clear(message) {
    [this.now, this.before, this.#tint] = [null, null, null];
    this.calipers.reset();
    this.root.classList.add("viewer-empty");
    this.message.textContent = message;
    this.toolbar.update(this.state, null, this.calipers);
  }

  get measurements() {
    return this.now ? remeasured(this.now.measurements, this.calipers.marks) : null;
  }

  get commands() {
    return COMMANDS.map(({ name, key }) => ({ name, key, label: this.t(`viewer.command.${name}`) }));
  }

  // Runs a command by its name; false where there is none of it.
  run(name) {
    const command = COMMANDS.find((each) => each.name === name);
    if (command && this.now) command.run(this);
    return Boolean(command);
  }

  set(values) {
    if ("lead" in values && !values.lead !== !this.state.lead) {
      Object.assign(this.state, { fit: false, zoom: values.lead ? LARGE : 1 });
    }
    Object.assign(this.state, values);
    keep(this.state);
    if ("filters" in values) measuring.revalue(this);
    this.#lay(Object.keys(values).every((name) => name in LOOK));
  }

  // The zoom, about a place of the canvas or its middle.
  zoomTo(zoom, place = null) {
    const { width, height } = this.stage.view;
    const [px, py] = place ?? [width / 2, height / 2];
    const { k, x, y } = this.stage.view;
    const middle = { x: (px + x) / k, y: (py + y) / k };
    const near = Math.abs(zoom - 1) < 0.02 ? 1 : zoom;
    this.set({ fit: false, zoom: Math.min(Math.max(near, ZOOM[0]), ZOOM[1]) });
    this.stage.bring(middle, px, py);
  }

  // The chosen mark or caliper's foot by samples, else the paper.
  move(across, down) {
    if (across && measuring.moveChosen(this, across)) return;
    const { scroller } = this.stage;
    const { scrollTop } = scroller;
    scroller.scrollLeft += across * PAN_PX;
    scroller.scrollTop += down * PAN_PX;
    if (down && scroller.scrollTop === scrollTop) scrollBy(0, down * PAN_PX); // at its edge the page around it moves
    this.draw();
  }

  // The seconds of the recording that are in sight.
  get span() {
    if (!this.isContinuous) return [this.state.start, Math.min(this.state.start + SECONDS, this.now.duration)];
    const { k, x, width } = this.stage.view;
    const strip = this.stage.sheet.strips[0];
    return [x, x + width].map((px) => Math.min(Math.max(timeAt(strip, px / k), 0), this.now.duration));
  }

  goTo(second) {
    if (this.isContinuous) this.stage.scroller.scrollLeft = second * this.state.speed * this.stage.scale;
    else this.set({ start: Math.min(Math.max(second, 0), Math.max(0, this.now.duration - SECONDS)) });
    this.draw();
  }

  turn(way) {
    const [from, to] = this.span;
    if (to - from > this.now.duration - 0.05) scrollBy(0, way * PAGE * innerHeight);
    else this.goTo(from + way * Math.max(to - from, 1));
  }

  get isContinuous() {
    return this.composed.rows.every((row) => row.kind === "trace" && row.cells.length === 1);
  }

  get lines() {
    const words = this.words.scale(this.state, this.now, this.stage.sheet ?? { cut: [] }, this.#tint);
    return { words, alarms: this.words.alarms(this.now), legend: this.before ? this.words.legend(this.now, this.before) : [] };
  }

  get paint() {
    return { tint: this.#tint, words: this.words.notes };
  }

  chooseMark = (name) => measuring.chooseMark(this, name);
  newCaliper = () => measuring.newCaliper(this);
  nextCaliper = () => measuring.nextCaliper(this);
  otherFoot = () => measuring.otherFoot(this);
  toWave = (way) => measuring.toWave(this, way);
  march = () => measuring.march(this);
  removeCaliper = () => measuring.remove(this);
  removeCalipers = () => measuring.removeAll(this);
  undo = () => measuring.undo(this);
  release = () => measuring.release(this);
  calibrate = () => openCalibration(this);
  print = () => window.print();

  #lay(isSameSheet = false) {
    if (!this.now) return;
    if (!isSameSheet) {
      this.composed = compose(this.state, this.now, this.before);
      this.stage.sheet = laySheet(this.composed.rows);
    }
    const { sheet } = this.stage;
    const { words, alarms, legend } = this.lines;
    const [above, below] = [alarms.length + legend.length, words.length];
    if (this.state.fit) {
      const width = this.isContinuous ? Math.min(sheet.width, sheet.strips[0].left + SECONDS * this.state.speed + 5) : sheet.width;
      this.state.zoom = this.stage.fitting(width, sheet.height, above + below);
    }
    this.stage.lay(sheet, this.state.zoom, above, below, this.paint);
    this.tell();
    this.#invalidate();
  }

  // What is said beside the picture.
  tell() {
    this.panel.update(this);
    this.toolbar.update(this.state, this.now, this.calipers);
  }

  #changed(why) {
    if (!this.now) return;
    if (why === "resized" && this.state.fit) this.#lay(true);
    else this.#invalidate();
  }

  #invalidate() {
    this.#due ??= requestAnimationFrame(() => this.draw());
  }

  // Draws at once what is due.
  draw() {
    if (this.#due !== null) cancelAnimationFrame(this.#due);
    this.#due = null;
    if (!this.now) return;
    this.stage.draw();
    this.drawOverlay();
  }

  drawOverlay() {
    const { sheet, view } = this.stage;
    const { now, state, calipers, measurements, marking } = this;
    const texts = { ...this.lines, caliper: (...all) => this.words.caliper(...all), finding: (code) => this.words.finding(code) };
    const ctx = this.stage.clearOverlay();
    this.targets = paintOverlay(ctx, { sheet, view, now, state, calipers, measurements, marking, texts });
    this.overview.draw();
  }

  measuredAgain() {
    this.dispatchEvent(new CustomEvent("measured", { detail: this.measurements }));
  }
}

function kept() {
  try {
    const values = JSON.parse(localStorage.getItem(KEY)) ?? {};
    return Object.fromEntries(KEPT.filter((name) => name in values).map((name) => [name, values[name]]));
  } catch {
    return {};
  }
}

function keep(state) {
  localStorage.setItem(KEY, JSON.stringify(Object.fromEntries(KEPT.map((name) => [name, state[name]]))));
}
