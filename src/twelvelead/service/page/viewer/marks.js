// The measured onsets and ends, and the intervals between them, which follow when a reader moves one.

export const MARKS = ["p_onset", "qrs_onset", "qrs_end", "t_end"];
export const LETTERS = { p_onset: "P", qrs_onset: "Q", qrs_end: "J", t_end: "T" };
// s after the beat's instant, where a mark that was not measured begins
const USUAL = { p_onset: -0.2, qrs_onset: -0.045, qrs_end: 0.05, t_end: 0.35 };
const INTERVALS = {
  pr_ms: ["p_onset", "qrs_onset"],
  qrs_ms: ["qrs_onset", "qrs_end"],
  qt_ms: ["qrs_onset", "t_end"],
};
const CORRECTED = { qtc_bazett_ms: 1 / 2, qtc_fridericia_ms: 1 / 3 }; // QT over this power of RR in s

const tenth = (value) => Math.round(value * 10) / 10;

// measurements: as the answer has them; marks: name -> s after a beat's instant, those that were moved or set.
// -> the same with the intervals between them, and `moved: true` where there are any
export function remeasured(measurements, marks) {
  if (!measurements || !Object.keys(marks).length) return measurements;
  const all = { ...measurements.marks_s, ...marks };
  const values = {};
  for (const [name, [from, to]] of Object.entries(INTERVALS)) {
    if (!(from in marks) && !(to in marks)) continue;
    const isKnown = all[from] !== null && all[to] !== null;
    values[name] = isKnown ? tenth((all[to] - all[from]) * 1000) : null;
  }
  if ("qt_ms" in values) {
    const seconds = measurements.heart_rate_per_minute ? 60 / measurements.heart_rate_per_minute : null;
    for (const [name, power] of Object.entries(CORRECTED)) {
      values[name] = values.qt_ms === null || !seconds ? null : tenth(values.qt_ms / seconds ** power);
    }
  }
  const withheld = Object.fromEntries(
    Object.entries(measurements.withheld).filter(([name]) => !(values[name] > 0)),
  );
  return { ...measurements, ...values, withheld, marks_s: all, moved: true };
}

// Where a mark lies, or would begin, in s after a beat's instant; never past its neighbours.
export const placeOf = (measurements, name) => measurements?.marks_s?.[name] ?? USUAL[name];

export function held(measurements, name, seconds) {
  const place = MARKS.indexOf(name);
  const known = (names) => names.map((each) => measurements.marks_s[each]).filter((each) => each !== null);
  const least = Math.max(-0.6, ...known(MARKS.slice(0, place))) + 0.002;
  const most = Math.min(0.9, ...known(MARKS.slice(place + 1))) - 0.002;
  return Math.min(Math.max(seconds, least), most);
}
