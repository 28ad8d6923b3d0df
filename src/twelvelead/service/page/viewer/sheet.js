// Where everything lies on the sheet, in mm from its upper left corner: geometry, without drawing.

import { median } from "./recording.js";

const SQUARE = 5; // lines of traces and their beginnings lie on strong lines of the grid
const RIGHT = 5;
const FOOT = 10; // for the seconds
const CLEAR = 2.5; // between the traces of two rows, at least
const LEAST = 10; // over the first line and below the last
const LARGEST = 90; // between two lines, or a line and the edge: a trace that needs more is cut off half-way, and named
const PULSE = 0.2; // s, of the calibration pulse of 1 mV
const PULSE_LEFT = 3;
const MARKS = 6; // that the measured onsets and ends take below a row
const NAME = { width: 9, withFindings: 40, height: 4, over: 5, most: 20 };

const apart = (rows) => (rows <= 5 ? 25 : rows <= 7 ? 20 : 15);
const up = (mm) => SQUARE * Math.ceil(mm / SQUARE - 1e-9);

// rows: of compose() -> { width, height, strips, pulses, cut: names of the leads that are cut off }
// strip: a track with row, left, length, y (of its line), top and bottom (where it is cut off), band (the part of the
// sheet that is nearer to it than to others), level (mV on its line), nameUp (mm from the line to its name's foot),
// marksDown (mm from the line to the measured onsets and ends)
export function laySheet(rows) {
  const left = up(PULSE_LEFT + PULSE * Math.max(...rows.map((row) => row.speed)) + 5);
  const strips = rows.map((row, number) => row.cells.flatMap((cell, column) =>
    cell.map((track) => makeStrip(track, row, number, left, column))));
  const extents = strips.map(extentOf);
  const needed = [
    Math.max(reach(extents[0].above), rows[0].gain), // the pulse of 1 mV
    ...extents.slice(1).map((extent, number) => between(extents[number], extent)),
    reach(extents.at(-1).below),
  ].map((mm) => mm + CLEAR);
  const least = needed.map((_, number) => (number === 0 || number === strips.length ? LEAST : apart(strips.length)));
  const gaps = needed.map((mm, number) => up(Math.min(Math.max(mm, least[number]), LARGEST)));
  const cutOff = needed.map((mm, number) => mm > LARGEST);
  const height = gaps.reduce((sum, gap) => sum + gap, FOOT);
  let y = 0;
  strips.forEach((row, number) => {
    y += gaps[number];
    const band = [number ? y - gaps[number] / 2 : 0, number + 1 < strips.length ? y + gaps[number + 1] / 2 : height - FOOT];
    const [top, bottom] = [cutOff[number] ? band[0] : 0, cutOff[number + 1] ? band[1] : height - FOOT];
    const [highest, lowest] = [y - reach(extents[number].above), y + reach(extents[number].below)];
    for (const each of row) Object.assign(each, { y, band, top, bottom, highest, lowest });
  });
  const all = strips.flat();
  return {
    width: up(Math.max(...all.map((each) => each.left + each.length)) + RIGHT),
    height,
    foot: height - FOOT,
    strips: all,
    pulses: rows.map((row, number) => ({ left: PULSE_LEFT, y: strips[number][0].y, width: PULSE * row.speed, height: row.gain })),
    cut: [...new Set(all.filter(isCut).map((each) => each.name))],
  };
}

function makeStrip(track, { kind, speed, gain, gap, seconds }, row, start, column) {
  const left = start + column * (seconds * speed + gap);
  const made = { ...track, kind, row, speed, gain, left, length: seconds * speed, isLater: column > 0 && gap === 0 };
  made.level = track.trace ? levelOf(made) : 0;
  return made;
}

// Between time or voltage and mm of the sheet.
export const xOf = (strip, time) => strip.left + (time - strip.start) * strip.speed;
export const timeAt = (strip, x) => strip.start + (x - strip.left) / strip.speed;
export const yOf = (strip, mv) => strip.y - (mv - strip.level) * strip.gain;
export const voltageAt = (strip, y) => strip.level + (strip.y - y) / strip.gain;

