/** The statements that there are, by code, in the page's language. */

import { language, t } from "../i18n.js";
import { get } from "./api.js";

const known = new Map();

export async function loadNames() {
  for (const statement of await get(`/v1/statements?language=${language}`)) known.set(statement.code, statement);
}

/** Those of some codes that say most: superclasses only where nothing else is said. */
export function telling(codes) {
  const specific = codes.filter((code) => known.get(code)?.kinds.join() !== "superclass");
  return specific.length > 0 ? specific : codes;
}

export const nameOf = (code) => known.get(code)?.name ?? code;

/** The field in which a statement is chosen, by its name or its code, and what it means. */
export function fillChoices(datalist) {
  const options = [...known.values()].map(({ code, name }) => new Option("", labelOf(code, name)));
  datalist.replaceChildren(...options);
}

const labelOf = (code, name) => t("statement.choice", { name, code });

/** The code that a text chooses: it, its name, or what one name alone begins with or holds; null for none. */
export function codeOf(text) {
  const wanted = text.trim().toLowerCase();
  const all = [...known.values()];
  const exact = all.find(({ code, name }) =>
    [code, name, labelOf(code, name)].some((each) => each.toLowerCase() === wanted));
  if (exact !== undefined || wanted === "") return exact?.code ?? null;
  const places = all.map(({ code, name }) => [code, name.toLowerCase().indexOf(wanted)]);
  for (const isFound of [(place) => place === 0, (place) => place > 0]) {
    const found = places.filter(([, place]) => isFound(place));
    if (found.length > 0) return found.length === 1 ? found[0][0] : null;
  }
  return null;
}
