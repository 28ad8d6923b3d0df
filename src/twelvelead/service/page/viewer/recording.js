// One recording as the viewer needs it: its channels as they are displayed, its beats, its findings.

import { filtered } from "./filters.js";
import { LEADS } from "./layout.js";

export const BEFORE = 0.4; // s of a median beat before the beat's instant
export const AFTER = 0.7; // at most, and not so far that the next beat is in it
const NEXT = [0.97, 0.06, 0.3]; // share of RR, less s for the next QRS complex, s at least

export class Recording {
  #displayed = new Map();

  // answer: an interpretation, the error of a refused recording, or null
  constructor({ id, signal, answer, label = "" }) {
    this.id = id;
    this.label = label;
    this.rate = signal.rate;
    this.duration = signal.samples / signal.rate;
    this.signal = signal;
    this.answer = answer ?? {};
    this.measurements = this.answer.measurements ?? null;
    const times = this.measurements?.beat_times_s ?? [];
    this.beats = times.map((time, beat) => ({ time, dominant: this.measurements.dominant?.[beat] ?? true }));
  }

  get refusal() {
    return this.answer.format === "twelvelead-error" ? this.answer.error : null;
  }

  // { code, message, severity, grave, leads } of the gate and the reader; no leads where it is about all of them
  get findings() {
    return (this.answer.findings ?? []).map((finding) => {
      const leads = leadsOf(finding.values ?? {});
      return { ...finding, leads: leads.length < LEADS.length ? leads : [] };
    });
  }

  findingsAt(lead) {
    return this.findings.filter((finding) => finding.leads.includes(lead));
  }

  get dominant() {
    return this.beats.filter((beat) => beat.dominant).map((beat) => beat.time);
  }

  // s after a beat's instant at which two recordings are laid on each other: where the QRS complex begins.
  get onset() {
    return this.measurements?.marks_s?.qrs_onset ?? null;
  }

  get #after() {
    const distances = this.beats.slice(1).map((beat, place) => beat.time - this.beats[place].time);
    return Math.min(AFTER, Math.max(NEXT[0] * median(distances) - NEXT[1], NEXT[2]));
  }

  // What is drawn of a lead: { values, rate, origin: s of the first sample }; null where the lead was not recorded.
  trace(lead, sign, filters) {
    return this.#kept(`${lead}|${sign}|${filters}`, () => {
      const values = this.signal.channels.get(lead);
      if (!values) return null;
      const shown = filtered(values, this.rate, filters);
      return { values: sign < 0 ? shown.map((value) => -value) : shown, rate: this.rate, origin: 0 };
    });
  }

  // The median of a lead's dominant beats, `origin` s after the beats' instants; null where there are none.
  medianBeat(lead, sign, filters) {
    return this.#kept(`beat|${lead}|${sign}|${filters}`, () => {
      const trace = this.trace(lead, sign, filters);
      const first = -Math.round(BEFORE * this.rate);
      const last = Math.round(this.#after * this.rate);
      const places = this.dominant
        .map((time) => Math.round(time * this.rate))
        .filter((place) => place + first >= 0 && place + last < this.signal.samples);
      if (!trace || !places.length) return null;
      const values = new Float32Array(last - first + 1);
      for (let at = first; at <= last; at += 1) values[at - first] = median(places.map((place) => trace.values[place + at]));
      return { values, rate: this.rate, origin: first / this.rate };
    });
  }

  #kept(key, make) {
    if (!this.#displayed.has(key)) this.#displayed.set(key, make());
    return this.#displayed.get(key);
  }
}

// The leads that a finding's values are of; of contradictions such as "III - (II - I)" the one that does not fit.
function leadsOf(values) {
  const most = Math.max(...Object.values(values));
  const isMeant = (lead) => ([key, value]) => key === lead || (key.startsWith(`${lead} `) && value >= most / 2);
  return LEADS.filter((lead) => Object.entries(values).some(isMeant(lead)));
}

// Of the finite values; NaN where there is none.
export function median(values) {
  const sorted = Float64Array.from(values).filter(Number.isFinite).sort();
  if (!sorted.length) return NaN;
  const half = sorted.length >> 1;
  return sorted.length % 2 ? sorted[half] : (sorted[half - 1] + sorted[half]) / 2;
}

// The sample nearest to a time, within the trace.
export function sampleAt({ values, rate, origin }, time) {
  return Math.min(Math.max(Math.round((time - origin) * rate), 0), values.length - 1);
}

export const timeOf = ({ rate, origin }, sample) => origin + sample / rate;
