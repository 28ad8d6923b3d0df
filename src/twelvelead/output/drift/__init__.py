"""A comparison of groups of answers as files: drift.json and one HTML page."""

import json
from pathlib import Path

from twelvelead.files import replacing
from twelvelead.output.drift.document import document
from twelvelead.output.drift.findings import Findings
from twelvelead.output.drift.terminal import table
from twelvelead.output.report.html import html

PAGE, VALUES = "drift.html", "drift.json"


def write(found: Findings, out: Path) -> list[Path]:
    """Write the page and what it rests on.

    Args:
        found: what was compared.
        out: the page where it ends in .html, else a folder for `PAGE` and `VALUES`, made where it is not there.

    Returns:
        The files.
    """
    page = html(document(found)).encode()
    if out.suffix.lower() in (".html", ".htm"):
        files = {out: page}
    else:
        files = {out / PAGE: page, out / VALUES: (json.dumps(found.values(), indent=2) + "\n").encode()}
    for path, content in files.items():
        with replacing(path) as partial:
            partial.write_bytes(content)
    return list(files)


__all__ = ["PAGE", "VALUES", "Findings", "table", "write"]
