"""A reader's reading on paper: in short over the ECG, in full on a page of its own, beside the machine's."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from twelvelead.ecg import paper
from twelvelead.ecg.measure import QUANTITIES
from twelvelead.ecg.paper import GREY, HEIGHT, LEFT, RIGHT, Line, warn, wrap, write
from twelvelead.ecg.record import ECG
from twelvelead.inference.interpretation import NOTICE
from twelvelead.reading.languages import Texts
from twelvelead.reading.reading import Reading

if TYPE_CHECKING:
    from matplotlib.axes import Axes

MOST_PAGES = 20
"""That a reading takes; what is longer is cut, and says so."""

_SHORT = 330
"""Letters of a reading that stand over the ECG."""
_LONGEST_WORD = 60
_SIZE, _PITCH = 9.0, 4.3
_HALF = (LEFT + RIGHT) / 2
_WIDTH = (RIGHT - LEFT) / 2 - 5
_FIRST, _LAST = 34.0, HEIGHT - 22.0
"""Heights of the first and the last line of text, mm."""


@dataclass(frozen=True)
class Overread:
    """What a reader says of a recording that a machine has read.

    Attributes:
        author: name of the reader.
        authenticated: whether the name is that of a login.
        made: when this version was; the time of the signature where `signed`.
        version: 1 for the first.
        signed: whether it is; else it is a draft.
        statements: each with a "code" or without, and a "text" or without.
        text: in the reader's words.
        measurements: as an answer has them; they count where "moved" says that the reader moved a mark.
        signed_before: the newest version before this one that was signed.
    """

    author: str
    authenticated: bool
    made: datetime
    version: int
    signed: bool
    statements: Sequence[Mapping[str, Any]] = ()
    text: str = field(default="", repr=False)
    measurements: Mapping[str, Any] | None = None
    signed_before: "Overread | None" = None

    @property
    def date(self) -> str:
        """The day on which it was made."""
        return f"{self.made.astimezone(UTC):%Y-%m-%d}"

    @property
    def time(self) -> str:
        """When it was made, to the minute."""
        return f"{self.made.astimezone(UTC):%Y-%m-%d %H:%M} UTC"


def shorten(overread: Overread, texts: Texts) -> list[Line]:
    """What stands over the ECG: what is said, as far as it finds room, and who said it; of a draft, that it is one
    comes first."""
    said = " ".join(_said(overread, texts))
    if len(said) > _SHORT:
        said = f"{said[:_SHORT].rsplit(' ', 1)[0]} … ({texts('overread', 'more')})"
    lines = [Line(said, "bold"), *status(overread, texts)]
    return lines if overread.signed else [lines[1], lines[0], *lines[2:]]


def status(overread: Overread, texts: Texts) -> list[Line]:
    """Who said it, when, whether it is signed, and what it follows."""
    name = _printable(overread.author)
    known = texts("overread", "login" if overread.authenticated else "stated")
    who = texts("overread", "signed" if overread.signed else "draft", name=name, time=overread.time)
    text = f"{texts.capital(who)} ({known})"
    lines = [Line(text, "bold") if overread.signed else warn(text)]
    before = overread.signed_before
    if before is not None:
        values = {"version": str(before.version), "name": _printable(before.author), "time": before.time}
        lines.append(Line(texts.sentence(texts("overread", "corrects" if overread.signed else "holds", **values))))
    return lines


def measured(overread: Overread, texts: Texts) -> list[str]:
    """What the reader measured by moving marks, as one line; none where he moved none."""
    found = overread.measurements or {}
    if not found.get("moved"):
        return []
    values = {
        name: texts("values", name, value=texts.number(found[name]))
        for name in QUANTITIES
        if found.get(name) is not None
    }
    if "axis_degrees" in values:
        values["axis_degrees"] = f"{texts('sections', 'axis')} {values['axis_degrees']}"
    return [", ".join(values.values())]


def say_machine(reading: Reading) -> list[Line]:
    """The machine's reading, a line a section."""
    lines = [Line(f"{reading.conclusion.text} {reading.urgency.text}", "bold")]
    lines += [Line(section.text) for section in reading.sections]
    remarks = [*(each.text for each in reading.cautions), *(each.text for each in reading.marks)]
    if remarks:
        lines += [Line(""), Line(reading.cautions_heading, "bold"), *map(Line, remarks)]
    if reading.not_assessed_text:
        lines += [Line(""), Line(reading.not_assessed_text, color=GREY)]
    return lines


