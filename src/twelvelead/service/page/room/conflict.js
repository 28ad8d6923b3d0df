/** Somebody else changed the reading: both are shown, and the reader decides. */

import { t, time } from "../i18n.js";
import { element, find } from "./dom.js";
import { saidIn } from "./draft.js";
import { saidList } from "./said.js";

/** Shows the version that is there and ours, which followed version `after`; "theirs" or "mine". */
export function resolve(there, ours, after) {
  const dialog = find("conflict");
  const [theirs, mine] = [saidIn(there), saidIn(ours)];
  const { version, author, made } = there;
  const key = there.signed ? "conflict.why-signed" : "conflict.why";
  find("conflict-why").textContent = t(key, { version, author, time: time(made), after });
  find("conflict-both").replaceChildren(
    side(t("conflict.there", { author }), theirs, mine), side(t("conflict.yours"), mine, theirs));
  return new Promise((done) => {
    const end = (choice) => {
      dialog.close();
      done(choice);
    };
    dialog.oncancel = () => done("mine");
    find("conflict-theirs").onclick = () => end("theirs");
    find("conflict-mine").onclick = () => end("mine");
    dialog.showModal();
  });
}

/** One of the two; what the other does not say is marked. */
function side(heading, said, other) {
  const only = said.statements.filter((code) => !other.statements.includes(code));
  const marks = Object.fromEntries(only.map((code) => [code, "only"]));
  return element("section", {}, element("h3", {}, heading), saidList(said, marks));
}
