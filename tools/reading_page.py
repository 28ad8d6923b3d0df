"""Fills the tables of docs/reading.md from the rules in the package, between their markers.

python tools/reading_page.py [docs]
"""

import sys
import textwrap
from collections.abc import Sequence
from pathlib import Path

from twelvelead.files import replacing
from twelvelead.reading import cautions, urgency
from twelvelead.reading.languages import languages, load_texts
from twelvelead.reading.rules import Rule
from twelvelead.reading.sources import SOURCES
from twelvelead.reading.statements import BORDERLINE, COVERS, EXCLUSIVE, SECTIONS

PAGE = "reading.md"
_WITHOUT = {"axis": "measured", "other": "classes that are not PTB-XL's"}


def tables() -> dict[str, str]:
    """Marker -> its table."""
    texts = load_texts("en")
    sections = [
        (texts("sections", name), " ".join(f"`{one}`" for one in statements) or _WITHOUT[name])
        for name, statements in SECTIONS.items()
    ]
    exclusive = [" / ".join(", ".join(f"`{name}`" for name in sorted(one)) for one in group) for group in EXCLUSIVE]
    covers = [(f"`{name}`", ", ".join(f"`{one}`" for one in specific)) for name, specific in COVERS.items()]
    return {
        "sections": _table(("section", "statements, in their order"), sections),
        "exclusive": "\n".join(_wrapped(f"- {line}", "  ") for line in exclusive),
        "covers": _table(("says no more than", "these"), covers),
        "borderline": _wrapped(", ".join(f"`{name}`" for name in sorted(BORDERLINE))),
        "urgency": _table(
            ("rule", "level", "holds where", "stands on", ""),
            [(f"`{one.id}`", one.level, str(one.when), _cited(one), one.note) for one in urgency.RULES],
        ),
        "cautions": _table(
            ("caution", "holds where", "says", "stands on", ""),
            [
                (f"`{one.id}`", str(one.when), texts.table["cautions"][one.id], _cited(one), one.note)
                for one in cautions.RULES
            ],
        ),
        "sources": "\n".join(
            _wrapped(f"- **{key}**: {title}{_link(doi)}", "  ") for key, (title, doi) in SOURCES.items()
        ),
        "languages": _table(
            ("language", "code", "says that no cardiologist who speaks it has read it"),
            [(load_texts(code)("language", "name"), f"`{code}`", _read(code)) for code in languages()],
        ),
    }


def fill(page: str) -> str:
    """The page with its tables as they would be made now."""
    for name, table in tables().items():
        before, begin, rest = page.partition(f"<!-- {name} -->\n")
        _, end, after = rest.partition(f"<!-- /{name} -->")
        if not begin or not end:
            raise ValueError(f"no place for {name}")
        page = f"{before}{begin}{table}\n{end}{after}"
    return page


def _table(heads: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = [heads, ["---"] * len(heads), *rows]
    return "\n".join(f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in line)} |" for line in lines)


def _wrapped(text: str, indent: str = "") -> str:
    return textwrap.fill(text, 120, subsequent_indent=indent, break_long_words=False, break_on_hyphens=False)


def _cited(rule: Rule) -> str:
    return ", ".join(rule.sources)


def _link(doi: str) -> str:
    return f", [doi:{doi}](https://doi.org/{doi})" if doi else ""


def _read(code: str) -> str:
    return "yes" if load_texts(code).note else "no"


def main() -> None:
    path = Path(sys.argv[1] if len(sys.argv) > 1 else "docs") / PAGE
    filled = fill(path.read_text(encoding="utf-8"))
    with replacing(path) as partial:
        partial.write_text(filled, encoding="utf-8")


if __name__ == "__main__":
    main()
