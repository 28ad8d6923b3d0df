/** The reader's reading of the open recording: changed, kept as a draft, saved as a version, signed. */

import { t, time } from "../i18n.js";
import { Lost, Problem, ask, get, link } from "./api.js";
import { resolve } from "./conflict.js";
import { button, element, find, say } from "./dom.js";
import { Draft, saidIn, same, suggested } from "./draft.js";
import * as drafts from "./drafts.js";
import { codeOf, nameOf } from "./names.js";
import { saidList } from "./said.js";
import { sign } from "./signing.js";
import { marked } from "./statements.js";
import { plainWords } from "./words.js";

/** Fires "saved" when a version was added, and "where" with the code of a statement to be shown in the ECG. */
export class Correcting extends EventTarget {
  #me;
  #id = null;
  #answer = null;
  #draft = null;
  #versions = [];
  #replacing = null;
  #shown = null;
  #owed = false;

  constructor(me) {
    super();
    this.#me = me;
    find("text").addEventListener("input", ({ target }) => this.#change(() => (this.#draft.text = target.value)));
    find("add-statement").addEventListener("submit", (event) => this.#add(event));
    find("add-cancel").addEventListener("click", () => this.#replace(null));
    find("take-words").addEventListener("click", () => this.#takeWords());
    find("save").addEventListener("click", () => this.save());
    find("sign-open").addEventListener("click", () => this.sign());
    link.addEventListener("back", () => this.#owed && this.save());
  }

  get readOnly() {
    return this.#me.role === "read";
  }

  /** The statement whose place in the ECG is shown, or null. */
  set shown(code) {
    this.#shown = code;
    this.#drawStatements();
  }

  /** Shows the reading of a recording. versions: of the reading, the oldest first. */
  open(id, answer, versions) {
    this.#id = id;
    this.#answer = answer;
    this.#owed = false;
    this.#shown = null;
    this.#replace(null);
    this.#follow(versions);
    const kept = drafts.own(this.#me.name, id);
    if (kept !== null) this.#takeUp(kept);
    this.#draw();
  }

  close() {
    this.#id = null;
  }

  /** Takes over measurements as the reader moved their marks in the ECG; those of the machine are nobody's. */
  measure(measurements) {
    if (this.#id === null || this.readOnly) return;
    this.#change(() => (this.#draft.measurements = measurements?.moved ? measurements : null));
  }

  /** What the reader measured, or null. */
  get measurements() {
    return this.#draft?.measurements ?? null;
  }

  #follow(versions) {
    this.#versions = versions;
    const latest = versions.at(-1);
    this.#draft = new Draft(latest?.version ?? 0, latest ? saidIn(latest) : suggested(this.#answer));
  }

  /** Goes on with a draft that was kept; one that follows an older version is kept so, and saving shows what changed. */
  #takeUp(kept) {
    this.#draft.become(kept);
    this.#draft.version = kept.version;
  }

  #change(act) {
    act();
    this.#keep();
    this.#drawState();
  }

  #keep() {
    const draft = this.#draft;
    if (!draft.changed) drafts.drop(this.#me.name, this.#id);
    else if (!drafts.keep(this.#me.name, this.#id, { ...draft.said, version: draft.version })) say(t("mine.no-room"));
  }

  /** Adds a version that is not signed. */
  async save() {
    const id = this.#id;
    if (id === null || this.readOnly) return;
    this.#owed = false;
    try {
      await this.#put({ ...this.#draft.said, signed: false });
      if (id === this.#id) say(t("mine.saved"));
    } catch (problem) {
      if (problem instanceof Lost) this.#owed = true;
      else if (problem.status !== 412) say(problem.message);
    }
    this.#drawState();
  }

  /** Asks for the signature, and adds the version that has it. */
  async sign() {
    if (this.#id === null || this.readOnly) return;
    const said = this.#draft.said;
    const signed = await sign(this.#me, said, (author) => this.#put({ ...said, signed: true, author }));
    if (signed) say(t("sign.done"));
  }

  /** Adds a version after the one that the draft follows. Raises what `ask` does; 412 after it has been resolved. */
  async #put({ statements, text, measurements, signed, author }) {
    const [id, draft] = [this.#id, this.#draft];
    const json = { statements: statements.map((code) => ({ code, name: nameOf(code) })), text, measurements, signed };
    if (!this.#me.authenticated) json.author = author ?? sessionStorage.stated ?? this.#me.name;
    const place = `/v1/recordings/${id}`;
    let added;
    try {
      const headers = { "If-Match": `"${draft.version}"` };
      added = await (await ask(`${place}/reading`, { method: "PUT", json, headers })).json();
    } catch (problem) {
      if (!(problem instanceof Problem) || problem.status !== 412) throw problem;
      const versions = await get(`${place}/readings`);
      added = versions.find((version) => isOurs(version, json, draft.version));
      if (added === undefined) {
        await this.#resolve(id, versions, json);
        throw problem;
      }
    }
    if (id === this.#id) this.#goOn(draft.said, json, added);
    else drafts.drop(this.#me.name, id);
    this.dispatchEvent(new CustomEvent("saved", { detail: id }));
    return added;
  }

  /** Follows the version that was added; what was typed while it was on its way is a change to it. */
  #goOn(now, sent, added) {
    this.#follow([...this.#versions.filter(({ version }) => version < added.version), added]);
    if (!same(now, saidIn(sent))) this.#draft.become(now);
    this.#keep();
    this.#draw();
  }

  /** Somebody else saved meanwhile: the reader decides, and nothing is written. */
  async #resolve(id, versions, mine) {
    const kept = this.#draft.said;
    const choice = await resolve(versions.at(-1), mine, this.#draft.version);
    if (id !== this.#id) return;
    this.#follow(versions);
    if (choice === "mine") this.#draft.become(kept);
    this.#keep();
    this.#draw();
  }

  #add(event) {
    event.preventDefault();
    const field = find("add");
    const code = codeOf(field.value);
    if (code === null) return say(t("mine.unknown", { text: field.value }));
    this.#change(() =>
      this.#replacing === null ? this.#draft.toggle(code, true) : this.#draft.replace(this.#replacing, code));
    this.#replace(null);
    this.#drawStatements();
  }

  /** Makes the field of statements put what is chosen in the place of another; null: beside them. */
  #replace(code) {
    this.#replacing = code;
    find("add").value = "";
    find("add-cancel").hidden = code === null;
    const label = code === null ? t("mine.add") : t("mine.instead", { name: nameOf(code) });
    find("add").previousElementSibling.textContent = label;
    if (code !== null) find("add").focus();
  }

  #takeWords() {
    const field = find("text");
    field.value = [field.value.trim(), plainWords(this.#answer)].filter(Boolean).join("\n");
    this.#change(() => (this.#draft.text = field.value));
    field.focus();
  }

  #draw() {
    find("text").value = this.#draft.text;
    for (const name of ["text", "add", "save", "sign-open", "take-words"]) find(name).disabled = this.readOnly;
    this.#drawStatements();
    this.#drawState();
    find("versions").hidden = this.#versions.length === 0;
    find("versions").querySelector("ol").replaceChildren(...this.#versions.toReversed().map(versionItem));
  }

  #drawStatements() {
    if (this.#answer === null) return;
    const focused = document.activeElement?.dataset.code;
    find("statements").replaceChildren(...marked(this.#answer, this.#draft.statements, {
      readOnly: this.readOnly,
      shown: this.#shown,
      toggle: (code, present) => {
        this.#change(() => this.#draft.toggle(code, present));
        this.#drawStatements();
      },
      change: (code) => this.#replace(code),
      where: (code) => this.dispatchEvent(new CustomEvent("where", { detail: code })),
    }));
    if (focused) find("statements").querySelector(`[data-code="${CSS.escape(focused)}"]`)?.focus();
  }

  #drawState() {
    const latest = this.#versions.at(-1);
    find("mine-state").textContent = this.readOnly ? t("mine.read-only") : latest ? stateOf(latest) : t(this.#answer.classes ? "mine.nobody" : "mine.nobody-refused");
    const local = find("mine-local");
    local.hidden = !this.#draft.changed;
    local.textContent = t(this.#owed ? "mine.owed" : latest?.signed ? "mine.unsigned" : "mine.unsaved");
    this.#drawOthers();
  }

  /** Offers what other tabs of this browser left. */
  #drawOthers() {
    find("mine-others").replaceChildren(...drafts.others(this.#me.name, this.#id).map(({ key, draft }) =>
      element("p", { class: "caution" }, t("mine.other", { time: time(draft.kept) }), " ",
        button(t("mine.other-take"), () => {
          drafts.dropKey(key);
          this.#takeUp(draft);
          this.#keep();
          this.#draw();
        }), " ",
        button(t("mine.other-drop"), () => {
          drafts.dropKey(key);
          this.#drawOthers();
        }))));
  }
}

/** Whether a version is what was sent: a reply that was lost on its way is not a conflict. */
const isOurs = (version, sent, after) =>
  version.version === after + 1 &&
  version.signed === sent.signed &&
  same(saidIn(version), saidIn(sent));

/** Who said it when, and whether it is signed. */
export function stateOf({ version, author, authenticated, made, signed }) {
  const who = authenticated ? author : t("mine.stated", { name: author });
  return t(signed ? "mine.is-signed" : "mine.is-draft", { version, name: who, time: time(made) });
}

const versionItem = (version) =>
  element("li", { value: String(version.version) }, stateOf(version), saidList(saidIn(version)));
