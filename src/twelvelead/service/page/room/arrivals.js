/** Files on their way: sent, read, kept, and what became of each in words. */

import { t } from "../i18n.js";
import { Lost, Problem, lose, untilBack } from "./api.js";
import { button, element, find, say } from "./dom.js";
import { recordingsOf } from "./folders.js";
import { logIn } from "./login.js";

const AT_ONCE = 2;
const SHOWN = 200;
const BUSY = new Set([429, 503]);

/** Fires "kept" with { recording, alone }: whether it was all that was dropped. */
export class Arrivals extends EventTarget {
  #waiting = [];
  #running = 0;
  #done = 0;
  #failed = 0;
  #all = 0;

  /** Puts dropped files into the queue: [{ path, file }]. `options`: query parameters of POST /v1/recordings. */
  async add(entries, options) {
    const { recordings, left } = await recordingsOf(entries);
    if (this.#running === 0 && this.#failed === 0) this.#begin();
    if (left > 0) say(t("arrivals.left", { count: left }));
    this.#all += recordings.length;
    for (const recording of recordings) {
      this.#waiting.push({ ...recording, options, alone: recordings.length === 1 });
    }
    this.#tell();
    while (this.#running < AT_ONCE && this.#waiting.length > 0) this.#work();
  }

  #begin() {
    find("arriving").replaceChildren();
    this.#all = this.#done = this.#failed = 0;
  }

  async #work() {
    this.#running += 1;
    for (let next = this.#waiting.shift(); next !== undefined; next = this.#waiting.shift()) await this.#one(next);
    this.#running -= 1;
    this.#tell();
  }

  async #one(arrival) {
    const bar = element("progress", { max: "1", "aria-label": arrival.path });
    const words = element("span", {}, t("arrivals.sending"));
    const line = element("li", {}, element("span", { class: "path" }, arrival.path), bar, words);
    find("arriving").append(line);
    try {
      const kept = await this.#send(arrival, (part) => {
        bar.value = part;
        if (part === 1) {
          bar.removeAttribute("value");
          words.textContent = t("arrivals.reading");
        }
      }, (why) => (words.textContent = why));
      line.remove();
      this.#done += 1;
      this.dispatchEvent(new CustomEvent("kept", { detail: { recording: kept, alone: arrival.alone } }));
    } catch (problem) {
      this.#failed += 1;
      bar.remove();
      words.className = "fault";
      words.textContent = problem instanceof Problem ? problem.message : t("arrivals.unreadable");
      line.append(button(t("arrivals.again"), () => {
        line.remove();
        this.#failed -= 1;
        this.#all -= 1;
        this.add(arrival.files.map((file) => ({ path: file.name, file })), readingOptions());
      }));
      if (this.#failed > SHOWN) line.remove();
    }
    this.#tell();
  }

  /** Sends one until it is answered: busy, ended or lost servers are waited for. */
  async #send(arrival, progress, waiting) {
    for (;;) {
      try {
        return await post(arrival, progress);
      } catch (problem) {
        if (problem instanceof Lost) {
          waiting(t("lost.waiting"));
          await untilBack();
        } else if (problem.status === 401) await logIn();
        else if (BUSY.has(problem.status)) {
          waiting(t("arrivals.busy"));
          await new Promise((done) => setTimeout(done, 1000));
        } else throw problem;
      }
    }
  }

  #tell() {
    const counts = { done: this.#done, failed: this.#failed, all: this.#all };
    find("arrivals").hidden = this.#all === 0 || (this.#running === 0 && this.#failed === 0);
    find("arrivals-count").textContent = t(this.#failed > 0 ? "arrivals.failed" : "arrivals.count", counts);
  }
}

/** How files that do not say it themselves are to be read: what stands in the form. */
export function readingOptions() {
  const given = [...new FormData(find("options"))].filter(([, value]) => value !== "");
  return Object.fromEntries(given);
}

/** XMLHttpRequest, because fetch does not tell how much of a body is sent. */
function post({ files, options }, progress) {
  const body = new FormData();
  for (const file of files) body.append("file", file, file.name);
  return new Promise((done, fail) => {
    const request = new XMLHttpRequest();
    request.open("POST", `/v1/recordings?${new URLSearchParams(options)}`);
    request.responseType = "json";
    request.upload.onprogress = ({ loaded, total }) => progress(loaded / total);
    request.onerror = () => fail(lose());
    request.onload = () => {
      const { status, response } = request;
      if (status < 300) done(response);
      else fail(response === null && status >= 502 ? lose() : new Problem(status, response ?? {}));
    };
    request.send(body);
  });
}
