/** Rate, intervals and axis: as measured, and as the reader moved the marks. */

import { number, t } from "../i18n.js";
import { element } from "./dom.js";

const QUANTITIES = {
  heart_rate_per_minute: "/min",
  pr_ms: "ms",
  qrs_ms: "ms",
  qt_ms: "ms",
  qtc_bazett_ms: "ms",
  qtc_fridericia_ms: "ms",
  axis_degrees: "°",
};

const shown = (value, unit) => (value === null || value === undefined ? "–" : `${number(value)}${unit === "ms" ? " ms" : unit}`);

/** A table of the measurements of an answer beside those that a reader made; null where nothing was measured. */
export function measured(measurements, moved) {
  if (!measurements) return element("p", {}, t("measured.none"));
  const rows = Object.entries(QUANTITIES).map(([name, unit]) => {
    const why = measurements.withheld?.[name];
    return element("tr", {},
      element("th", { scope: "row" }, t(`measure.${name}`)),
      element("td", {}, shown(measurements[name], unit), why ? element("small", { lang: "en" }, ` ${why}`) : null),
      moved ? element("td", { class: moved[name] === measurements[name] ? "" : "moved" }, shown(moved[name], unit)) : null);
  });
  return element("table", {},
    element("thead", {}, element("tr", {}, element("td", {}),
      element("th", { scope: "col" }, t("measured.machine")),
      moved ? element("th", { scope: "col" }, t("measured.reader")) : null)),
    element("tbody", {}, rows));
}
