/** What the machine says in words; what is wrong with a recording stands before it. */

import { t } from "../i18n.js";
import { element } from "./dom.js";

/** The parts of an answer in words; of a refused recording why it was, and what to do. */
export function words(answer) {
  const { reading, findings } = answer;
  const level = reading.urgency.level;
  const others = findings.filter(({ message }) => !reading.conclusion.text.includes(message));
  const grave = others.filter((finding) => finding.grave);
  return [
    element("div", { class: "verdict", lang: reading.language },
      element("h2", {}, reading.conclusion.text),
      element("span", { class: `chip ${level === "not readable" ? "unreadable" : level}` }, reading.urgency.text)),
    answer.classes === undefined ? element("p", { class: "advice" }, t("words.refused")) : null,
    /--[a-z]/.test(reading.conclusion.text) ? element("p", { class: "advice" }, t("words.again")) : null,
    list("grave", grave.map(messageOf)),
    reading.sections.length === 0 ? null : element("dl", { lang: reading.language, class: "sections" },
      reading.sections.map(({ heading, sentences }) => [
        element("dt", {}, heading),
        element("dd", {}, sentences.map(({ text, decision }) =>
          element("span", { class: decision === "uncertain" ? "uncertain" : "" }, `${text} `))),
      ])),
    list("cautions", reading.cautions.map(({ text }) => element("li", { lang: reading.language }, text)), t("words.cautions")),
    list("marks", reading.marks.map(({ text }) => element("li", { lang: reading.language }, text)), t("words.marks")),
    answer.certainty?.abstains ? element("p", { class: "caution" }, t("words.abstains")) : null,
    reading.urgency.untested.length === 0 ? null : element("p", { class: "note" },
      t("words.untested", { rules: reading.urgency.untested.map((rule) => t(`rule.${rule}`)).join(", ") })),
    list("findings", others.filter((finding) => !finding.grave).map(messageOf), t("words.findings")),
    reading.note ? element("p", { class: "note", lang: reading.language }, reading.note) : null,
  ].filter((part) => part !== null);
}

const messageOf = ({ message }) => element("li", { lang: "en" }, message);

function list(name, items, heading) {
  if (items.length === 0) return null;
  return element("div", { class: name }, heading ? element("h3", {}, heading) : null, element("ul", {}, items));
}

/** The words as the reader may take them over. */
export function plainWords({ reading }) {
  const said = reading.sections.flatMap(({ sentences }) => sentences.map(({ text }) => text));
  return [...said, reading.conclusion.text].join(" ");
}
