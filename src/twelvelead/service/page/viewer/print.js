// The sheet on paper, true to scale: A4 landscape, cut between rows and at whole squares where it is larger.

import { compose } from "./compose.js";
import { SECONDS } from "./layout.js";
import { paintName, paintPart } from "./paint.js";
import { laySheet } from "./sheet.js";
import { element } from "./toolbar.js";

const PAGE = { width: 275, height: 165 }; // mm of the sheet on a page
// Pixels of the canvas per CSS pixel. Chromium prints a canvas at this factor rounded down to 64ths: only such ones are
// true to scale.
const FINE = 4;
const PIXELS_PER_MM = (FINE * 96) / 25.4; // on paper a CSS pixel is 1/96 of an inch
const RULER = 100; // mm

// Pages are there while the browser prints, whoever told it to.
export function preparePrint(viewer) {
  let pages = null;
  addEventListener("beforeprint", () => {
    if (!viewer.now || !viewer.root.isConnected) return;
    pages = element("div", { class: "viewer-print" }, ...makePages(viewer));
    document.body.append(pages);
  });
  addEventListener("afterprint", () => pages?.remove());
}

function makePages(viewer) {
  const { state, now, before, words, t } = viewer;
  const [from] = viewer.span;
  const start = Math.max(0, Math.min(from, now.duration - SECONDS));
  const sheet = laySheet(window10(compose(state, now, before), start, now).rows);
  const parts = rowGroups(sheet).flatMap((group) => columns(sheet).map(([left, right]) => ({ ...group, left, right })));
  return parts.map((part, number) => element("section", { class: "viewer-print-page" },
    ...heading(viewer).map((line) => element("p", {}, line)),
    slice(viewer, sheet, part),
    element("div", { class: "viewer-foot" },
      element("span", { class: "viewer-ruler" }, t("viewer.ruler", { mm: RULER })),
      element("p", {}, [
        words.paper(state, now), t("viewer.page", { number: number + 1, of: parts.length }), t("viewer.notice"),
      ].join(" \u00b7 ")))));
}

// Ten seconds from where the screen stands, of rows that otherwise show the whole recording.
function window10(composed, start, now) {
  const rows = composed.rows.map((row) => row.kind === "beat" || row.seconds <= SECONDS ? row : {
    ...row,
    seconds: SECONDS,
    cells: row.cells.map((cell) => cell.map((track) => ({
      ...track,
      start: track.start + start,
      stop: Math.min(track.start + start + SECONDS, track.stop),
    }))),
  });
  return { rows };
}

// The rows that go on a page together: { rows, top, bottom (mm) }, with all that their traces and names need.
function rowGroups(sheet) {
  const groups = [];
  for (const { row, band, highest, lowest } of new Map(sheet.strips.map((strip) => [strip.row, strip])).values()) {
    const isLast = row === sheet.strips.at(-1).row;
    const [top, bottom] = [Math.max(0, Math.min(band[0], highest - 1)), isLast ? sheet.height : Math.max(band[1], lowest + 1)];
    const last = groups.at(-1);
    if (last && bottom - last.top <= PAGE.height) Object.assign(last, { rows: [...last.rows, row], bottom });
    else groups.push({ rows: [row], top: Math.floor(top), bottom });
  }
  return groups;
}

function columns(sheet) {
  const found = [];
  for (let left = 0; left < sheet.width - 5; left += PAGE.width - 5) found.push([left, Math.min(left + PAGE.width, sheet.width)]);
  return found;
}

function slice(viewer, sheet, { rows, left, top, right, bottom }) {
  const k = PIXELS_PER_MM;
  const strips = sheet.strips.filter((strip) => rows.includes(strip.row));
  const pulses = sheet.pulses.filter((_, row) => rows.includes(row));
  const [width, height] = [right - left, bottom - top].map((mm) => FINE * Math.ceil((mm * k) / FINE));
  const part = { x: Math.round(left * k), y: Math.round(top * k), width, height };
  const canvas = element("canvas");
  [canvas.width, canvas.height] = [width, height];
  [canvas.style.width, canvas.style.height] = [`${width / FINE}px`, `${height / FINE}px`];
  const ctx = canvas.getContext("2d", { alpha: false });
  paintPart(ctx, { ...sheet, strips, pulses }, viewer.paint, k, part);
  if (left > 0) for (const strip of strips) if (strip.left < left) paintName(ctx, strip, k, left + 1);
  return canvas;
}

// Whose ECG it is, as far as the file said; what was measured; that it is not readable.
function heading(viewer) {
  const { now, before, words, t } = viewer;
  const who = now.answer.identity ?? {};
  const identity = ["name", "patient_id", "birth_date", "recorded", "order"].map((name) => who[name]).filter(Boolean);
  return [
    [identity.join(" \u00b7 ") || t("viewer.no-identity"), now.label].filter(Boolean).join(" \u00b7 "),
    words.numbers(viewer.measurements) || t("viewer.nothing-measured"),
    ...words.alarms(now),
    ...(before ? words.legend(now, before) : []),
  ];
}
