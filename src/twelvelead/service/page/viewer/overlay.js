// What lies over the sheet and changes often: names that stay in sight, findings, marks, calipers, words.

import { measured, steps } from "./calipers.js";
import { LETTERS, MARKS } from "./marks.js";
import { EARLIER, INK, PAPER, font, paintName } from "./paint.js";
import { timeAt, xOf, yOf } from "./sheet.js";

const CALIPER = "#7a1fa2";
const CHOSEN = "#b3006b";
const MARK = "#1a5e20";
const WARN = "#7a4100";
const GRAVE = "#a3001b";
const REACH = 7; // CSS pixels around what can be taken hold of
const HALF = 9; // mm: of a caliper's foot over and below its strip's line

// ctx: of a canvas that was cleared; view: { k (pixels per mm), x, y, width, height (pixels), ratio (per CSS pixel) }
// -> what can be taken hold of, or told about, in pixels of the sheet: for `targetAt`
export function paintOverlay(ctx, { sheet, view, now, state, calipers, measurements, marking, texts }) {
  const { k, x, y } = view;
  const targets = [];
  ctx.setTransform(1, 0, 0, 1, -x, -y);
  for (const strip of sheet.strips) {
    if (isOut(strip, view)) continue;
    if (strip.left * k < x && strip.kind === "trace") paintName(ctx, strip, k, x / k + 1, 0.9);
    if (strip.findings?.length) paintFindings(ctx, strip, view, targets, texts);
  }
  if (state.marks) for (const strip of sheet.strips.filter((each) => each.bearsMarks)) paintMarks(ctx, strip, now, measurements, marking, view, targets);
  calipers.all.forEach((caliper, place) => paintCaliper(ctx, caliper, place, sheet, view, calipers.chosen, targets, texts));
  ctx.setTransform(1, 0, 0, 1, 0, 0);
  paintWords(ctx, view, texts);
  return targets;
}

const isOut = (strip, { k, x, width }) => (strip.left + strip.length) * k < x || strip.left * k > x + width;

function paintFindings(ctx, strip, view, targets, texts) {
  const { findings } = strip;
  const { k, x: seen } = view;
  const isGrave = findings.some((finding) => finding.grave || finding.severity === "refuse");
  const size = Math.max(3.2 * k, 11 * view.ratio);
  const x = Math.max(strip.left * k + 1.5 * k, seen + 1.5 * k) + 11 * k;
  const y = (strip.y - strip.nameUp) * k;
  ctx.fillStyle = isGrave ? GRAVE : WARN;
  ctx.beginPath();
  ctx.moveTo(x, y);
  ctx.lineTo(x + size, y);
  ctx.lineTo(x + size / 2, y - size * 0.9);
  ctx.fill();
  ctx.font = font(2.8, k);
  ctx.textAlign = "left";
  const words = findings.map((finding) => texts.finding(finding.code)).join(", ");
  outlined(ctx, words, x + size + 0.6 * k, y, ctx.fillStyle, k);
  ctx.font = font(2, k, "bold");
  ctx.fillStyle = PAPER;
  ctx.textAlign = "center";
  ctx.fillText("!", x + size / 2, y - size * 0.12);
  targets.push({ type: "finding", box: [x, y - size, size + ctx.measureText(words).width * 1.5, size], findings });
}

function paintMarks(ctx, strip, now, measurements, marking, view, targets) {
  const { k, ratio } = view;
  const marks = measurements?.marks_s ?? {};
  const beats = strip.kind === "beat" ? [0] : now.dominant;
  const isBeat = strip.kind === "beat";
  const [top, bottom] = isBeat ? [strip.band[0] + 1, strip.band[1] - 1] : [strip.y + strip.marksDown, strip.y + strip.marksDown + 3];
  let named = false;
  ctx.font = font(2.4, k, "bold");
  for (const beat of beats) {
    const places = MARKS.map((name) => beat + (marks[name] ?? NaN));
    if (places.some((time) => time < strip.start || time > strip.stop)) continue;
    MARKS.forEach((name, place) => {
      if (!Number.isFinite(places[place])) return;
      const x = xOf(strip, places[place]) * k;
      const isChosen = marking === name;
      ctx.fillStyle = isChosen ? CHOSEN : MARK;
      ctx.globalAlpha = isChosen || !isBeat ? 1 : 0.55;
      ctx.fillRect(Math.round(x - ratio / 2), top * k, Math.max(1, Math.round(ratio * (isChosen ? 2 : 1))), (bottom - top) * k);
      ctx.globalAlpha = 1;
      ctx.textAlign = { qrs_onset: "right", qrs_end: "left" }[name] ?? "center"; // they lie close together
      if (isBeat || !named) ctx.fillText(LETTERS[name], x, (isBeat ? top + 1.6 : bottom + 2.4) * k);
      targets.push({ type: "mark", mark: name, strip, beat, x, top: top * k, bottom: (bottom + 2) * k });
    });
    named = true;
  }
}

