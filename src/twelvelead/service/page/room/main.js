/** The reading room: the worklist, one open recording, and what leads from one to the other. */

import { LANGUAGES, language, load, t, translate } from "../i18n.js";
import { Arrivals, readingOptions } from "./arrivals.js";
import { get, link, ask } from "./api.js";
import { find, say } from "./dom.js";
import * as drafts from "./drafts.js";
import { chosen, dropped } from "./folders.js";
import * as keys from "./keys.js";
import { remember } from "./login.js";
import { codeOf, fillChoices, loadNames } from "./names.js";
import { Opened } from "./opened.js";
import * as preferences from "./preferences.js";
import { Rows } from "./rows.js";
import { Table } from "./table.js";

const ID = "[0-9a-f]{8}-[0-9a-f-]{27}";
const browsers = navigator.languages.map((each) => each.slice(0, 2)).find((each) => each in LANGUAGES);

await load(preferences.language() ?? browsers ?? "en");
translate(document);
link.addEventListener("lost", () => showLost(true));
link.addEventListener("back", () => showLost(false));
const me = await get("/v1/me");
remember(me.name);
if (preferences.language() === null && me.language !== language) {
  await load(me.language);
  translate(document);
}
await loadNames();
fillChoices(find("choices"));

const rows = new Rows();
const table = new Table(find("grid"), rows);
const opened = new Opened(me);
const arrivals = new Arrivals();
let picking = null; // id of the recording that an earlier one is chosen for

showHead();
wireWorklist();
wireFiles();
wireOpened();
defineKeys();
keys.listen();
addEventListener("hashchange", route);
await rows.filter(filters());
route();

function showHead() {
  const header = document.querySelector("header");
  const tell = () => document.documentElement.style.setProperty("--header", `${header.offsetHeight}px`);
  new ResizeObserver(tell).observe(header);
  find("nav").hidden = false;
  find("who").textContent = me.authenticated ? me.name : t("nav.local");
  find("language").replaceChildren(...me.languages.map((code) => new Option(LANGUAGES[code] ?? code, code)));
  find("language").value = language;
  find("language").addEventListener("change", ({ target }) => {
    preferences.setLanguage(target.value);
    location.reload();
  });
  find("theme").value = preferences.theme();
  find("theme").addEventListener("change", ({ target }) => preferences.setTheme(target.value));
  find("help-open").addEventListener("click", keys.help);
  find("log-out").addEventListener("click", logOut);
  find("skip").addEventListener("click", (event) => {
    event.preventDefault();
    (find("list").hidden ? find("opened") : find("list")).focus();
  });
}

async function logOut() {
  await ask("/v1/session", { method: "DELETE" });
  drafts.clear(me.name);
  sessionStorage.removeItem("stated");
  location.assign("/");
}

function showLost(lost) {
  find("lost").hidden = !lost;
  find("lost").textContent = lost ? t("lost.now") : "";
  if (lost) return;
  say(t("lost.back"));
  rows.refresh().catch(() => {});
}

/** Which screen the address asks for: the worklist, a recording, or a recording with an earlier one. */
function route() {
  const found = location.hash.match(new RegExp(`^#(${ID})(?:/(${ID}))?$`));
  find("list").hidden = found !== null;
  find("opened").hidden = found === null;
  keys.activate(...(found ? ["opened", "viewer", "all"] : ["list", "all"]));
  if (found === null) {
    opened.close();
    table.draw();
    find("grid").focus();
    return;
  }
  showPicking(null);
  const isNew = opened.recording?.id !== found[1];
  opened.open(found[1], found[2] ?? null);
  const row = rows.indexOf(found[1]);
  if (row >= 0) table.active = row;
  if (isNew) {
    scrollTo(0, 0);
    find("patient").focus({ preventScroll: true });
  }
}

function go(id, earlier = null) {
  location.hash = earlier === null ? id : `${id}/${earlier}`;
}

/** Opens the row that is so many away from the open one. */
function step(by) {
  const from = rows.indexOf(location.hash.slice(1).split("/")[0]);
  const next = from < 0 ? undefined : rows.at(from + by);
  if (next === undefined) return say(t(by > 0 ? "opened.last" : "opened.first"));
  table.move(from + by);
  go(next.id);
}

function wireWorklist() {
  table.addEventListener("open", ({ detail: { id } }) => (picking === null || picking === id ? go(id) : go(picking, id)));
  rows.addEventListener("arrived", ({ detail }) => say(t("list.arrived", { count: detail })));
  rows.addEventListener("changed", showCount);
  const form = find("filters");
  form.addEventListener("submit", (event) => event.preventDefault());
  form.addEventListener("change", () => filter());
  form.addEventListener("reset", () => setTimeout(filter));
  find("picking-end").addEventListener("click", () => go(picking));
}

