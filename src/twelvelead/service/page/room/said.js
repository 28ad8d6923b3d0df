/** What a reading says, shown as it is kept. */

import { number, t } from "../i18n.js";
import { element } from "./dom.js";
import { nameOf } from "./names.js";

/** All that is said: statements, measurements that were made, text. `marks`: code -> class of its line. */
export function saidList({ statements, text, measurements }, marks = {}) {
  return element("div", { class: "said" },
    statements.length === 0
      ? element("p", {}, t("said.no-statements"))
      : element("ul", {}, statements.map((code) =>
          element("li", { class: marks[code] ?? "" }, nameOf(code), " ", element("small", {}, code)))),
    measurements ? element("p", {}, t("said.measured", { values: values(measurements) })) : null,
    text === "" ? element("p", {}, t("said.no-text")) : element("p", { class: "verbatim" }, text));
}

const values = (measurements) =>
  Object.entries(measurements)
    .filter(([, value]) => typeof value === "number")
    .map(([name, value]) => `${t(`measure.${name}`)} ${number(value)}`)
    .join(", ");
