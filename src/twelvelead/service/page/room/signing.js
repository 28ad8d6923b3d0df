/** The dialogue in which a reading is signed: it shows what is signed, as whom, and asks. */

import { t } from "../i18n.js";
import { Lost } from "./api.js";
import { find } from "./dom.js";
import { saidList } from "./said.js";

/** Asks; `put` with the stated name adds the signed version. Whether it was signed. */
export function sign(me, said, put) {
  const dialog = find("sign");
  const name = find("sign-name");
  const fault = find("sign-fault");
  find("sign-text").replaceChildren(saidList(said));
  find("sign-stated").hidden = me.authenticated;
  find("sign-as").textContent = t(me.authenticated ? "sign.as" : "sign.stated", { name: me.name });
  name.required = !me.authenticated;
  name.value = sessionStorage.stated ?? "";
  fault.textContent = "";
  return new Promise((done) => {
    const end = (signed) => {
      dialog.close();
      done(signed);
    };
    dialog.oncancel = () => done(false);
    find("sign-back").onclick = () => end(false);
    dialog.querySelector("form").onsubmit = async (event) => {
      event.preventDefault();
      const stated = name.value.trim();
      if (!me.authenticated) {
        if (stated === "") return;
        sessionStorage.stated = stated;
      }
      fault.textContent = "";
      try {
        await put(stated);
        end(true);
      } catch (problem) {
        if (problem.status === 412) end(false);
        else fault.textContent = problem instanceof Lost ? t("sign.lost") : problem.message;
      }
    };
    dialog.showModal();
  });
}
