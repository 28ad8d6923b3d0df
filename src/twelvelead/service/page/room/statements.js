/** Statements with their probabilities, and the marks of the reader beside them. */

import { number, probability as shown, t } from "../i18n.js";
import { button, element } from "./dom.js";
import { ordered, statementsOf } from "./draft.js";
import { nameOf } from "./names.js";

/** Whether an uncertain statement is said to be possible: from half of its threshold on, as in the reading's words. */
const isPossible = ({ decision, probability, threshold }) => decision === "uncertain" && probability >= threshold / 2;

/** What is present, possible, or said by the reader: the list of the reader's marks. */
export function marked(answer, chosen, acts) {
  const all = ordered(answer);
  const present = all.filter(([, { decision }]) => decision === "present");
  const possible = all.filter(([, result]) => isPossible(result));
  const shown = new Set([...present, ...possible].map(([code]) => code));
  const results = statementsOf(answer);
  const added = [...chosen].filter((code) => !shown.has(code)).map((code) => [code, results[code]]);
  return [
    answer.attention ? button(t("statements.attention"), () => acts.where(""), { "aria-pressed": String(acts.shown === "") }) : null,
    group(t("statements.present"), present, chosen, acts),
    group(t("statements.possible"), possible, chosen, acts),
    group(t("statements.added"), added, chosen, acts),
    answer.classes && shown.size === 0 ? element("p", {}, t("statements.none")) : null,
  ].filter(Boolean);
}

function group(heading, entries, chosen, acts) {
  if (entries.length === 0) return null;
  const rows = entries.map(([code, result]) => row(code, result, chosen.has(code), acts));
  return element("div", { class: "group" }, element("h3", {}, heading), element("ul", { class: "statements" }, rows));
}

function row(code, result, isChosen, acts) {
  const tick = element("input", {
    type: "checkbox",
    checked: isChosen,
    disabled: acts.readOnly,
    "data-code": code,
    on: { change: ({ target }) => acts.toggle(code, target.checked) },
  });
  return element("li", { class: isChosen ? "chosen" : "" },
    element("label", { class: "check" }, tick, element("span", {}, nameOf(code), " ", element("small", {}, code))),
    result ? bar(result) : element("span", { class: "bar-place" }, t("statements.not-assessed")),
    element("span", { class: "acts" },
      isChosen && !acts.readOnly ? button(t("statements.change"), () => acts.change(code), { "aria-label": t("statements.change-of", { name: nameOf(code) }) }) : null,
      result ? button(t("statements.where"), () => acts.where(code), {
        "aria-pressed": String(acts.shown === code), "aria-label": t("statements.where-of", { name: nameOf(code) }),
      }) : null));
}

/** A probability as a bar with the mark of its threshold. */
export function bar({ probability, threshold, decision }) {
  const text = t("statements.bar", { probability: shown(probability), threshold: number(threshold, 2) });
  const filled = element("span", { class: "filled" });
  const mark = element("span", { class: "threshold" });
  filled.style.width = `${100 * probability}%`;
  mark.style.left = `${100 * threshold}%`;
  return element("span", { class: `bar-place ${decision}` },
    element("span", { class: "bar", role: "img", "aria-label": text }, filled, mark),
    element("span", { class: "number", "aria-hidden": "true" }, shown(probability)));
}
