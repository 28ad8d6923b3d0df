"""docs/own-data.md is run: every command of it, in its order; and what it says of the output is so."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

PAGE = (Path(__file__).parents[2] / "docs" / "own-data.md").read_text(encoding="utf-8")


def test_every_command_of_the_page_does_what_it_says(tmp_path):
    pytest.importorskip("h5py")
    pytest.importorskip("pyarrow")
    program = tmp_path / "bin" / "twelvelead"
    program.parent.mkdir()
    program.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m twelvelead "$@"\n')
    program.chmod(0o755)
    (tmp_path / "bin" / "python").symlink_to(sys.executable)
    commands = "\n".join(re.findall(r"```bash\n(.*?)```", PAGE, re.DOTALL))
    ran = subprocess.run(
        ["bash", "-c", f"set -euo pipefail\nexport OMP_NUM_THREADS=1\n{commands}"],
        cwd=tmp_path,
        env=os.environ | {"PATH": f"{program.parent}:{os.environ['PATH']}", "PYTHONPATH": os.pathsep.join(sys.path)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert ran.returncode == 0, ran.stderr
    (shown,) = re.findall(r"```\n(labels\.csv: .*?)```", PAGE, re.DOTALL)
    assert shown in ran.stdout
    assert "say --separator ';' if it was read rightly" in ran.stderr
    assert "task labels: left out, in fewer than 30 recordings: AF (24)" in ran.stdout
    assert "164889003, atrial fibrillation" in ran.stdout
    assert "codes that mine.toml does not list, with the recordings that have them: 164873001 (40)" in ran.stderr
    assert "leads are I, II, but the weights single need I, II, III" in ran.stderr
    assert "In no figure, because the weights do not know them: AF, LBBB." in ran.stdout
    assert "CODE-15 % states no unit" in ran.stderr
    assert "4 rows left out, in other files: exams_part1.hdf5" in ran.stdout
    assert "zeros at the ends of 20 recordings are padding and were cut" in ran.stdout
    assert "parquet.store: 24 records, task labels with 1 classes, fold 1-3" in ran.stdout
    assert "zip.store: 120 records" in ran.stdout
    for report in ("external", "thresholds", "cross-validated"):
        assert (tmp_path / report / "report.html").is_file()
