// The row of controls over the trace. Every one does what a command or a setting of the viewer does.

import { FILTERS, isPossible } from "./filters.js";
import { GAINS, LAYOUTS, SPEEDS } from "./layout.js";
import { shownLeads } from "./compose.js";
import { number } from "./words.js";

const BUTTONS = [
  ["zoom-out", "zoom-in", "true-size", "fit"],
  ["beats", "marks"],
  ["caliper", "march", "undo", "remove"],
  ["calibrate", "print"],
];
const PRESSED = {
  fit: (state) => state.fit,
  beats: (state) => state.view === "beats",
  marks: (state) => state.marks,
  caliper: (state) => state.tool === "caliper",
};

export function element(name, attributes = {}, ...children) {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  made.append(...children);
  return made;
}

// viewer: has t, state, set(values), run(command) -> { element, update(state, now) }
export function makeToolbar(viewer) {
  const { t } = viewer;
  const options = (values, label) => values.map((value) => element("option", { value }, label(value)));
  const choice = (name, values, label, read) => {
    const select = element("select", { "aria-label": t(`viewer.${name}`), title: t(`viewer.${name}`) }, ...options(values, label));
    select.addEventListener("change", () => viewer.set({ [name]: read(select.value) }));
    return select;
  };
  const toggle = (label, title, press) => {
    const button = element("button", { type: "button", "aria-pressed": "false", title }, label);
    button.addEventListener("click", press);
    return button;
  };
  const selects = {
    layout: choice("layout", LAYOUTS, (value) => value, String),
    speed: choice("speed", SPEEDS, (value) => `${number(value)} mm/s`, Number),
    gain: choice("gain", GAINS, (value) => `${value} mm/mV`, Number),
    lead: choice("lead", [""], () => t("viewer.all-leads"), (value) => value || null),
  };
  const cabrera = toggle(t("viewer.cabrera"), t("viewer.cabrera-title"), () => viewer.run("cabrera"));
  const filters = FILTERS.map((filter) => [
    filter,
    toggle(t(`viewer.filter-button.${filter.name}`, { hertz: number(filter.hertz) }), viewer.words.filter(filter), () => viewer.run(filter.name)),
  ]);
  const buttons = new Map(BUTTONS.flat().map((name) => {
    const button = element("button", { type: "button", title: t(`viewer.command.${name}`) }, t(`viewer.button.${name}`));
    if (name in PRESSED) button.setAttribute("aria-pressed", "false");
    button.addEventListener("click", () => viewer.run(name));
    return [name, button];
  }));
  const group = (label, ...controls) => element("span", { role: "group", "aria-label": label, class: "viewer-group" }, ...controls);
  const bar = element("div", { role: "toolbar", "aria-label": t("viewer.tools"), class: "viewer-tools" },
    group(t("viewer.group.paper"), selects.layout, cabrera, selects.speed, selects.gain, selects.lead),
    group(t("viewer.group.filters"), ...filters.map(([, button]) => button)),
    ...BUTTONS.map((names, place) => group(t(`viewer.group.${place}`), ...names.map((name) => buttons.get(name)))));

  function update(state, now, calipers) {
    const leads = ["", ...(now ? shownLeads(now) : [])];
    if (leads.join() !== [...selects.lead.options].map((option) => option.value).join()) {
      selects.lead.replaceChildren(...options(leads, (value) => value || t("viewer.all-leads")));
    }
    for (const [name, select] of Object.entries(selects)) select.value = String(state[name] ?? "");
    cabrera.setAttribute("aria-pressed", String(state.cabrera));
    for (const [filter, button] of filters) {
      button.setAttribute("aria-pressed", String(state.filters.includes(filter.name)));
      button.disabled = !now || !isPossible(filter, now.rate);
    }
    for (const [name, button] of buttons) {
      if (name in PRESSED) button.setAttribute("aria-pressed", String(PRESSED[name](state)));
      button.disabled = !now;
    }
    buttons.get("march").disabled = buttons.get("remove").disabled = !calipers.caliper;
    buttons.get("undo").disabled = !calipers.canUndo;
  }

  return { element: bar, update };
}
