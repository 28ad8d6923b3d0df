/** Logging in with a key, whenever the service asks for it, without leaving the page. */

import { t } from "../i18n.js";
import { find } from "./dom.js";

let running = null;
let known = null;

/** Remembers who is logged in; somebody else who logs in later gets a page of his own. */
export function remember(name) {
  known = name;
}

/** Ends once somebody has logged in. However many wait for it, there is one dialogue. */
export function logIn() {
  running ??= dialogue().finally(() => (running = null));
  return running;
}

function dialogue() {
  const dialog = find("login");
  const form = dialog.querySelector("form");
  const key = find("key");
  const fault = find("login-fault");
  find("login-why").textContent = t(known === null ? "login.why" : "login.ended");
  fault.textContent = "";
  key.value = "";
  return new Promise((done) => {
    const again = () => dialog.showModal();
    form.onsubmit = async (event) => {
      event.preventDefault();
      const answer = await exchange(key.value).catch(() => null);
      key.value = "";
      if (answer?.ok) {
        const { name } = await answer.json();
        dialog.removeEventListener("close", again);
        dialog.close();
        if (known !== null && known !== name) location.reload();
        else done();
        return;
      }
      fault.textContent = t(answer === null ? "login.lost" : answer.status === 401 ? "login.wrong" : "login.busy");
      key.focus();
    };
    dialog.addEventListener("close", again);
    if (!dialog.open) dialog.showModal();
  });
}

const exchange = (key) =>
  fetch("/v1/session", {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify({ key: key.trim() }),
  });
