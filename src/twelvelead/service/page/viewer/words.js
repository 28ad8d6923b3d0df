// What the viewer says in words, on the trace and beside it.

import { FILTERS, isPossible } from "./filters.js";
import { BEAT_SCALE } from "./layout.js";
import { isCalibrated } from "./scale.js";

const language = () => document.documentElement.lang || "en";
export const number = (value, digits = 1) =>
  new Intl.NumberFormat(language(), { maximumFractionDigits: digits, useGrouping: false }).format(value);

export class Words {
  constructor(t) {
    this.t = t;
  }

  // Speed, gain, filters and scale; then what else has to be known of the drawing.
  scale(state, now, sheet, tint) {
    const { t } = this;
    const lines = [this.paper(state, now), this.size(state)];
    if (sheet.cut.length) lines.push(t("viewer.cut", { leads: sheet.cut.join(", ") }));
    if (tint) lines.push(t("viewer.tint", { label: tint.label }));
    return lines;
  }

  // Speed, gain and filters.
  paper(state, now) {
    const { t } = this;
    const of = (factor) => t("viewer.paper", { speed: number(factor * state.speed), gain: number(factor * state.gain) });
    const shown = state.view === "beats" ? t("viewer.paper-beats", { beats: of(BEAT_SCALE), rhythm: of(1) }) : of(1);
    return `${shown} \u00b7 ${this.filters(state, now)}`;
  }

  // The filters that are at work, and what the device had taken away before.
  filters(state, now) {
    const { t } = this;
    const names = FILTERS.filter((each) => state.filters.includes(each.name) && isPossible(each, now.rate));
    const shown = names.length
      ? t("viewer.filtered", { filters: names.map((each) => this.filter(each)).join(", ") })
      : t("viewer.unfiltered");
    return now.answer.filters ? `${shown} \u00b7 ${t("viewer.recorded-with", { filters: now.answer.filters })}` : shown;
  }

  filter({ name, hertz }) {
    return this.t(`viewer.filter.${name}`, { hertz: number(hertz) });
  }

  size({ fit, zoom }) {
    const { t } = this;
    const how = isCalibrated() ? t("viewer.calibrated") : t("viewer.uncalibrated");
    const factor = number(zoom, 2);
    if (fit) return t("viewer.fit", { factor, how });
    return zoom === 1 ? t("viewer.true-size", { how }) : t("viewer.zoomed", { factor, how });
  }

  // What stands over the trace: that it is no reading, and why.
  alarms(now) {
    return now.refusal === null ? [] : [this.t("viewer.refused", { reason: this.reason(now) })];
  }

  // What is wrong; what to do about it stands among the findings.
  reason(now) {
    const refusing = now.findings.filter((finding) => finding.severity === "refuse");
    return refusing.length ? refusing.map((finding) => finding.message.split("; ")[0]).join("; ") : now.refusal;
  }

  legend(now, before) {
    const { t } = this;
    return [t("viewer.now", { label: now.label }), t("viewer.before", { label: before.label })];
  }

  caliper({ ms, perMinute, mv }, sign) {
    const rate = perMinute === null ? "" : ` \u00b7 ${this.t("viewer.per-minute", { rate: number(perMinute, perMinute < 100 ? 1 : 0) })}`;
    return `${number(ms)} ms${rate} \u00b7 ${number(sign * mv, 2)} mV`;
  }

  finding(code) {
    return this.t(`viewer.finding.${code}`);
  }

  // What paintPart writes beside the names of leads.
  get notes() {
    const { t } = this;
    return {
      absent: t("viewer.absent"),
      noBeat: t("viewer.no-beat"),
      from: (seconds) => t("viewer.from", { seconds: number(seconds) }),
    };
  }

  // The whole picture for whoever does not see it.
  description(state, now, before, measurements) {
    const { t } = this;
    const parts = [t("viewer.describe", { seconds: number(now.duration), rate: number(now.rate) })];
    if (now.refusal !== null) parts.push(t("viewer.refused", { reason: this.reason(now) }));
    parts.push(this.numbers(measurements) || t("viewer.nothing-measured"));
    if (now.findings.length) parts.push(t("viewer.findings-number", { number: now.findings.length }));
    if (before) parts.push(t("viewer.compared", { label: before.label }));
    return parts.join(" ");
  }

  numbers(measurements) {
    if (!measurements) return "";
    const named = [
      ["heart_rate_per_minute", (value) => this.t("viewer.rate", { value })],
      ["pr_ms", (value) => `PR ${value} ms`],
      ["qrs_ms", (value) => `QRS ${value} ms`],
      ["qt_ms", (value) => `QT ${value} ms`],
      ["qtc_bazett_ms", (value) => `QTc Bazett ${value} ms`],
      ["qtc_fridericia_ms", (value) => `Fridericia ${value} ms`],
      ["axis_degrees", (value) => this.t("viewer.axis", { value })],
    ];
    const said = named
      .filter(([name]) => Number.isFinite(measurements[name]))
      .map(([name, say]) => say(number(measurements[name], 0)));
    return said.length ? `${said.join(", ")}${measurements.moved ? ` (${this.t("viewer.moved")})` : ""}.` : "";
  }
}
