// Paper, tint and traces on a canvas. All lengths of the sheet are mm; `k` is pixels of the canvas per mm.

import { samplesOf, xOf, yOf } from "./sheet.js";

export const PAPER = "#fffaf9";
export const INK = "#111111";
export const EARLIER = "#0a4fb5";
export const GREY = "#5a5252";
const GRID = "#e0685a";
const TRACE_MM = 0.28;
const PIECE = 64;
const TINT = { lead: ["#d4690b", 0.4], all: ["#1f6feb", 0.4] };

// tint: of Viewer.tint, or null; words: { absent, noBeat, from: (s) => text }
// part: { x, y, width, height } of the sheet in pixels, that comes to lie at 0, 0 of the canvas
export function paintPart(ctx, sheet, { tint, words }, k, part) {
  ctx.setTransform(1, 0, 0, 1, -part.x, -part.y);
  paintPaper(ctx, sheet, k, part);
  const seen = sheet.strips.filter((strip) => isSeen(strip, k, part));
  if (tint) for (const strip of seen) paintTint(ctx, strip, tint, k);
  paintSeconds(ctx, sheet, k);
  for (const pulse of sheet.pulses) paintPulse(ctx, pulse, k);
  for (const strip of seen) {
    paintTrace(ctx, strip, k, part);
    if (strip.isLater) paintBorder(ctx, strip, k);
  }
  for (const strip of seen) {
    paintName(ctx, strip, k);
    paintNote(ctx, strip, words, k);
  }
}

export const font = (mm, k, weight = "normal") => `${weight} ${(mm * k).toFixed(2)}px system-ui, "Liberation Sans", Arial, sans-serif`;

function isSeen(strip, k, part) {
  const [left, right] = [strip.left * k, (strip.left + strip.length) * k];
  const [top, bottom] = [Math.min(strip.highest, strip.band[0]) * k, Math.max(strip.lowest, strip.band[1]) * k];
  return left < part.x + part.width + k && right > part.x - k && top < part.y + part.height && bottom > part.y;
}

function paintPaper(ctx, sheet, k, part) {
  ctx.fillStyle = PAPER;
  ctx.fillRect(0, 0, Math.round(sheet.width * k), Math.round(sheet.height * k));
  const far = [Math.min(part.x + part.width, sheet.width * k), Math.min(part.y + part.height, sheet.height * k)];
  ctx.fillStyle = GRID;
  const finest = k < 2 ? 5 : 1; // lines of 1 mm that lie on each other would only darken the paper
  for (let step = finest; step <= 5; step += 4) {
    const width = Math.max(1, Math.round(k * (step === 1 ? 0.12 : 0.2)));
    ctx.globalAlpha = step === 1 ? 0.24 : 0.55;
    for (let mm = step * Math.floor(part.x / k / step); mm * k < far[0]; mm += step) {
      ctx.fillRect(Math.round(mm * k - width / 2), part.y, width, far[1] - part.y);
    }
    for (let mm = step * Math.floor(part.y / k / step); mm * k < far[1]; mm += step) {
      ctx.fillRect(part.x, Math.round(mm * k - width / 2), far[0] - part.x, width);
    }
  }
  ctx.globalAlpha = 1;
}

// tint: { weights: { start_s, step_s, leads: lead -> [0..1] } } or { weights: { start_s, step_s, all: [0..1] } }
function paintTint(ctx, strip, { weights }, k) {
  const values = weights.leads?.[strip.lead] ?? weights.all;
  if (!values || strip.kind !== "trace" || strip.source !== 0) return;
  const [colour, strongest] = weights.leads ? TINT.lead : TINT.all;
  ctx.fillStyle = colour;
  values.forEach((value, cell) => {
    const from = Math.max(weights.start_s + cell * weights.step_s, strip.start);
    const to = Math.min(weights.start_s + (cell + 1) * weights.step_s, strip.stop);
    if (!(value > 0) || to <= from) return;
    ctx.globalAlpha = strongest * Math.min(value, 1);
    const [left, right] = [Math.round(xOf(strip, from) * k), Math.round(xOf(strip, to) * k)];
    ctx.fillRect(left, strip.band[0] * k, right - left, (strip.band[1] - strip.band[0]) * k);
  });
  ctx.globalAlpha = 1;
}

// The seconds of the recording, below the strips that reach furthest.
function paintSeconds(ctx, sheet, k) {
  const last = sheet.strips.filter((strip) => strip.kind === "trace" && strip.source === 0).at(-1);
  if (!last) return;
  const row = sheet.strips.filter((strip) => strip.row === last.row);
  ctx.fillStyle = GREY;
  ctx.font = font(2.6, k);
  ctx.textAlign = "center";
  for (const strip of row) {
    for (let second = Math.ceil(strip.start - 1e-6); second <= strip.stop + 1e-6; second += 1) {
      const x = xOf(strip, second) * k;
      ctx.fillRect(Math.round(x), sheet.foot * k, 1, 1.5 * k);
      if (second < strip.stop || strip === row.at(-1)) ctx.fillText(`${second}\u202fs`, x, (sheet.foot + 4.5) * k);
    }
  }
}

