/** All that the machine decided, and how sure it is. */

import { number, t } from "../i18n.js";
import { element } from "./dom.js";
import { nameOf } from "./names.js";
import { bar } from "./statements.js";

export function machine(answer) {
  const { classes, statements, not_assessed: left, operating_point: point, error_rate: rate, model, pieces } = answer;
  if (classes === undefined) return [element("p", {}, t("machine.none"))];
  const names = left.map(nameOf).join(", ");
  return [
    element("p", {}, t("machine.how", { point, rate: number(100 * rate), model: model.name })),
    model.trained_on_synthetic_ecgs ? element("p", { class: "fault" }, t("machine.synthetic")) : null,
    table(t("machine.classes"), classes, true),
    Object.keys(statements).length > 0 ? table(t("machine.statements"), statements, false) : null,
    left.length > 0 ? element("p", {}, t("machine.not-assessed", { names })) : null,
    pieces.length > 1 ? element("p", {}, t("machine.pieces", { count: pieces.length })) : null,
  ].filter(Boolean);
}

function table(heading, results, open) {
  const columns = ["statement", "probability", "decision", "certainty", "sensitivity", "specificity", "ppv", "npv"];
  const sorted = Object.entries(results).sort(([, one], [, two]) => two.probability - one.probability);
  const rows = sorted.map(([code, result]) =>
    element("tr", { class: result.decision },
      element("th", { scope: "row" }, nameOf(code), " ", element("small", {}, code)),
      element("td", {}, bar(result)),
      element("td", {}, t(`decision.${result.decision}`)),
      element("td", {}, certainty(result)),
      element("td", {}, interval(result.sensitivity)),
      element("td", {}, interval(result.specificity)),
      element("td", {}, share(result.positive_predictive_value)),
      element("td", {}, share(result.negative_predictive_value))));
  return element("details", { open },
    element("summary", {}, t("machine.summary", { name: heading, count: sorted.length })),
    element("div", { class: "wide", tabindex: "0", role: "group", "aria-label": heading },
      element("table", {},
        element("thead", {}, element("tr", {}, columns.map((name) => element("th", { scope: "col" }, t(`machine.${name}`))))),
        element("tbody", {}, rows))));
}

/** What is possible at the error rate (a conformal set), and how far the members of an ensemble are apart. */
function certainty({ conformal_set: set, spread }) {
  const possible = set.length === 1 ? t(`decision.${set[0]}`) : t(set.length === 2 ? "certainty.both" : "certainty.none");
  if (spread === null) return possible;
  return t("certainty.spread", { possible, spread: spread < 0.005 ? `<${number(0.01, 2)}` : number(spread, 2) });
}

const share = (value) => (value === null || value === undefined ? "–" : number(value, 2));

const interval = (figure) =>
  figure ? `${share(figure.value)} (${share(figure.low)}–${share(figure.high)})` : "–";
