// What a reader does with calipers and marks. Every change is a step of its own to take back, and is said in words.

import { held, placeOf } from "./marks.js";
import { sampleAt, timeOf } from "./recording.js";
import { timeAt, voltageAt, xOf } from "./sheet.js";
import { nextLandmark, snap } from "./snap.js";

const R_NEAR = 0.08; // s on either side of a beat's instant

// The foot of a caliper at a place of a strip, mm; free: at the pointer's height instead of on the trace.
export function footAt(viewer, strip, { x, y }, free) {
  const { scale } = viewer.stage;
  const time = Math.min(Math.max(timeAt(strip, x), strip.start), strip.stop);
  const mv = voltageAt(strip, y);
  if (free) return { time: timeOf(strip.trace, sampleAt(strip.trace, time)), mv, free };
  return onTrace(strip.trace, snap(strip.trace, time, mv, strip.speed * scale, strip.gain * scale));
}

const onTrace = (trace, sample) => ({ time: timeOf(trace, sample), mv: trace.values[sample] });

export function begin(viewer, strip, foot) {
  viewer.calipers.begin();
  const { source, kind, lead, sign } = strip;
  viewer.calipers.add({ source, kind, lead, sign, feet: [foot, foot], march: false });
  viewer.marking = null;
}

// The strip that a caliper was made on, or another that shows the same.
const stripOf = (viewer, { source, kind, lead }) =>
  viewer.stage.sheet.strips.find((strip) => strip.trace && strip.source === source && strip.kind === kind && strip.lead === lead);

// After a caliper was moved: what it measures now.
export function changed(viewer) {
  viewer.drawOverlay();
  viewer.tell();
}

// Between the two beats in the middle of what is in sight, or a second where there are none.
export function newCaliper(viewer) {
  const strips = viewer.stage.sheet.strips.filter((strip) => strip.trace && strip.source === 0 && strip.kind === "trace");
  const wanted = viewer.state.lead ?? "II";
  const { k, x, width } = viewer.stage.view;
  const inSight = (strip) => [Math.max(strip.left, x / k), Math.min(strip.left + strip.length, (x + width) / k)];
  const strip = strips.find((each) => each.rhythm && each.lead === wanted) ?? strips.find((each) => each.lead === wanted) ?? strips[0];
  if (!strip) return;
  const [from, to] = inSight(strip).map((mm) => timeAt(strip, mm));
  const middle = Math.min(Math.max((from + to) / 2, strip.start), strip.stop);
  const times = viewer.now.beats.map((beat) => beat.time);
  const next = times.findIndex((time) => time > middle);
  const pair = next > 0 ? [times[next - 1], times[next]] : [middle - 0.5, middle + 0.5];
  const [one, other] = pair.map((time) => onTrace(strip.trace, next > 0 ? peakNear(strip, time) : sampleAt(strip.trace, time)));
  begin(viewer, strip, one);
  viewer.calipers.moveFoot(other);
  changed(viewer);
}

function peakNear({ trace, level }, time) {
  let best = sampleAt(trace, time);
  for (let at = sampleAt(trace, time - R_NEAR); at <= sampleAt(trace, time + R_NEAR); at += 1) {
    if (Math.abs(trace.values[at] - level) > Math.abs(trace.values[best] - level)) best = at;
  }
  return best;
}

export function nextCaliper(viewer) {
  const { calipers } = viewer;
  if (!calipers.all.length) return;
  calipers.chosen = { caliper: ((calipers.chosen?.caliper ?? -1) + 1) % calipers.all.length, foot: 1 };
  viewer.marking = null;
  changed(viewer);
}

export function otherFoot(viewer) {
  const { chosen } = viewer.calipers;
  if (!chosen) return;
  viewer.calipers.chosen = { ...chosen, foot: 1 - chosen.foot };
  changed(viewer);
}