// Thin traces are drawn as lines of one pixel, for which canvases have a way that is ten times faster.
function pen(ctx, colour, k) {
  ctx.strokeStyle = colour;
  ctx.lineWidth = TRACE_MM * k < 1.35 ? 1 : TRACE_MM * k;
  ctx.lineJoin = ctx.lineCap = "round";
}

function paintPulse(ctx, { left, y, width, height }, k) {
  const across = [left - 1.5, left, left, left + width, left + width, left + width + 1.5];
  const down = [0, 0, height, height, 0, 0];
  pen(ctx, INK, k);
  ctx.beginPath();
  across.forEach((x, corner) => ctx.lineTo(x * k, (y - down[corner]) * k));
  ctx.stroke();
}

// Where a row goes on with another lead.
function paintBorder(ctx, strip, k) {
  ctx.fillStyle = INK;
  for (const down of [-4, 2]) ctx.fillRect(Math.round(strip.left * k), (strip.y + down) * k, Math.max(1, 0.25 * k), 2 * k);
}

function paintTrace(ctx, strip, k, part) {
  if (!strip.trace) return;
  ctx.save();
  ctx.beginPath();
  ctx.rect(strip.left * k - 1, strip.top * k, strip.length * k + 2, (strip.bottom - strip.top) * k);
  ctx.clip();
  pen(ctx, strip.source ? EARLIER : INK, k);
  drawLine(ctx, strip, k, part);
  ctx.restore();
}

// The line through the samples that lie in the part; of those within one pixel the lowest and the highest.
function drawLine(ctx, strip, k, part) {
  const { values, rate, origin } = strip.trace;
  const perSample = (strip.speed / rate) * k;
  const zero = xOf(strip, origin) * k;
  const [gain, line] = [strip.gain * k, strip.y * k + strip.level * strip.gain * k];
  const [lowest, highest] = samplesOf(strip);
  const first = Math.max(lowest, Math.floor((part.x - 2 - zero) / perSample));
  const end = Math.min(highest, Math.ceil((part.x + part.width + 2 - zero) / perSample) + 1);
  const together = Math.max(1, Math.floor(1 / perSample));
  let [count, lastX, lastY] = [0, 0, 0]; // of the points of a piece; short pieces are drawn faster than one long line
  ctx.beginPath();
  // counted from the first sample of all, so that neighbouring parts of the sheet meet in the same points
  for (let at = first - (first % together); at < end; at += together) {
    let [least, most] = [NaN, NaN];
    let [low, high] = [at, at];
    for (let each = Math.max(at, lowest); each < Math.min(at + together, highest); each += 1) {
      if (!(values[each] >= least)) if (values[each] === values[each]) [least, low] = [values[each], each];
      if (!(values[each] <= most)) if (values[each] === values[each]) [most, high] = [values[each], each];
    }
    if (least !== least) {
      count = 0;
      continue;
    }
    const ends = low < high ? [low, high] : low > high ? [high, low] : [low];
    for (const each of ends) {
      const [x, y] = [zero + each * perSample, line - values[each] * gain];
      if (count % PIECE === 0) {
        ctx.stroke();
        ctx.beginPath();
        if (count) ctx.moveTo(lastX, lastY);
      }
      ctx.lineTo(x, y);
      [count, lastX, lastY] = [count + 1, x, y];
    }
  }
  ctx.stroke();
}

export function paintName(ctx, strip, k, x = strip.left + 1, shade = 0.75) {
  if (strip.source && strip.kind === "beat") return;
  const [left, foot] = [x * k, (strip.y - strip.nameUp) * k];
  ctx.textAlign = "left";
  ctx.font = font(3.6, k, "bold");
  ctx.lineJoin = "round";
  ctx.lineWidth = 0.8 * k;
  ctx.globalAlpha = shade;
  ctx.strokeStyle = PAPER;
  ctx.strokeText(strip.name, left, foot);
  ctx.globalAlpha = 1;
  ctx.fillStyle = strip.source ? EARLIER : INK;
  ctx.fillText(strip.name, left, foot);
}

// That a lead was not recorded, or from which second a cell shows it.
function paintNote(ctx, strip, words, k) {
  const absent = strip.kind === "beat" ? words.noBeat : words.absent;
  const text = !strip.trace ? absent : strip.note === null || strip.source ? null : words.from(strip.note);
  if (text === null) return;
  ctx.font = font(2.6, k);
  ctx.fillStyle = GREY;
  ctx.fillText(text, (strip.left + 10) * k, (strip.y - (strip.trace ? strip.nameUp : 0)) * k);
}