def draw_readings(overread: Overread, machine: Sequence[Line], ecg: ECG, texts: Texts) -> list["Axes"]:
    """Pages with the reader's reading at the left and the machine's at the right, not yet written.

    Args:
        overread: what the reader says.
        machine: lines of the machine's reading.
        ecg: whose it is.
        texts: of the language.
    """
    mine = [*status(overread, texts), Line(""), *map(Line, _said(overread, texts))]
    if values := measured(overread, texts):
        mine += [Line(""), Line(texts.capital(texts("overread", "measured")), "bold"), *map(Line, values)]
    columns = [_set(lines) for lines in (mine, machine)]
    rows = int((_LAST - _FIRST) / _PITCH)
    count = max(-(-len(column) // rows) for column in columns)
    pages = paper.open_pages(min(count, MOST_PAGES), stacked=False)
    for number, axes in enumerate(pages):
        write(axes, LEFT, 12, "12-lead ECG", 12, weight="bold")
        write(axes, LEFT, 18, paper.say_whose(ecg), 9, weight="bold")
        for heading, left, column in zip(("reader", "machine"), (LEFT, _HALF + 5), columns, strict=True):
            write(axes, left, 27, texts.capital(texts("overread", heading)), 11, weight="bold")
            here = column[number * rows : (number + 1) * rows]
            if number == MOST_PAGES - 1 and len(column) > MOST_PAGES * rows:
                here = [*here[:-1], ("…", Line("…"))]
            for row, (text, how) in enumerate(here):
                write(axes, left, _FIRST + row * _PITCH, text, _SIZE, weight=how.weight, color=how.color)
        write(axes, LEFT, HEIGHT - 10, NOTICE, 7, weight="bold")
        place = f"reading, page {number + 1} of {len(pages)}" + (f"; input SHA-256 {ecg.sha256}" if ecg.sha256 else "")
        write(axes, RIGHT, HEIGHT - 10, place, 7, color=GREY, ha="right")
    return pages


def _said(overread: Overread, texts: Texts) -> list[str]:
    """Statements, each as a sentence, then the text by its lines."""
    said = [_sentence(statement, texts) for statement in overread.statements]
    lines = [_printable(line) for line in overread.text.splitlines()]
    return [*filter(None, [" ".join(said), *lines])] or [texts.sentence(texts("overread", "nothing"))]


def _sentence(statement: Mapping[str, Any], texts: Texts) -> str:
    code, remark = statement.get("code"), _printable(statement.get("text") or "")
    if code is None:
        return remark if remark.endswith((".", "!", "?")) else f"{remark}."
    name = next((texts.table[table][code] for table in ("statements", "classes") if code in texts.table[table]), code)
    return texts.sentence(f"{name} ({remark})" if remark else _printable(name))


def _printable(text: str) -> str:
    """Without what cannot be printed, and words short enough to be set."""
    plain = "".join(letter if letter.isprintable() else " " for letter in text)
    return re.sub(rf"(\S{{{_LONGEST_WORD}}})", r"\1 ", plain).strip()


def _set(lines: Iterable[Line]) -> list[tuple[str, Line]]:
    """Lines as they lie in a column, each with how it looks."""
    return [(text, line) for line in lines for text in wrap(line.text, _WIDTH, _SIZE, line.weight) or [""]]
