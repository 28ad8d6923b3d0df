/** The texts of the page in one language, and how that language writes numbers and times. */

export const LANGUAGES = { en: "English", de: "Deutsch", es: "Español" };
export let language = "en";
let texts = {};
let format = formatOf("en");

/** How a language writes; making these anew for every row of a list is slow. */
function formatOf(wanted) {
  const locale = navigator.languages.find((each) => each.startsWith(wanted)) ?? wanted;
  const digits = (count) => new Intl.NumberFormat(locale, { minimumFractionDigits: count, maximumFractionDigits: count });
  return {
    numbers: [0, 1, 2].map(digits),
    day: new Intl.DateTimeFormat(locale, { dateStyle: "short" }),
    time: new Intl.DateTimeFormat(locale, { dateStyle: "short", timeStyle: "short" }),
  };
}

/** Fetches the texts of a language, those of the room unless other parts are named; gives `t`. */
export async function load(wanted, parts = ["room", "viewer"]) {
  texts = Object.assign({}, ...(await Promise.all(parts.map((part) => fetchTexts(part, wanted)))));
  language = wanted;
  format = formatOf(wanted);
  document.documentElement.lang = language;
  return t;
}

async function fetchTexts(part, wanted) {
  const response = await fetch(`/page/texts/${part}.${wanted}.json`);
  if (!response.ok) throw new Error(`no texts ${part} in ${wanted}`);
  return response.json();
}

/** The text of a key, `{name}` in it replaced by `values.name`. */
export function t(key, values = {}) {
  return (texts[key] ?? key).replace(/\{(\w+)\}/g, (whole, name) => values[name] ?? whole);
}

/** Writes the texts of the elements that name a key in `data-t`, or in `data-label` for their accessible name. */
export function translate(root) {
  for (const element of root.querySelectorAll("[data-t]")) element.textContent = t(element.dataset.t);
  for (const element of root.querySelectorAll("[data-label]")) {
    element.setAttribute("aria-label", t(element.dataset.label));
  }
}

/** A number with 0, 1 or 2 digits after the point. */
export const number = (value, digits = 0) => format.numbers[digits].format(value);

/** Two digits of a probability, but never 0 or 1, which no probability means. */
export function probability(value) {
  if (value < 0.01) return `<${number(0.01, 2)}`;
  return value > 0.99 ? `>${number(0.99, 2)}` : number(value, 2);
}

/** A day as the reader's language writes it; what is no day stays as it is. */
export function day(text) {
  const isDay = /^\d{4}-\d{2}-\d{2}$/.test(text);
  return isDay ? format.day.format(new Date(`${text}T12:00`)) : text;
}

/** A time as the reader's clock shows it; what is no time stays as it is. */
export function time(text) {
  const read = new Date(text);
  return isNaN(read) ? text : format.time.format(read);
}
