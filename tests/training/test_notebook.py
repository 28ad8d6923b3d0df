"""The cells of docs/notebooks/first_steps.ipynb run as they stand, in their order."""

import json
from pathlib import Path

NOTEBOOK = Path(__file__).parents[2] / "docs" / "notebooks" / "first_steps.ipynb"


def test_the_notebook_runs(tmp_path, monkeypatch):
    cells = json.loads(NOTEBOOK.read_text(encoding="utf-8"))["cells"]
    monkeypatch.chdir(tmp_path)
    told: dict[str, object] = {}
    for cell in cells:
        if cell["cell_type"] == "code":
            exec("".join(cell["source"]), told)
    assert len(told["found"]) == 80
    assert (tmp_path / "page.png").read_bytes().startswith(b"\x89PNG")
    assert told["held_out"] > 0.8
    assert told["tuned"].contract.classes == ("wide",)
