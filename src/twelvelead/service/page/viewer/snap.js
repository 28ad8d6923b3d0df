// Where a caliper's foot belongs: on a peak, the steepest slope, or where a wave begins or ends. Of the samples
// themselves, so that it is exact to one.

import { sampleAt, timeOf } from "./recording.js";

const REACH_PX = 10; // CSS pixels around the pointer
const PEAK_MV = 0.03; // a peak stands out by as much from both sides
const SIDE_S = 0.03; // that a peak is compared with on either side
const SLOPE_MV_PER_S = 5;
const QUIET_SHARE = 0.08; // of the steepest slope near by: there a wave begins or ends
const PREFERRED = { peak: 3, onset: 0, end: 0, steepest: 0 }; // px

// Samples of a trace between two times that are landmarks: [{ sample, kind }].
export function landmarks(trace, from, to) {
  const { values, rate } = trace;
  const [first, last] = [Math.max(1, sampleAt(trace, from)), Math.min(values.length - 2, sampleAt(trace, to))];
  const side = Math.max(1, Math.round(SIDE_S * rate));
  const slope = (at) => Math.abs(values[at + 1] - values[at - 1]) * (rate / 2);
  const found = [];
  let steepest = 0; // within the QRS complex near by, which may lie outside the stretch
  for (let at = Math.max(1, first - 2 * side); at <= Math.min(values.length - 2, last + 2 * side); at += 1) {
    if (slope(at) > steepest) steepest = slope(at);
  }
  for (let at = first; at <= last; at += 1) {
    if (isPeak(values, at, side)) found.push({ sample: at, kind: "peak" });
    const here = slope(at);
    if (here > SLOPE_MV_PER_S && here >= slope(at - 1) && here > slope(at + 1)) found.push({ sample: at, kind: "steepest" });
    const limit = Math.max(QUIET_SHARE * steepest, 0.5);
    if (steepest > SLOPE_MV_PER_S) {
      if (here <= limit && slope(at + 1) > limit && rises(slope, at, 1, steepest, side)) found.push({ sample: at, kind: "onset" });
      if (here <= limit && slope(at - 1) > limit && rises(slope, at, -1, steepest, side)) found.push({ sample: at, kind: "end" });
    }
  }
  return found;
}

function isPeak(values, at, side) {
  const [left, right] = [values.subarray(Math.max(0, at - side), at), values.subarray(at + 1, at + 1 + side)];
  for (const sign of [1, -1]) {
    const here = sign * values[at];
    let [most, leastLeft, leastRight] = [-Infinity, here, here];
    for (const value of left) [most, leastLeft] = [Math.max(most, sign * value), Math.min(leastLeft, sign * value)];
    if (most >= here) continue; // of a plateau the first sample counts
    for (const value of right) [most, leastRight] = [Math.max(most, sign * value), Math.min(leastRight, sign * value)];
    if (most <= here && here - Math.max(leastLeft, leastRight) >= PEAK_MV) return true;
  }
  return false;
}

// Whether a steep slope follows (or, backwards, goes before) within reach.
function rises(slope, at, way, steepest, side) {
  for (let step = 1; step <= side; step += 1) if (slope(at + way * step) >= 0.5 * steepest) return true;
  return false;
}

// The sample that a foot set at this time and voltage belongs on; pxPerS, pxPerMv: CSS pixels. The nearest sample where
// there is no landmark near by.
export function snap(trace, time, mv, pxPerS, pxPerMv) {
  const reach = REACH_PX / pxPerS;
  const score = ({ sample, kind }) => {
    const across = Math.abs(timeOf(trace, sample) - time) * pxPerS;
    const down = Math.min(Math.abs(trace.values[sample] - mv) * pxPerMv, 40);
    return across + 0.15 * down - PREFERRED[kind];
  };
  const best = landmarks(trace, time - reach, time + reach).reduce((least, each) => {
    const cost = score(each);
    return !least || cost < least.cost ? { ...each, cost } : least;
  }, null);
  return best ? best.sample : sampleAt(trace, time);
}

// The next landmark after (way 1) or before (way -1) a sample; the sample itself where there is none.
export function nextLandmark(trace, sample, way) {
  const time = timeOf(trace, sample + way);
  const range = way > 0 ? [time, time + 1.5] : [time - 1.5, time];
  const found = landmarks(trace, ...range).map((each) => each.sample).sort((one, other) => one - other);
  return (way > 0 ? found[0] : found.at(-1)) ?? sample;
}
