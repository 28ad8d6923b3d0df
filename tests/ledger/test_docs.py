"""The Python of docs/ledger.md runs as it stands, in its order."""

import re
from pathlib import Path

PAGE = Path(__file__).parents[2] / "docs" / "ledger.md"


def test_the_page_runs(tmp_path, monkeypatch, capsys):
    blocks = re.findall(r"^```python\n(.*?)^```$", PAGE.read_text(encoding="utf-8"), re.DOTALL | re.MULTILINE)
    (tmp_path / "ecg.dcm").write_bytes(b"DICM")
    monkeypatch.chdir(tmp_path)
    exec("\n".join(blocks), {})
    assert capsys.readouterr().out == "1\n0 0\n"
    assert (tmp_path / "restored" / "ledger.sqlite").is_file()
