// The sheet on paper, true to scale: A4 landscape, cut between rows and at whole squares where it is larger.

import { compose } from "./compose.js";
import { SECONDS } from "./layout.js";
import { paintName, paintPart } from "./paint.js";
import { laySheet } from "./sheet.js";
import { element } from "./toolbar.js";

const PAGE = { width: 275, height: 160 }; // mm of the sheet on a page
const PIXELS_PER_MM = 12;
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
  const { state, now, before, t } = viewer;
  const [from] = viewer.span;
  const start = Math.max(0, Math.min(from, now.duration - SECONDS));
  const sheet = laySheet(window10(compose(state, now, before), start, now).rows);
  const parts = rowGroups(sheet).flatMap(([top, bottom]) => columns(sheet).map(([left, right]) => [left, top, right, bottom]));
  return parts.map(([left, top, right, bottom], number) => {
    const canvas = slice(viewer, sheet, left, top, right, bottom);
    return element("section", { class: "viewer-print-page" },
      element("header", {}, ...heading(viewer).map((line) => element("p", {}, line))),
      canvas,
      element("footer", {},
        element("span", { class: "viewer-ruler" }, t("viewer.ruler", { mm: RULER })),
        element("p", {}, `${viewer.words.paper(state, now)} \u00b7 ${t("viewer.page", { number: number + 1, of: parts.length })} \u00b7 ${t("viewer.notice")}`)));
  });
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

// [top, bottom] of the rows that go on a page together, mm.
function rowGroups(sheet) {
  const bands = [...new Map(sheet.strips.map((strip) => [strip.row, strip.band])).values()];
  const groups = [];
  for (const [top, bottom] of bands) {
    const last = groups.at(-1);
    if (last && bottom - last[0] <= PAGE.height) last[1] = bottom;
    else groups.push([top, bottom]);
  }
  groups.at(-1)[1] = sheet.height;
  return groups;
}

function columns(sheet) {
  const found = [];
  for (let left = 0; left < sheet.width - 5; left += PAGE.width - 5) found.push([left, Math.min(left + PAGE.width, sheet.width)]);
  return found;
}

function slice(viewer, sheet, left, top, right, bottom) {
  const k = PIXELS_PER_MM;
  const part = { x: left * k, y: Math.round(top * k), width: (right - left) * k, height: Math.round((bottom - top) * k) };
  const canvas = element("canvas");
  [canvas.width, canvas.height] = [part.width, part.height];
  [canvas.style.width, canvas.style.height] = [`${part.width / k}mm`, `${part.height / k}mm`];
  const ctx = canvas.getContext("2d", { alpha: false });
  paintPart(ctx, sheet, viewer.paint, k, part);
  if (left > 0) for (const strip of sheet.strips) if (strip.left < left) paintName(ctx, strip, k, left + 1);
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
