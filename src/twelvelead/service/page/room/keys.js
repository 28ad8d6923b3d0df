/** The keyboard: which key does what at the moment, and the page that tells so. */

import { t } from "../i18n.js";
import { element, find } from "./dom.js";
import * as preferences from "./preferences.js";

const ARROWS = { ArrowLeft: "←", ArrowRight: "→", ArrowUp: "↑", ArrowDown: "↓" };
const scopes = new Map();
let active = [];

/** Names the commands of a scope: [{ key, label, run }]. */
export const define = (scope, commands) => scopes.set(scope, commands);

/** Says which scopes count from now on; of two commands on one key that of the earlier scope. */
export const activate = (...names) => (active = names);

export function listen() {
  document.addEventListener("keydown", (event) => {
    const { target } = event;
    const key = nameOf(event);
    if (event.defaultPrevented || event.ctrlKey || event.metaKey) return;
    if (document.querySelector("dialog[open]") || isText(target)) return;
    if (key.length === 1 && !preferences.letters()) return;
    if ((key === "Enter" || key === " ") && target.matches("button, a, summary, input, [role=grid]")) return;
    const command = active.flatMap((name) => scopes.get(name) ?? []).find((each) => each.key === key);
    if (command === undefined) return;
    event.preventDefault();
    command.run();
  });
  find("letters").checked = preferences.letters();
  find("letters").addEventListener("change", ({ target }) => preferences.setLetters(target.checked));
}

/** A key as commands name it: "j", "U", "ArrowLeft", "Shift+ArrowLeft", "Alt+1". */
function nameOf({ key, code, altKey, shiftKey }) {
  if (altKey) return `Alt+${code.replace(/^(Digit|Key)/, "")}`;
  return shiftKey && key.length > 1 ? `Shift+${key}` : key;
}

/** A key as it is shown. */
function shown(key) {
  const name = key.replace(/Arrow\w+/, (arrow) => ARROWS[arrow]);
  return /^[A-Z]$/.test(key) ? `Shift+${key}` : name;
}

/** Whether keys typed there are text, or choose in a list. */
function isText(target) {
  const typed = "textarea, select, [contenteditable], input:not([type=checkbox], [type=radio], [type=range], [type=file])";
  return target.matches?.(typed) ?? false;
}

/** Shows what the keys do now. */
export function help() {
  find("keys").replaceChildren(
    ...active.map((scope) =>
      element(
        "table",
        {},
        element("caption", {}, t(`keys.${scope}`)),
        element(
          "tbody",
          {},
          (scopes.get(scope) ?? []).map(({ key, label }) =>
            element("tr", {}, element("th", { scope: "row" }, element("kbd", {}, shown(key))), element("td", {}, label)),
          ),
        ),
      ),
    ),
  );
  find("help").showModal();
}
