/** Before and now: which earlier ECG stands beside the open one, and what is different. */

import { number, probability, t, time } from "../i18n.js";
import { ask, get } from "./api.js";
import { element, button, say } from "./dom.js";
import { nameOf } from "./names.js";
import { idOf } from "./people.js";

/**
 * The part of a recording's panel. acts: choose(id or null) an earlier one, pick() it from the worklist, and
 * identified(recording) once the patient's id was given; readOnly.
 */
export async function before(place, recording, chosen, acts, signal) {
  const { id } = recording;
  const earlier = await get(`/v1/recordings/${id}/earlier`, { signal });
  const differences = chosen === null ? null : await comparison(id, chosen, signal);
  const parts = [
    element("ul", { class: "earlier" }, earlier.map((each) => choice(each, chosen, acts))),
    earlier.length === 0 ? element("p", {}, t(idOf(recording) === null ? "before.unknown" : "before.none")) : null,
    element("p", { class: "acts" },
      button(t("before.pick"), acts.pick),
      chosen === null ? null : button(t("before.end"), () => acts.choose(null))),
    differences,
    acts.readOnly ? null : patientForm(recording, acts),
  ];
  place.replaceChildren(element("div", {}, parts));
}

function choice(recording, chosen, acts) {
  const made = time(recording.identity?.recorded ?? recording.received);
  const press = () => acts.choose(recording.id === chosen ? null : recording.id);
  return element("li", {},
    button(made, press, { "aria-pressed": String(recording.id === chosen) }), " ", recording.conclusion);
}

const LITTLE = 0.1;

/** Whether a row says anything: every measurement, of the statements those that are likely in one of the two. */
const tells = ({ unit, before: then, now, beyond }) => unit !== "" || beyond || Math.max(then, now) >= LITTLE;

async function comparison(id, chosen, signal) {
  const { rows, notes, days } = await get(`/v1/recordings/${id}/comparison?earlier=${chosen}`, { signal });
  const columns = ["quantity", "before", "now", "difference", "usual"];
  return [
    Math.abs(days ?? 0) < 1 ? null : element("p", {}, t("before.days", { days: number(Math.abs(days)) })),
    notes.map((note) => element("p", { class: "caution" }, t(`before.note-${note}`))),
    rows.length === 0 ? null : element("div", { class: "wide", tabindex: "0", role: "group", "aria-label": t("before.title") },
      element("table", {},
        element("thead", {}, element("tr", {}, columns.map((name) => element("th", { scope: "col" }, t(`before.${name}`))))),
        element("tbody", {}, rows.filter(tells).map(row))),
      element("p", { class: "note" }, t("before.usual-is"))),
  ];
}

function row({ name, unit, before: then, now, difference, usual, beyond }) {
  const digits = unit === "" ? 2 : 0;
  const shown = (value) => (value === null ? "–" : number(Math.round(value * 10 ** digits) / 10 ** digits + 0, digits)); // + 0: never -0
  const side = (value) => (value !== null && unit === "" ? probability(value) : shown(value));
  const label = t(`measure.${name}`) === `measure.${name}` ? nameOf(name) : `${t(`measure.${name}`)}, ${unit}`;
  return element("tr", { class: beyond ? "beyond" : "" },
    element("th", { scope: "row" }, label),
    element("td", {}, side(then)),
    element("td", {}, side(now)),
    element("td", {}, (difference > 0 ? "+" : "") + shown(difference)),
    element("td", {}, usual === null ? "–" : t("before.range", { low: shown(usual[0]), high: shown(usual[1]) }),
      beyond ? element("strong", {}, t("before.beyond")) : null));
}

function patientForm(recording, acts) {
  const known = idOf(recording);
  const send = async (options) => {
    try {
      acts.identified(await (await ask(`/v1/recordings/${recording.id}/patient`, options)).json());
    } catch (problem) {
      say(problem.message || t("lost.now"));
    }
  };
  const field = (name, value, required) =>
    element("label", {}, element("span", {}, t(`before.${name}`)),
      element("input", { name, value: value ?? "", required, maxlength: "200", autocomplete: "off" }));
  const form = element("form", { class: "whose" },
    field("id", known?.id, true), field("issuer", known?.issuer, false),
    element("button", {}, t("before.give")),
    recording.patient ? button(t("before.take-back"), () => send({ method: "DELETE" })) : null);
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    const { id, issuer } = form.elements;
    send({ method: "PUT", json: { id: id.value.trim(), issuer: issuer.value.trim() || null } });
  });
  return element("details", {}, element("summary", {}, t("before.patient")), element("p", {}, t("before.patient-why")), form);
}
