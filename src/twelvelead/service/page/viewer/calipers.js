// What a reader has measured and moved, each change a step that can be taken back.
//
// caliper: { source, kind, lead, sign, feet: [{ time (s), mv }, { time, mv }], march }
// marks: name -> s after a beat's instant, those that were moved

const EMPTY = { calipers: [], marks: {} };
const MOST = 200; // steps that are kept

export class Calipers {
  #past = [];
  #now = EMPTY;
  chosen = null; // { caliper, foot } or { mark }: what the arrow keys move

  get all() {
    return this.#now.calipers;
  }

  get marks() {
    return this.#now.marks;
  }

  get caliper() {
    return this.all[this.chosen?.caliper] ?? null;
  }

  get canUndo() {
    return this.#past.length > 0;
  }

  reset() {
    [this.#past, this.#now, this.chosen] = [[], EMPTY, null];
  }

  // Whatever follows is taken back together, up to the next call.
  begin() {
    this.#past.push({ state: this.#now, chosen: this.chosen });
    if (this.#past.length > MOST) this.#past.shift();
  }

  // False where there is nothing to take back.
  undo() {
    const last = this.#past.pop();
    if (last) [this.#now, this.chosen] = [last.state, last.chosen];
    return Boolean(last);
  }

  add(caliper) {
    this.#now = { ...this.#now, calipers: [...this.all, caliper] };
    this.chosen = { caliper: this.all.length - 1, foot: 1 };
  }

  // Of the chosen caliper.
  change(values) {
    this.#change(this.chosen.caliper, (caliper) => ({ ...caliper, ...values }));
  }

  moveFoot(foot) {
    const { caliper, foot: which } = this.chosen;
    this.#change(caliper, (each) => ({ ...each, feet: each.feet.map((old, place) => (place === which ? foot : old)) }));
  }

  #change(which, make) {
    this.replace((each, place) => (place === which ? make(each) : each));
  }

  replace(make) {
    this.#now = { ...this.#now, calipers: this.all.map(make) };
  }

  remove() {
    this.#now = { ...this.#now, calipers: this.all.filter((_, place) => place !== this.chosen.caliper) };
    this.chosen = this.all.length ? { caliper: this.all.length - 1, foot: 1 } : null;
  }

  clear() {
    [this.#now, this.chosen] = [{ ...this.#now, calipers: [] }, null];
  }

  moveMark(name, seconds) {
    this.#now = { ...this.#now, marks: { ...this.marks, [name]: seconds } };
  }
}

// -> { ms, perMinute, mv }; perMinute is null without a distance
export function measured({ feet: [one, other] }) {
  const ms = Math.abs(other.time - one.time) * 1000;
  return { ms, perMinute: ms > 0 ? 60000 / ms : null, mv: other.mv - one.mv };
}

// Times at which a marching caliper repeats itself between two instants, its own feet among them.
export function* steps({ feet: [one, other] }, from, to) {
  const step = Math.abs(other.time - one.time);
  if (!(step > 0.02)) return;
  for (let time = one.time - Math.floor((one.time - from) / step) * step; time <= to; time += step) yield time;
}
