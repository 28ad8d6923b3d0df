"""Runs docs/notebooks/first_steps.ipynb cell by cell, as Jupyter would, and keeps in it what the cells show.

    python tools/first_steps.py

A cell shows what it prints, its pictures, and its last line where that is an expression. The tests run the same cells
and compare what they show.
"""

import ast
import base64
import contextlib
import io
import json
import os
import tempfile
from pathlib import Path
from typing import Any

NOTEBOOK = Path(__file__).parents[1] / "docs" / "notebooks" / "first_steps.ipynb"


def run(cells: list[dict[str, Any]]) -> dict[str, Any]:
    """Runs the cells of code in the present folder and puts into each what it shows.

    Returns:
        The names that they leave.
    """
    names: dict[str, Any] = {}
    code = [cell for cell in cells if cell["cell_type"] == "code"]
    for count, cell in enumerate(code, start=1):
        cell["execution_count"], cell["outputs"] = count, _shown("".join(cell["source"]), names, count)
    return names


def _shown(source: str, names: dict[str, Any], count: int) -> list[dict[str, Any]]:
    import matplotlib.pyplot as plt

    body = ast.parse(source).body
    last = body.pop() if isinstance(body[-1], ast.Expr) else None
    outputs: list[dict[str, Any]] = []
    with contextlib.redirect_stdout(io.StringIO()) as printed:
        exec(compile(ast.Module(body, []), "cell", "exec"), names)
        value = eval(compile(ast.Expression(last.value), "cell", "eval"), names) if last is not None else None  # type: ignore[attr-defined]
    if printed.getvalue():
        outputs.append({"name": "stdout", "output_type": "stream", "text": printed.getvalue().splitlines(True)})
    for number in plt.get_fignums():
        with io.BytesIO() as stream:
            plt.figure(number).savefig(stream, format="png", dpi=72, bbox_inches="tight")
            picture = base64.b64encode(stream.getvalue()).decode()
        outputs.append({"data": {"image/png": picture}, "metadata": {}, "output_type": "display_data"})
    plt.close("all")
    if value is not None:
        data = {"text/plain": repr(value).splitlines(True)}
        if hasattr(value, "_repr_html_"):
            data["text/html"] = value._repr_html_().splitlines(True)
        outputs.append({"data": data, "execution_count": count, "metadata": {}, "output_type": "execute_result"})
    return outputs


def main() -> None:
    os.environ.setdefault("MPLBACKEND", "Agg")
    notebook = json.loads(NOTEBOOK.read_text(encoding="utf-8"))
    with tempfile.TemporaryDirectory() as folder, contextlib.chdir(folder):
        run(notebook["cells"])
    NOTEBOOK.write_text(json.dumps(notebook, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
