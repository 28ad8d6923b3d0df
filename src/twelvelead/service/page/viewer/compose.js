// What a sheet shows: rows of cells, each cell a stretch of one lead of one recording, or of two over each other.

import { BEAT_SCALE, LEADS, SECONDS, oneLead, rowsOf } from "./layout.js";
import { AFTER, BEFORE } from "./recording.js";

const FEWEST = 0.6; // of a cell's seconds: a recording that leaves less in it is shown from earlier, and says so
const BEAT_GAP = 5; // mm

// state: of the viewer; now, before: Recording, before null unless two are compared
// -> { rows: [{ kind, speed, gain, gap (mm), seconds (of a cell), cells: [[track]] }], start, stop }
// track: { source (0 now, 1 before), kind, lead, sign, name, rhythm, trace, start, stop, note (s, or null), findings,
// bearsMarks (whether the measured onsets and ends are drawn on it) }
export function compose(state, now, before) {
  const composed = state.view === "beats" ? composeBeats(state, now, before) : composeLeads(state, now, before);
  const tracks = composed.rows.flatMap((row) => row.cells.flat()).filter((track) => track.source === 0);
  const traces = tracks.filter((track) => track.kind === "trace");
  const rhythm = traces.filter((track) => track.rhythm);
  const among = rhythm.length ? rhythm : traces;
  const bearer = among.find((track) => track.lead === "II") ?? among[0];
  for (const track of tracks) {
    track.bearsMarks = Boolean(track.trace) && (track === bearer || track.kind === "beat");
    track.findings = track.rhythm ? [] : now.findingsAt(track.lead);
  }
  return composed;
}

function composeLeads(state, now, before) {
  const rows = state.lead ? oneLead(state.lead) : rowsOf(state.layout, state.cabrera);
  const whole = rows.every((row) => row.length === 1);
  const start = whole ? 0 : state.start;
  const seconds = whole ? now.duration : SECONDS;
  const composed = [];
  for (const row of rows) {
    const length = seconds / row.length;
    const cells = row.map((track, column) => cut(track, now, state, start + column * length, length));
    composed.push(traceRow(state, length, cells));
    if (before) composed.push(traceRow(state, length, cells.map((cell) => aligned(cell, now, before, state, length))));
  }
  return { rows: composed, start, stop: start + seconds };
}

function composeBeats(state, now, before) {
  const rows = state.lead ? oneLead(state.lead) : rowsOf("3x4+1", state.cabrera);
  const rhythm = state.lead ?? "II";
  const composed = rows.filter((row) => !row[0].rhythm).map((row) => ({
    kind: "beat",
    speed: BEAT_SCALE * state.speed,
    gain: BEAT_SCALE * state.gain,
    gap: BEAT_GAP,
    seconds: BEFORE + AFTER,
    cells: row.map((track) => [before, now].filter(Boolean).map((recording) => {
      const shift = recording === now ? 0 : shiftOf(now, before);
      return {
        ...track,
        kind: "beat",
        source: recording === now ? 0 : 1,
        trace: recording.medianBeat(track.lead, track.sign, state.filters),
        start: shift - BEFORE,
        stop: shift + AFTER,
        note: null,
      };
    })),
  }));
  const track = { lead: rhythm, sign: 1, name: rhythm, rhythm: true };
  const cell = cut(track, now, state, state.start, SECONDS);
  composed.push(traceRow(state, SECONDS, [cell]));
  if (before) composed.push(traceRow(state, SECONDS, [aligned(cell, now, before, state, SECONDS)]));
  return { rows: composed, start: state.start, stop: state.start + SECONDS };
}

const traceRow = (state, seconds, cells) => ({
  kind: "trace",
  speed: state.speed,
  gain: state.gain,
  gap: 0,
  seconds,
  cells: cells.map((cell) => [cell]),
});

function cut(track, recording, state, due, length) {
  const shifted = recording.duration - due < FEWEST * length && due > 0;
  const start = shifted ? Math.max(0, Math.min(due, recording.duration - length)) : due;
  return {
    ...track,
    kind: "trace",
    source: 0,
    trace: recording.trace(track.lead, track.sign, state.filters),
    start,
    stop: Math.min(start + length, recording.duration),
    note: shifted && start < due ? start : null,
  };
}

// By how much the earlier beats are moved, s: QRS complexes begin together where both beginnings were measured.
const shiftOf = (now, before) => now.onset === null || before.onset === null ? 0 : before.onset - now.onset;

// The same lead of the earlier recording, so that the first beat of the cell stands under the present one's.
function aligned(cell, now, before, state, length) {
  const first = (recording, from) => recording.beats.find((beat) => beat.time >= from)?.time ?? from;
  const from = Math.min(cell.start, Math.max(0, before.duration - length));
  const start = first(before, from) - (first(now, cell.start) - cell.start) + shiftOf(now, before);
  return {
    ...cell,
    source: 1,
    trace: before.trace(cell.lead, cell.sign, state.filters),
    start,
    stop: Math.min(start + length, before.duration),
    note: start,
  };
}

export const shownLeads = (recording) => LEADS.filter((lead) => recording.signal.channels.has(lead));
