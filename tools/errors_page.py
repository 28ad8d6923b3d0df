"""The page of all codes of errors and findings, docs/errors.md, made from the registries in the package.

python tools/errors_page.py [docs]
"""

import sys
from pathlib import Path

from twelvelead.ecg.finding import CODES, GRAVE
from twelvelead.errors import ERROR_CODES
from twelvelead.files import replacing

PAGE = "errors.md"
_HEAD = """# Codes

Every fault has a code that keeps its meaning; the sentence beside it may change with any version. A program reads the
code, a person the sentence.

`twelvelead interpret --json` prints, for a file without an answer, an object of the format `twelvelead-error`
(`twelvelead/inference/error.schema.json` in the package): `format`, `version`, `source`, `source_sha256`, `code`,
`error` (the sentence), `exit_code`, `findings`, `picture`, `model`, `product`, `notice` and `reading` ("not readable"
where it was refused, else null). In Python it is `twelvelead.describe_error(error, source, engine)`, without the
reading, and the code is `error.code`.

## Errors

Exit code 2, unless a row says otherwise. A recording that the quality gate refuses (exit code 3) has the code of its
first finding, from the table below.
"""
_FINDINGS = """
## Findings

What a reader or the quality gate says of a recording: in `findings` of an answer, of a refusal and of an ECG. Grave is
what changes most answers, if it is true; it stands before the answer. [quality.md](quality.md) has each rule and how
often it errs.
"""
_EXITS = {"refused": "; exit code 3", "interrupted": "; exit code 130, 143 or 129"}


def render() -> str:
    """The whole page."""
    errors = [f"| `{code}` | {meaning}{_EXITS.get(code, '')} |" for code, meaning in ERROR_CODES.items()]
    findings = [f"| `{code}` | {'grave' if code in GRAVE else ''} | {meaning} |" for code, meaning in CODES.items()]
    parts = [_HEAD, "| code | what it stands for |", "|---|---|", *errors, _FINDINGS]
    return "\n".join([*parts, "| code | | what it stands for |", "|---|---|---|", *findings]) + "\n"


def main() -> None:
    folder = Path(sys.argv[1] if len(sys.argv) > 1 else "docs")
    with replacing(folder / PAGE) as partial:
        partial.write_text(render(), encoding="utf-8")


if __name__ == "__main__":
    main()
