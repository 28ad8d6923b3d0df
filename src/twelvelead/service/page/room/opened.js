/** One open recording: its words, its ECG, what the reader makes of it, and an earlier one beside it. */

import { day, number, t, time } from "../i18n.js";
import { Viewer } from "../viewer/viewer.js";
import { decodeSignal } from "../viewer/signal.js";
import { ask, get } from "./api.js";
import { before } from "./before.js";
import { Correcting } from "./correcting.js";
import { find, say } from "./dom.js";
import { machine } from "./machine.js";
import { measured } from "./measured.js";
import { nameOf } from "./names.js";
import { idText, nameIn } from "./people.js";
import { words } from "./words.js";

/** Fires "changed" with a recording as it is now, "compare" with the id of an earlier one or null, and "pick". */
export class Opened extends EventTarget {
  recording = null;
  #earlier = null;
  #answer = null;
  #shown = null;
  #loading = new AbortController();

  constructor(me) {
    super();
    this.viewer = new Viewer(find("ecg"), { t });
    this.correcting = new Correcting(me);
    this.viewer.addEventListener("measured", ({ detail }) => {
      this.correcting.measure(detail);
      this.#drawMeasured();
    });
    this.correcting.addEventListener("where", ({ detail }) => this.#where(detail));
    this.correcting.addEventListener("saved", ({ detail }) => this.#tell(detail));
  }

  /** Opens a recording, with an earlier one beside it; the same one again changes that alone. */
  async open(id, earlier) {
    this.#loading.abort();
    this.#loading = new AbortController();
    const { signal } = this.#loading;
    try {
      if (this.recording?.id !== id) await this.#load(id, signal);
      await this.#compare(earlier, signal);
    } catch (problem) {
      if (signal.aborted) return;
      if (this.recording?.id !== id) find("patient").textContent = t("opened.failed");
      say(problem.message || t("lost.now"));
    }
  }

  close() {
    this.#loading.abort();
    this.#empty();
  }

  #empty() {
    this.recording = null;
    this.correcting.close();
    this.#show(false);
  }

  /** Shows the parts of a recording, or none of them: what is said of one never stands beside another. */
  #show(shown) {
    for (const part of ["about", "words", "panel", "pdf", "unread"]) find(part).hidden = !shown;
    if (!shown) this.viewer.clear("");
  }

  async #load(id, signal) {
    this.#empty();
    find("patient").textContent = t("list.coming");
    const place = `/v1/recordings/${id}`;
    const [recording, answer, versions, sent] = await Promise.all([
      get(place, { signal }),
      get(`${place}/interpretation`, { signal }),
      get(`${place}/readings`, { signal }),
      ask(`${place}/signal`, { signal }).then((response) => response.arrayBuffer()),
    ]);
    this.recording = recording;
    this.#answer = answer;
    this.#earlier = null;
    this.#shown = null;
    this.#show(true);
    this.viewer.show({ id, signal: decodeSignal(sent), answer });
    this.#drawHead();
    find("words").replaceChildren(...words(answer));
    find("machine").querySelector("div").replaceChildren(...machine(answer));
    find("before").querySelector("div").replaceChildren();
    this.correcting.open(id, answer, versions);
    this.#drawMeasured();
    this.mark(true).catch(() => {}); // that it was not marked is seen in the worklist
  }

  /** Marks it as seen, or not. */
  async mark(seen) {
    const { id } = this.recording;
    await ask(`/v1/recordings/${id}/seen`, { method: seen ? "PUT" : "DELETE" });
    this.#tell(id);
  }

  async #tell(id) {
    const recording = await get(`/v1/recordings/${id}`).catch(() => null);
    if (recording !== null) this.dispatchEvent(new CustomEvent("changed", { detail: recording }));
  }

  #drawHead() {
    const { identity, received, kind, duration_s: seconds, sampling_rate_hz: rate } = this.recording;
    const { age, sex, device, filters } = this.#answer;
    find("patient").textContent = [nameIn(identity) || t("opened.no-name"), idText(this.recording)].filter(Boolean).join(" · ");
    find("about").textContent = [
      identity?.birth_date ? t("opened.born", { date: day(identity.birth_date) }) : null,
      age === null || age === undefined ? null : t("opened.age", { age: number(age) }),
      sex ? t(`sex.${sex}`) : null,
      identity?.recorded ? t("opened.recorded", { time: time(identity.recorded) }) : t("opened.received", { time: time(received) }),
      device, filters,
      seconds === null ? null : `${number(seconds, 1)} s`, rate === null ? null : `${number(rate)} Hz`, kind,
    ].filter(Boolean).join(" · ");
    find("pdf").href = `/v1/recordings/${this.recording.id}/page.pdf`;
  }

  #drawMeasured() {
    const machine = this.#answer?.measurements;
    find("measured").querySelector("div").replaceChildren(measured(machine, this.correcting.measurements));
  }

  async #compare(earlier, signal) {
    if (earlier !== this.#earlier) {
      this.viewer.compare(earlier === null ? null : await this.#other(earlier, signal));
      this.#earlier = earlier;
    }
    await before(find("before").querySelector("div"), this.recording, earlier, {
      readOnly: this.correcting.readOnly,
      choose: (id) => this.dispatchEvent(new CustomEvent("compare", { detail: id })),
      pick: () => this.dispatchEvent(new Event("pick")),
      identified: (recording) => {
        this.recording = recording;
        this.#drawHead();
        this.dispatchEvent(new CustomEvent("changed", { detail: recording }));
        this.open(recording.id, this.#earlier);
      },
    }, signal);
  }

  async #other(id, signal) {
    const place = `/v1/recordings/${id}`;
    const [recording, answer, sent] = await Promise.all([
      get(place, { signal }),
      get(`${place}/interpretation`, { signal }),
      ask(`${place}/signal`, { signal }).then((response) => response.arrayBuffer()),
    ]);
    const label = time(recording.identity?.recorded ?? recording.received);
    return { id, signal: decodeSignal(sent), answer, label };
  }

  /** Shows in the ECG what speaks for a statement, "" for where the network looked; the same again takes it away. */
  async #where(code) {
    if (code === this.#shown) return this.#tint(null, null);
    if (code === "") {
      const { seconds_per_value: step, values } = this.#answer.attention;
      const most = Math.max(...values);
      return this.#tint("", { label: t("tint.attention"), weights: { start_s: 0, step_s: step, all: values.map((value) => value / most) } });
    }
    const { id } = this.recording;
    say(t("tint.waiting"));
    try {
      const weights = await get(`/v1/recordings/${id}/attribution?statement=${encodeURIComponent(code)}`);
      if (this.recording?.id === id) this.#tint(code, { label: t("tint.statement", { name: nameOf(code) }), weights });
      say("");
    } catch (problem) {
      say(problem.message || t("lost.now"));
    }
  }

  #tint(code, tint) {
    this.#shown = code;
    this.viewer.tint(tint);
    this.correcting.shown = code;
  }
}
