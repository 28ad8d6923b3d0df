"""docs/own-data.md is run: every command of it, in its order; and what it says of the output is so."""

import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

PAGE = (Path(__file__).parents[2] / "docs" / "own-data.md").read_text(encoding="utf-8")
OURS = re.compile(r"(if )?twelvelead (.*?)(; then exit 1; fi)?")


def steps():
    """Lines of our program, and what bash runs between them."""
    between = []
    for line in "".join(re.findall(r"```bash\n(.*?)```", PAGE, re.DOTALL)).splitlines(keepends=True):
        ours = OURS.fullmatch(line.strip())
        if ours is None:
            between.append(line)
            continue
        yield "".join(between), None
        between = []
        yield ours[2], bool(ours[1])
    yield "".join(between), None


@pytest.mark.usefixtures("unpictured")
def test_every_command_of_the_page_does_what_it_says(cli, tmp_path, monkeypatch):
    """Ours in this process, the others as bash runs them."""
    pytest.importorskip("h5py")
    pytest.importorskip("pyarrow")
    monkeypatch.chdir(tmp_path)
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin" / "python").symlink_to(sys.executable)
    monkeypatch.setenv("PATH", f"{tmp_path / 'bin'}:{os.environ['PATH']}")
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join(sys.path))
    out, err = "", ""
    for command, refused in steps():
        if refused is None:
            subprocess.run(["bash", "-c", f"set -euo pipefail\n{command}"], check=True)
            for name, value in re.findall(r"^(\w+)=(\S+)$", command, re.MULTILINE):
                monkeypatch.setenv(name, value)
            continue
        said = cli(*shlex.split(os.path.expandvars(command)))
        assert (said.code != 0) == refused, said.err
        out, err = out + said.out, err + said.err
    (shown,) = re.findall(r"```\n(labels\.csv: .*?)```", PAGE, re.DOTALL)
    assert shown in out
    assert "say --separator ';' if it was read rightly" in err
    assert "task labels: left out, in fewer than 30 recordings: AF (24)" in out
    assert "164889003, atrial fibrillation" in out
    assert "codes that mine.toml does not list, with the recordings that have them: 164873001 (40)" in err
    assert "leads are I, II, but the weights single need I, II, III" in err
    assert "In no figure, because the weights do not know them: AF, LBBB." in out
    assert "CODE-15 % states no unit" in err
    assert "4 rows left out, in other files: exams_part1.hdf5" in out
    assert "zeros at the ends of 20 recordings are padding and were cut" in out
    assert "parquet.store: 24 records, task labels with 1 classes, fold 1-3" in out
    assert "zip.store: 120 records" in out
    for report in ("external", "thresholds", "cross-validated"):
        assert (tmp_path / report / "report.html").is_file()