// The first and one past the last sample that a strip shows.
export function samplesOf({ trace, start, stop }) {
  const first = Math.max(0, Math.ceil((start - trace.origin) * trace.rate - 1e-6));
  return [first, Math.min(trace.values.length, Math.floor((stop - trace.origin) * trace.rate + 1e-6) + 1)];
}

// The voltage that lies on the strip's line: the median of what is shown, of 4,000 samples at most.
function levelOf(strip) {
  const [first, end] = samplesOf(strip);
  const step = Math.max(1, Math.floor((end - first) / 4000));
  const values = [];
  for (let at = first; at < end; at += step) values.push(strip.trace.values[at]);
  return median(values) || 0;
}

// How far the traces of a row and their names go up and down from its line, by mm along the paper.
function extentOf(row) {
  const width = Math.ceil(Math.max(...row.map((each) => each.left + each.length))) + 1 + NAME.width;
  const above = new Float32Array(width).fill(-Infinity);
  const below = new Float32Array(width).fill(-Infinity);
  for (const strip of row) {
    if (!strip.trace) continue;
    const [first, end] = samplesOf(strip);
    for (let at = first; at < end; at += 1) {
      const height = (strip.trace.values[at] - strip.level) * strip.gain;
      const mm = Math.floor(xOf(strip, strip.trace.origin + at / strip.trace.rate));
      if (height > above[mm]) above[mm] = height;
      if (-height > below[mm]) below[mm] = -height;
    }
  }
  for (const strip of row) placeName(strip, above, below);
  for (const strip of row) if (strip.bearsMarks && strip.kind === "trace") placeMarks(strip, below);
  return { above, below };
}

// Over the beginning of the trace, or below it where it begins with a tall wave.
function placeName(strip, above, below) {
  const first = Math.floor(strip.left);
  const width = strip.findings?.length ? NAME.withFindings : NAME.width;
  const part = (heights) => reach(heights.subarray(first, first + width));
  const isBelow = part(above) > NAME.most && part(below) < NAME.most - NAME.height;
  strip.nameUp = isBelow ? -part(below) - NAME.height - 1 : Math.max(part(above) + 0.5, NAME.over);
  const [heights, most] = isBelow ? [below, 1 - strip.nameUp] : [above, strip.nameUp + NAME.height];
  for (let mm = first; mm < Math.min(first + width, heights.length); mm += 1) heights[mm] = Math.max(heights[mm], most);
}

// In one line below the trace.
function placeMarks(strip, below) {
  const part = below.subarray(Math.floor(strip.left), Math.ceil(strip.left + strip.length));
  strip.marksDown = Math.max(reach(part), 3) + 1;
  part.fill(strip.marksDown + MARKS);
}

const reach = (heights) => heights.reduce((most, height) => Math.max(most, height), 0);

// What two rows need between their lines, so that no trace meets one of the other or crosses its line.
function between({ below }, { above }) {
  let most = 0;
  for (let mm = 0; mm < below.length; mm += 1) {
    for (let near = Math.max(0, mm - 1); near <= mm + 1 && near < above.length; near += 1) {
      most = Math.max(most, Math.max(below[mm], 0) + Math.max(above[near], 0));
    }
  }
  return most;
}

function isCut(strip) {
  if (!strip.trace || (strip.highest >= strip.top && strip.lowest <= strip.bottom)) return false;
  const [first, end] = samplesOf(strip);
  return strip.trace.values.subarray(first, end).some((mv) => yOf(strip, mv) < strip.top || yOf(strip, mv) > strip.bottom);
}

// The strip at a place of the sheet, or the nearest one of the nearest row; the present recording's before another.
export function stripAt(sheet, x, y) {
  const beside = (strip) => Math.max(strip.left - x, x - strip.left - strip.length, 0);
  const away = (strip) => Math.max(strip.band[0] - y, y - strip.band[1], 0);
  return sheet.strips.filter((strip) => strip.trace).reduce((best, strip) => {
    const cost = away(strip) * 1000 + beside(strip) + strip.source / 2;
    return !best || cost < best.cost ? { strip, cost } : best;
  }, null)?.strip ?? null;
}
