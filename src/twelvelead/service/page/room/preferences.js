/** What this browser remembers of its reader's habits: colours, language, single-letter keys. */

const START = "twelvelead-";

const read = (name) => localStorage.getItem(START + name);
const write = (name, value) => localStorage.setItem(START + name, value);

/** "light", "dark", or "auto" for what the system says. */
export const theme = () => read("theme") ?? "auto";

export function setTheme(value) {
  write("theme", value);
  document.documentElement.dataset.theme = value;
}

/** The language that was chosen, or null. */
export const language = () => read("language");
export const setLanguage = (value) => write("language", value);

/** Whether single letters are commands (WCAG 2.2, 2.1.4: they can be switched off). */
export const letters = () => read("letters") !== "off";
export const setLetters = (on) => write("letters", on ? "on" : "off");