async function filter() {
  try {
    await rows.filter(filters());
    table.move(0);
  } catch (problem) {
    say(problem.message || t("lost.now"));
  }
}

/** The filters as query parameters; days are those of the reader's clock. */
function filters() {
  const given = Object.fromEntries([...new FormData(find("filters"))].filter(([, value]) => value !== ""));
  if (given.statement !== undefined) given.statement = codeOf(given.statement) ?? given.statement;
  if (given.since) given.since = new Date(`${given.since}T00:00`).toISOString();
  if (given.until) {
    const end = new Date(`${given.until}T00:00`);
    end.setDate(end.getDate() + 1);
    given.until = end.toISOString();
  }
  return given;
}

function showCount() {
  find("list-count").textContent = t("list.count", { count: rows.total });
  const isFiltered = [...new FormData(find("filters"))].some(([name, value]) => name !== "sort" && value !== "");
  find("empty").hidden = rows.total > 0;
  find("empty").textContent = t(isFiltered ? "list.none" : "list.empty");
}

function wireFiles() {
  for (const [press, input] of [["add-files", "files"], ["add-folder", "folder"]]) {
    find(press).addEventListener("click", () => find(input).click());
    find(input).addEventListener("change", () => {
      add(chosen(find(input).files));
      find(input).value = "";
    });
  }
  addEventListener("dragover", (event) => {
    event.preventDefault();
    document.body.classList.toggle("over", event.dataTransfer.types.includes("Files"));
  });
  addEventListener("dragleave", (event) => event.relatedTarget === null && document.body.classList.remove("over"));
  addEventListener("drop", async (event) => {
    event.preventDefault();
    document.body.classList.remove("over");
    add(await dropped(event.dataTransfer));
  });
  arrivals.addEventListener("kept", ({ detail: { recording, alone } }) => {
    if (alone && !find("list").hidden) go(recording.id); // nobody who reads is taken away from his ECG
    rows.refreshSoon();
  });
}

function add(entries) {
  if (me.role === "read") return say(t("add.read-only"));
  const options = readingOptions();
  if (language !== me.language) options.language = language;
  arrivals.add(entries, options);
}

function wireOpened() {
  find("back").addEventListener("click", toList);
  find("previous").addEventListener("click", () => step(-1));
  find("next").addEventListener("click", () => step(1));
  find("unread").addEventListener("click", markUnread);
  opened.addEventListener("changed", ({ detail }) => rows.update(detail));
  opened.addEventListener("compare", ({ detail }) => go(opened.recording.id, detail));
  opened.addEventListener("pick", () => {
    const { id } = opened.recording;
    toList();
    showPicking(id);
  });
}

function toList() {
  location.hash = "";
}

function showPicking(id) {
  picking = id;
  find("picking").hidden = id === null;
}

async function markUnread() {
  if (opened.recording === null) return;
  try {
    await opened.mark(false);
    say(t("opened.marked-unread"));
  } catch (problem) {
    say(problem.message || t("lost.now"));
  }
}

function defineKeys() {
  const command = (key, name, run) => ({ key, label: t(`key.${name}`), run });
  keys.define("all", [command("?", "help", keys.help)]);
  keys.define("list", [
    command("j", "down", () => table.move(table.active + 1)),
    command("k", "up", () => table.move(table.active - 1)),
    command("Enter", "open", () => table.open(table.recording)),
    command("/", "filter", () => find("filter-statement").focus()),
    command("f", "files", () => find("files").click()),
    command("Escape", "picking-end", () => picking !== null && go(picking)),
  ]);
  keys.define("opened", [
    command("j", "next", () => step(1)),
    command("k", "previous", () => step(-1)),
    command("u", "back", toList),
    command("U", "unread", markUnread),
    command("a", "add", () => find("add").focus()),
    command("e", "text", () => find("text").focus()),
    command("s", "sign", () => opened.correcting.sign()),
    command("r", "pdf", () => find("pdf").click()),
  ]);
  keys.define("viewer", opened.viewer.commands.map(({ name, key, label }) => ({ key, label, run: () => opened.viewer.run(name) })));
  addEventListener("keydown", (event) => {
    if (!(event.ctrlKey || event.metaKey) || event.key !== "s" || opened.recording === null) return;
    event.preventDefault();
    opened.correcting.save();
  });
}