// The chosen foot or mark by so many samples; false where none is chosen.
export function moveChosen(viewer, samples) {
  const { calipers, marking } = viewer;
  if (marking) {
    const place = placeOf(viewer.measurements, marking) + samples / viewer.now.rate;
    calipers.begin();
    moveMark(viewer, marking, place);
    return true;
  }
  return moveFoot(viewer, (trace, sample) => Math.min(Math.max(sample + samples, 0), trace.values.length - 1));
}

export const toWave = (viewer, way) => moveFoot(viewer, (trace, sample) => nextLandmark(trace, sample, way));

function moveFoot(viewer, where) {
  const { calipers } = viewer;
  const strip = calipers.caliper && stripOf(viewer, calipers.caliper);
  if (!strip) return false;
  const sample = sampleAt(strip.trace, calipers.caliper.feet[calipers.chosen.foot].time);
  calipers.begin();
  calipers.moveFoot(onTrace(strip.trace, where(strip.trace, sample)));
  reveal(viewer, strip);
  changed(viewer);
  return true;
}

// Scrolls so that the chosen foot is in sight.
function reveal(viewer, strip) {
  const { k, x, width } = viewer.stage.view;
  const place = xOf(strip, viewer.calipers.caliper.feet[viewer.calipers.chosen.foot].time);
  if (place * k >= x && place * k <= x + width) return;
  viewer.stage.scroller.scrollLeft = place * viewer.stage.scale - width / viewer.stage.view.ratio / 2;
  viewer.draw();
}

export function march(viewer) {
  if (!viewer.calipers.caliper) return;
  viewer.calipers.begin();
  viewer.calipers.change({ march: !viewer.calipers.caliper.march });
  changed(viewer);
}

export function remove(viewer) {
  if (!viewer.calipers.caliper) return;
  viewer.calipers.begin();
  viewer.calipers.remove();
  changed(viewer);
}

export function removeAll(viewer) {
  if (!viewer.calipers.all.length) return;
  viewer.calipers.begin();
  viewer.calipers.clear();
  changed(viewer);
}

export function undo(viewer) {
  const before = viewer.calipers.marks;
  if (!viewer.calipers.undo()) return;
  changed(viewer);
  if (viewer.calipers.marks !== before) viewer.measuredAgain();
}

// Nothing is chosen, and the pointer moves the paper.
export function release(viewer) {
  viewer.endDrag();
  [viewer.marking, viewer.calipers.chosen] = [null, null];
  viewer.set({ tool: "pan" });
}

// null: none. A mark that was not measured is set where it usually is.
export function chooseMark(viewer, name) {
  if (!viewer.now?.dominant.length) return;
  [viewer.marking, viewer.calipers.chosen] = [name, null];
  viewer.state.marks = true;
  if (name && (viewer.measurements.marks_s?.[name] ?? null) === null) {
    viewer.calipers.begin();
    moveMark(viewer, name, placeOf(viewer.measurements, name));
  } else changed(viewer);
}

// To so many seconds after a beat's instant, on a sample and not past its neighbours.
export function moveMark(viewer, name, seconds) {
  const { rate } = viewer.now;
  const place = held(viewer.measurements, name, Math.round(seconds * rate) / rate);
  viewer.calipers.moveMark(name, place);
  changed(viewer);
  viewer.measuredAgain();
}

// After filters have changed the trace: feet that stand on it stay on it.
export function revalue(viewer) {
  const { now, before, state, calipers } = viewer;
  calipers.replace((caliper) => {
    const recording = caliper.source ? before : now;
    const trace = caliper.kind === "beat"
      ? recording?.medianBeat(caliper.lead, caliper.sign, state.filters)
      : recording?.trace(caliper.lead, caliper.sign, state.filters);
    if (!trace) return caliper;
    return { ...caliper, feet: caliper.feet.map((foot) => (foot.free ? foot : onTrace(trace, sampleAt(trace, foot.time)))) };
  });
}
