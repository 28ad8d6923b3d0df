"""What the weights are worth on LUDB: the machine-made parts of docs/external.md.

    python tools/external.py LUDB [WEIGHTS ...]

LUDB is the folder of the database as PhysioNet has it, with `data/` in it; WEIGHTS are shipped names or folders, and
those that ship where none are named. Weights that answer statements are scored on the task `all` too.
`--mapping-only` writes the table of the mapping alone and asks no weights; `--reports FOLDER` keeps the reports.
"""

import argparse
import json
import re
import subprocess
import sys
import tempfile
import textwrap
from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path

from external_tables import Report, mapping_table, statement_tables, superclass_tables
from twelvelead.data.create import create
from twelvelead.data.label_codes import codes_of
from twelvelead.data.mapping import normalised
from twelvelead.data.mapping_file import read_mapping
from twelvelead.data.store import Store
from twelvelead.evaluation.predictions import Predictions
from twelvelead.files import replacing
from twelvelead.readers.wfdb import read_header
from twelvelead.weights import Contract, find

PAGE = Path(__file__).resolve().parents[1] / "docs" / "external.md"
MAPPING = "ludb"
WEIGHTS = ("single", "ensemble", "reference")
PROTOCOL = "keep"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("ludb", type=Path)
    parser.add_argument("weights", nargs="*")
    parser.add_argument("--mapping-only", action="store_true")
    parser.add_argument("--reports", type=Path)
    options = parser.parse_args()
    text = PAGE.read_text(encoding="utf-8")
    text = put(text, "mapping", mapping_table(read_mapping(MAPPING), phrases(options.ludb / "data")))
    if not options.mapping_only:
        with tempfile.TemporaryDirectory() as temporary:
            folder = options.reports or Path(temporary)
            store = create(options.ludb / "data", MAPPING, Path(temporary) / "ludb", rate=100, scale=1).store
            text = put(text, "figures", figures(options.weights or WEIGHTS, store, folder))
    with replacing(PAGE) as partial:
        partial.write_text(text, encoding="utf-8")


def phrases(folder: Path) -> Counter[str]:
    """Normalised phrase -> recordings whose header has it."""
    found: Counter[str] = Counter()
    for header in sorted(folder.glob("*.hea")):
        found.update({normalised(code) for code in codes_of(read_header(header).comments)})
    return found


def figures(weights: Iterable[str], store: Store, folder: Path) -> Iterator[str]:
    """All tables of figures.

    Args:
        weights: shipped names or folders.
        store: of LUDB.
        folder: for the reports.
    """
    answers = {name: Contract.load(find(name)) for name in weights}
    yield from superclass_tables([report(name, "superclass", store, folder) for name in answers], store)
    with_statements = [name for name, contract in answers.items() if getattr(contract, "statements", None)]
    if with_statements:
        yield ""
        yield from statement_tables([report(name, "all", store, folder) for name in with_statements])


def report(weights: str, task: str, store: Store, folder: Path) -> Report:
    """What the command `twelvelead evaluate` says.

    Raises:
        subprocess.CalledProcessError: the command failed; it has said why.
    """
    out = folder / f"{Path(weights).name}-{task}"
    command = [sys.executable, "-m", "twelvelead", "evaluate", weights, str(store.path), "--fold", "1"]
    command += ["--task", task, "--protocol", PROTOCOL, "--out", str(out)]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    values = json.loads((out / "metrics.json").read_text(encoding="utf-8"))
    file = out / "predictions.npz"
    return Report(values["weights"]["name"], values, Predictions.load(file), file)


def put(text: str, part: str, lines: Iterable[str]) -> str:
    """The page with one of its machine-made parts replaced, text wrapped at 120 columns.

    Raises:
        ValueError: the page has no such part.
    """
    begin = f"<!-- {part}: made by `python tools/external.py LUDB`; do not edit -->"
    pattern = re.compile(f"{re.escape(begin)}\n.*?<!-- end -->", re.DOTALL)
    if not pattern.search(text):
        raise ValueError(f"{PAGE}: no part {part}")
    wrapped = [line if line.startswith("|") else _wrapped(line) for line in lines]
    body = "\n".join([begin, *wrapped, "<!-- end -->"])
    return pattern.sub(lambda _: body, text)


def _wrapped(line: str) -> str:
    indent = "  " if line.startswith("- ") else ""
    return textwrap.fill(line, 120, subsequent_indent=indent, break_long_words=False, break_on_hyphens=False)


if __name__ == "__main__":
    main()
