// What the display takes away from a trace. Every filter runs forwards and backwards, so that no wave is moved in time.

export const FILTERS = [
  { name: "highpass", hertz: 0.5, kind: "high" },
  { name: "lowpass", hertz: 40, kind: "low" },
  { name: "notch50", hertz: 50, kind: "notch" },
  { name: "notch60", hertz: 60, kind: "notch" },
];

// Two passes of a Butterworth filter of second order have -3 dB where one has -1.5 dB.
const TWICE = (Math.SQRT2 - 1) ** 0.25;
const QUALITY = { high: Math.SQRT1_2, low: Math.SQRT1_2, notch: 25 };
const SETTLING = { high: 3, low: 0.2, notch: 1 }; // s that are mirrored before the first and after the last sample

export const isPossible = (filter, rate) => filter.hertz < 0.45 * rate;

// values: Float32Array of mV; NaN is kept, and nothing reaches across it
export function filtered(values, rate, names) {
  let result = values;
  for (const filter of FILTERS) {
    if (names.includes(filter.name) && isPossible(filter, rate)) result = pass(result, rate, filter);
  }
  return result;
}

function pass(values, rate, { hertz, kind }) {
  const corner = hertz * (kind === "low" ? 1 / TWICE : kind === "high" ? TWICE : 1);
  const section = biquad(kind, Math.min(corner, 0.49 * rate), rate);
  const result = new Float32Array(values.length).fill(NaN);
  for (const [start, end] of runs(values)) {
    const length = end - start;
    const reach = Math.min(length - 1, Math.round(SETTLING[kind] * rate));
    const padded = mirrored(values, start, end, reach);
    once(padded, section);
    padded.reverse();
    once(padded, section);
    padded.reverse();
    for (let at = 0; at < length; at += 1) result[start + at] = padded[reach + at];
  }
  return result;
}

// Stretches of finite samples: [first, one past the last].
export function* runs(values) {
  let start = -1;
  for (let at = 0; at <= values.length; at += 1) {
    const finite = at < values.length && Number.isFinite(values[at]);
    if (finite && start < 0) start = at;
    if (!finite && start >= 0) {
      yield [start, at];
      start = -1;
    }
  }
}

// A run with `reach` samples more at either end, turned about its first and last sample.
function mirrored(values, start, end, reach) {
  const padded = new Float64Array(end - start + 2 * reach);
  for (let at = 0; at < end - start; at += 1) padded[reach + at] = values[start + at];
  for (let at = 1; at <= reach; at += 1) {
    padded[reach - at] = 2 * values[start] - values[start + at];
    padded[reach + end - start - 1 + at] = 2 * values[end - 1] - values[end - 1 - at];
  }
  return padded;
}

// Bilinear transform of the analogue section: low-pass, high-pass or band-stop.
function biquad(kind, hertz, rate) {
  const k = Math.tan((Math.PI * hertz) / rate);
  const norm = 1 / (1 + k / QUALITY[kind] + k * k);
  const a = [2 * (k * k - 1) * norm, (1 - k / QUALITY[kind] + k * k) * norm];
  const gain = { low: k * k * norm, high: norm, notch: (1 + k * k) * norm }[kind];
  const middle = { low: 2 * gain, high: -2 * gain, notch: a[0] }[kind];
  return { b: [gain, middle, gain], a };
}

// In place, from the state that the first sample, held for ever, would have left.
function once(values, { b, a }) {
  const level = values[0] * ((b[0] + b[1] + b[2]) / (1 + a[0] + a[1]));
  let second = b[2] * values[0] - a[1] * level;
  let first = b[1] * values[0] - a[0] * level + second;
  for (let at = 0; at < values.length; at += 1) {
    const value = values[at];
    const out = b[0] * value + first;
    first = b[1] * value - a[0] * out + second;
    second = b[2] * value - a[1] * out;
    values[at] = out;
  }
}
