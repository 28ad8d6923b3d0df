"""What the weights are worth on LUDB: the machine-made parts of docs/external.md.

    python tools/external.py LUDB [WEIGHTS ...]

LUDB is the folder of the database as PhysioNet has it, with `data/` in it; WEIGHTS are shipped names or folders, and
those that ship where none are named. `--mapping-only` writes the table of the mapping alone and asks no weights.
"""

import argparse
import re
from collections import Counter
from collections.abc import Mapping
from pathlib import Path

from twelvelead.data.label_headers import codes_of
from twelvelead.data.mapping import CodeMapping, normalised, read_mapping
from twelvelead.files import replacing
from twelvelead.readers.wfdb import read_header
from twelvelead.weights.statements import load_statements

PAGE = Path(__file__).resolve().parents[1] / "docs" / "external.md"
MAPPING = "ludb"


def mapping_table(mapping: CodeMapping, records: Mapping[str, int]) -> list[str]:
    """The mapping as Markdown, in its order.

    Args:
        mapping: of the phrases.
        records: normalised phrase -> recordings whose header has it.
    """
    superclass_of = {each.statement: each.superclass for each in load_statements()}
    lines = ["| LUDB's phrase | records | statement | class | relation | remark |", "|---|---|---|---|---|---|"]
    for code, meaning in mapping.meanings.items():
        remark = "; ".join(filter(None, ["says nothing against NORM" if meaning.normal else "", meaning.note]))
        statements = " ".join(f"`{name}`" for name in meaning.statements)
        classes = dict.fromkeys([*(superclass_of[name] for name in meaning.statements), *meaning.classes])
        mapped = statements or ("" if meaning.classes else "not mapped")
        said = " ".join(filter(None, classes))
        cells = [meaning.code, str(records.get(code, 0)), mapped, said, meaning.relation, remark]
        lines.append(f"| {' | '.join(cells)} |")
    return lines


def phrases(folder: Path) -> Counter[str]:
    """Normalised phrase -> recordings whose header has it."""
    found: Counter[str] = Counter()
    for header in sorted(folder.glob("*.hea")):
        found.update({normalised(code) for code in codes_of(read_header(header).comments)})
    return found


def put(text: str, part: str, lines: list[str]) -> str:
    """The page with one of its machine-made parts replaced.

    Raises:
        ValueError: the page has no such part.
    """
    begin = f"<!-- {part}: made by `python tools/external.py LUDB`; do not edit -->"
    pattern = re.compile(f"{re.escape(begin)}\n.*?<!-- end -->", re.DOTALL)
    if not pattern.search(text):
        raise ValueError(f"{PAGE}: no part {part}")
    body = "\n".join([begin, *lines, "<!-- end -->"])
    return pattern.sub(lambda _: body, text)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("ludb", type=Path)
    parser.add_argument("weights", nargs="*")
    parser.add_argument("--mapping-only", action="store_true")
    arguments = parser.parse_args()
    data = arguments.ludb / "data"
    text = PAGE.read_text(encoding="utf-8")
    text = put(text, "mapping", mapping_table(read_mapping(MAPPING), phrases(data)))
    with replacing(PAGE) as partial:
        partial.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
