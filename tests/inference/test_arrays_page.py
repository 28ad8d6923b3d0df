"""The Python of docs/arrays.md runs as it stands, in its order."""

import re
from pathlib import Path

import pytest

PAGE = Path(__file__).parents[2] / "docs" / "arrays.md"


def test_the_page_runs(tmp_path, monkeypatch):
    pytest.importorskip("h5py")
    pytest.importorskip("pandas")
    blocks = re.findall(r"^```python\n(.*?)^```$", PAGE.read_text(encoding="utf-8"), re.DOTALL | re.MULTILINE)
    monkeypatch.chdir(tmp_path)
    told: dict[str, object] = {}
    for block in blocks:
        exec(block, told)
    assert set(told["found"]["status"]) == {"ok"}
    assert len(told["store"]) == len(told["code"]) == 20
    assert len(told["sampler"]) == 20
    assert len(told["own"]) == len(told["members"]) == 20
    assert told["recording"].duration == 10
