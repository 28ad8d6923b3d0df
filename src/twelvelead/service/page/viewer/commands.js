// Everything the viewer does at a key. The reader of keys is the room; it runs a command by its name.

import { FILTERS, isPossible } from "./filters.js";
import { GAINS, LAYOUTS, SPEEDS } from "./layout.js";
import { shownLeads } from "./compose.js";
import { MARKS } from "./marks.js";

const after = (values, value, way = 1) => values[(values.indexOf(value) + way + values.length) % values.length];
const STEP = 1.25; // of the zoom
const FAR = 10; // times the usual step

function toggleFilter(viewer, filter) {
  if (!viewer.now || !isPossible(filter, viewer.now.rate)) return;
  const { filters } = viewer.state;
  const others = filter.kind === "notch" ? filters.filter((name) => !name.startsWith("notch")) : filters;
  viewer.set({ filters: filters.includes(filter.name) ? filters.filter((name) => name !== filter.name) : [...others, filter.name] });
}

function nextLead(viewer, way) {
  if (viewer.now) viewer.set({ lead: after([null, ...shownLeads(viewer.now)], viewer.state.lead, way) });
}

export const COMMANDS = [
  { name: "left", key: "ArrowLeft", run: (viewer) => viewer.move(-1, 0) },
  { name: "right", key: "ArrowRight", run: (viewer) => viewer.move(1, 0) },
  { name: "up", key: "ArrowUp", run: (viewer) => viewer.move(0, -1) },
  { name: "down", key: "ArrowDown", run: (viewer) => viewer.move(0, 1) },
  { name: "far-left", key: "Shift+ArrowLeft", run: (viewer) => viewer.move(-FAR, 0) },
  { name: "far-right", key: "Shift+ArrowRight", run: (viewer) => viewer.move(FAR, 0) },
  { name: "earlier", key: "PageUp", run: (viewer) => viewer.turn(-1) },
  { name: "later", key: "PageDown", run: (viewer) => viewer.turn(1) },
  { name: "zoom-in", key: "+", run: (viewer) => viewer.zoomTo(viewer.state.zoom * STEP) },
  { name: "zoom-out", key: "-", run: (viewer) => viewer.zoomTo(viewer.state.zoom / STEP) },
  { name: "true-size", key: "0", run: (viewer) => viewer.zoomTo(1) },
  { name: "fit", key: "f", run: (viewer) => viewer.set({ fit: !viewer.state.fit, zoom: 1 }) },
  { name: "layout", key: "l", run: (viewer) => viewer.set({ layout: after(LAYOUTS, viewer.state.layout) }) },
  { name: "cabrera", key: "o", run: (viewer) => viewer.set({ cabrera: !viewer.state.cabrera }) },
  { name: "speed", key: "v", run: (viewer) => viewer.set({ speed: after(SPEEDS, viewer.state.speed) }) },
  { name: "gain", key: "g", run: (viewer) => viewer.set({ gain: after(GAINS, viewer.state.gain) }) },
  { name: "next-lead", key: ".", run: (viewer) => nextLead(viewer, 1) },
  { name: "previous-lead", key: ",", run: (viewer) => nextLead(viewer, -1) },
  { name: "beats", key: "b", run: (viewer) => viewer.set({ view: viewer.state.view === "beats" ? "leads" : "beats" }) },
  ...FILTERS.map((filter, place) => ({
    name: filter.name,
    key: `Alt+${place + 1}`,
    run: (viewer) => toggleFilter(viewer, filter),
  })),
  { name: "marks", key: "m", run: (viewer) => viewer.set({ marks: !viewer.state.marks }) },
  { name: "next-mark", key: "t", run: (viewer) => viewer.chooseMark(after([null, ...MARKS], viewer.marking)) },
  { name: "caliper", key: "c", run: (viewer) => viewer.set({ tool: viewer.state.tool === "caliper" ? "pan" : "caliper" }) },
  { name: "new-caliper", key: "n", run: (viewer) => viewer.newCaliper() },
  { name: "next-caliper", key: "x", run: (viewer) => viewer.nextCaliper() },
  { name: "other-foot", key: "y", run: (viewer) => viewer.otherFoot() },
  { name: "next-wave", key: "]", run: (viewer) => viewer.toWave(1) },
  { name: "previous-wave", key: "[", run: (viewer) => viewer.toWave(-1) },
  { name: "march", key: "w", run: (viewer) => viewer.march() },
  { name: "remove", key: "Delete", run: (viewer) => viewer.removeCaliper() },
  { name: "remove-all", key: "Shift+Delete", run: (viewer) => viewer.removeCalipers() },
  { name: "undo", key: "z", run: (viewer) => viewer.undo() },
  { name: "release", key: "Escape", run: (viewer) => viewer.release() },
  { name: "calibrate", key: "q", run: (viewer) => viewer.calibrate() },
  { name: "print", key: "p", run: (viewer) => viewer.print() },
];
