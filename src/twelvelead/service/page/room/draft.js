/** What a reader is about to say of a recording, and the version that it follows. */

export class Draft {
  /**
   * version: of the reading that it follows, 0 for none. said: { statements, text, measurements } to begin with.
   * statements are codes, those that the reader holds to be present.
   */
  constructor(version, said) {
    this.version = version;
    this.statements = new Set(said.statements);
    this.text = said.text;
    this.measurements = said.measurements;
    this.#begun = this.said;
  }

  #begun;

  get said() {
    return { statements: [...this.statements], text: this.text, measurements: this.measurements };
  }

  /** Whether anything is other than at the beginning. */
  get changed() {
    return !same(this.said, this.#begun);
  }

  toggle(code, present) {
    if (present) this.statements.add(code);
    else this.statements.delete(code);
  }

  /** Puts a statement in the place of another. */
  replace(old, code) {
    this.statements = new Set([...this.statements].map((each) => (each === old ? code : each)));
  }

  /** Takes over what was said elsewhere, as changes to what it began with. */
  become({ statements, text, measurements }) {
    this.statements = new Set(statements);
    this.text = text;
    this.measurements = measurements;
  }
}

/** Whether two say the same; a database may give measurements back in another order. */
export const same = (one, two) => plain(one) === plain(two);

const plain = ({ statements, text, measurements }) =>
  JSON.stringify([statements, text, Object.entries(measurements ?? {}).sort()]);

/** What a version of a reading, as the server gives it, says; remarks that another program made become text. */
export function saidIn({ statements, text, measurements }) {
  const remarks = statements.filter((each) => each.text).map(({ code, name, text: remark }) => (code ? `${name ?? code}: ${remark}` : remark));
  return {
    statements: statements.map(({ code }) => code).filter(Boolean),
    text: [text, ...remarks].filter(Boolean).join("\n"),
    measurements,
  };
}

/** What the machine says, to begin with where nobody has read. */
export function suggested(answer) {
  const present = ordered(answer).filter(([, { decision }]) => decision === "present");
  return { statements: present.map(([code]) => code), text: "", measurements: null };
}

/** Code -> result of what a reading is made of: the statements, or of weights without them the classes. */
export const statementsOf = ({ statements, classes }) =>
  Object.keys(statements ?? {}).length > 0 ? statements : classes ?? {};

/** [code, result] of the same in the order in which the reading says them, the conclusion's last; then those without a sentence. */
export function ordered({ reading, ...answer }) {
  const results = statementsOf(answer);
  const sentences = [...reading.sections.flatMap((section) => section.sentences), reading.conclusion];
  const said = sentences.flatMap(({ statements, classes }) => Object.keys({ ...statements, ...classes }));
  const others = Object.entries(results).sort(([, one], [, two]) => two.probability - one.probability);
  const codes = new Set([...said, ...others.map(([code]) => code)].filter((code) => code in results));
  return [...codes].map((code) => [code, results[code]]);
}