function paintCaliper(ctx, caliper, place, sheet, view, chosen, targets, texts) {
  const { k, ratio } = view;
  const isChosen = chosen?.caliper === place;
  for (const strip of sheet.strips) {
    if (strip.source !== caliper.source || strip.lead !== caliper.lead || strip.kind !== caliper.kind || !strip.trace) continue;
    const sign = strip.sign * caliper.sign;
    const feet = caliper.feet.map(({ time, mv }) => ({ x: xOf(strip, time) * k, y: yOf(strip, sign * mv) * k, time }));
    const inside = feet.map(({ time }) => time >= strip.start - 1e-6 && time <= strip.stop + 1e-6);
    if (caliper.march) paintSteps(ctx, caliper, strip, view);
    if (!inside.some(Boolean)) continue;
    ctx.save();
    ctx.beginPath();
    ctx.rect(strip.left * k - 3 * ratio, 0, strip.length * k + 6 * ratio, sheet.height * k);
    ctx.clip();
    ctx.strokeStyle = ctx.fillStyle = isChosen ? CHOSEN : CALIPER;
    ctx.lineWidth = ratio * (isChosen ? 1.5 : 1);
    const [top, bottom] = [
      Math.min((strip.y - HALF) * k, feet[0].y - 2 * k, feet[1].y - 2 * k),
      Math.max((strip.y + HALF) * k, feet[0].y + 2 * k, feet[1].y + 2 * k),
    ];
    feet.forEach(({ x, y }, foot) => {
      line(ctx, x, top, x, bottom);
      dashed(ctx, feet[0].x, y, feet[1].x, y, ratio);
      if (isChosen && chosen.foot === foot) ctx.fillRect(x - 3 * ratio, bottom - 3 * ratio, 6 * ratio, 6 * ratio);
      if (inside[foot]) targets.push({ type: "foot", caliper: place, foot, strip, x, top, bottom });
    });
    line(ctx, feet[0].x, top, feet[1].x, top);
    ctx.restore();
    ctx.font = font(2.8, k, "bold");
    ctx.textAlign = "center";
    outlined(ctx, texts.caliper(measured(caliper), sign), (feet[0].x + feet[1].x) / 2, top - 0.8 * k, isChosen ? CHOSEN : CALIPER, k);
  }
}

function paintSteps(ctx, caliper, strip, { k, ratio, x: edge, width }) {
  ctx.strokeStyle = CALIPER;
  ctx.lineWidth = ratio;
  const [from, to] = [Math.max(strip.start, timeAt(strip, edge / k)), Math.min(strip.stop, timeAt(strip, (edge + width) / k))];
  for (const time of steps(caliper, from, to)) {
    const x = xOf(strip, time) * k;
    dashed(ctx, x, (strip.y - HALF) * k, x, (strip.y + HALF) * k, ratio);
  }
}

function line(ctx, ...[x, y, toX, toY]) {
  ctx.beginPath();
  ctx.moveTo(x, y);
  ctx.lineTo(toX, toY);
  ctx.stroke();
}

function dashed(ctx, x, y, toX, toY, ratio) {
  ctx.setLineDash([3 * ratio, 3 * ratio]);
  line(ctx, x, y, toX, toY);
  ctx.setLineDash([]);
}

function outlined(ctx, text, x, y, colour, k) {
  ctx.lineJoin = "round";
  ctx.lineWidth = 0.9 * k;
  ctx.strokeStyle = PAPER;
  ctx.strokeText(text, x, y);
  ctx.fillStyle = colour;
  ctx.fillText(text, x, y);
}

// Speed, gain, filters and scale in the lower left corner; in the upper one why an ECG was refused, and which is which.
function paintWords(ctx, { width: window, edge, foot, ratio }, texts) {
  const width = Math.min(window, edge);
  const size = 13 * ratio;
  ctx.font = `600 ${size}px system-ui, "Liberation Sans", Arial, sans-serif`;
  ctx.textAlign = "left";
  const write = (text, y, colour, ground) => {
    ctx.fillStyle = ground;
    ctx.fillRect(0, y - 1.15 * size, width, 1.6 * size);
    ctx.fillStyle = colour;
    ctx.fillText(text, 0.6 * size, y, width - 1.2 * size);
  };
  texts.words.forEach((text, line) => {
    write(text, foot - 0.45 * size - (texts.words.length - 1 - line) * 1.6 * size, INK, PAPER);
  });
  const top = (line) => (1.15 + 1.6 * line) * size;
  texts.alarms.forEach((text, line) => write(text, top(line), "#ffffff", GRAVE));
  texts.legend.forEach((text, line) => write(text, top(texts.alarms.length + line), line ? EARLIER : INK, PAPER));
}

// What lies at a place of the sheet, in mm.
export function targetAt(targets, place, { k, ratio }) {
  const [x, y] = [place.x * k, place.y * k];
  let best = null;
  for (const target of targets) {
    if (target.type === "finding") {
      const [left, top, width, height] = target.box;
      if (!best && x >= left && x <= left + width && y >= top && y <= top + height) best = target;
      continue;
    }
    const away = Math.abs(target.x - x);
    const isNear = away <= REACH * ratio && y >= target.top - 2 * ratio && y <= target.bottom + 2 * ratio;
    if (isNear && (!(best?.away <= away) || best.type === "finding")) best = { ...target, away };
  }
  return best;
}
