/** How far readers and model agree, as a table. */

import { LANGUAGES, load, number, t, translate } from "../i18n.js";
import { element, find } from "../room/dom.js";
import * as preferences from "../room/preferences.js";

const COUNTS = ["recordings", "both", "model_only", "reader_only", "neither"];

async function get(path) {
  const response = await fetch(path).catch(() => null);
  if (response === null) throw new Error("agreement.lost");
  if (!response.ok) throw new Error(response.status === 401 ? "agreement.log-in" : "agreement.lost");
  return response.json();
}

function interval({ kappa, low, high }) {
  if (kappa === null) return "–";
  return low === null ? number(kappa, 2) : `${number(kappa, 2)} (${number(low, 2)} – ${number(high, 2)})`;
}

function row(agreed, name) {
  const cells = COUNTS.map((count) => element("td", {}, number(agreed[count])));
  return element("tr", {}, element("th", { scope: "row" }, `${agreed.code}, ${name}`), cells, element("td", {}, interval(agreed)));
}

function table(statements, names) {
  const heads = ["statement", ...COUNTS, "kappa"].map((key) => element("th", { scope: "col" }, t(`agreement.${key}`)));
  const said = statements.filter(({ both, model_only: model, reader_only: reader }) => both + model + reader > 0);
  const rows = said.map((agreed) => row(agreed, names.get(agreed.code) ?? agreed.code));
  return element("table", {}, element("thead", {}, element("tr", {}, heads)), element("tbody", {}, rows));
}

const wanted = preferences.language() ?? navigator.language.slice(0, 2);
const language = wanted in LANGUAGES ? wanted : "en";
await load(language, ["agreement"]);
translate(document);
document.title = `twelvelead: ${t("agreement.title")}`;
try {
  const [found, all] = await Promise.all([get("/v1/agreement"), get(`/v1/statements?language=${language}`)]);
  find("count").textContent = t(found.recordings ? "agreement.count" : "agreement.none", {
    recordings: number(found.recordings),
    patients: number(found.patients),
    without: number(found.without_a_code),
  });
  const names = new Map(all.map(({ code, name }) => [code, name]));
  if (found.recordings) find("table").replaceChildren(table(found.statements, names));
} catch (error) {
  find("count").textContent = t(error.message);
}
