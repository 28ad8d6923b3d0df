/** Elements from plain values. Text is only ever text: nothing here reads markup. */

export const find = (id) => document.getElementById(id);

/** An element with properties (`class`, `on` and attributes) and children; strings become text. */
export function element(name, properties = {}, ...children) {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(properties)) {
    if (value === undefined || value === null || value === false) continue;
    if (key === "on") for (const [event, handler] of Object.entries(value)) made.addEventListener(event, handler);
    else if (key === "class") made.className = value;
    else if (key in PROPERTIES) made[key] = value;
    else made.setAttribute(key, value === true ? "" : value);
  }
  made.append(...children.flat(Infinity).filter((child) => child !== null && child !== undefined));
  return made;
}

const PROPERTIES = { value: 1, checked: 1, disabled: 1, hidden: 1 };

export const button = (label, press, properties = {}) =>
  element("button", { type: "button", ...properties, on: { click: press } }, label);

let silence;

/** Says something to everybody: on the page, and to whoever listens to it. */
export function say(text) {
  const place = find("said");
  place.textContent = text;
  clearTimeout(silence);
  silence = setTimeout(() => place.replaceChildren(), 8000);
}
