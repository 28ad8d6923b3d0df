"""The part of docs/scale.md about files of many recordings is run."""

import os
import re
import subprocess
import sys
import zipfile
from pathlib import Path

import numpy as np
import pytest

from twelvelead.archive import open_scores
from twelvelead.ecg.leads import LEADS
from twelvelead.ecg.synthetic import synthetic_ecg

PAGE = (Path(__file__).parents[2] / "docs" / "scale.md").read_text(encoding="utf-8")


def test_the_commands_of_the_page_answer_each_member(tmp_path):
    pytest.importorskip("pyarrow")
    signals = np.stack([synthetic_ecg("normal", seed=n, sampling_rate=100).signal for n in range(2)])
    np.save(tmp_path / "many.npy", signals)
    counts = np.rint(signals[1] * 1000).astype("<i2")
    with zipfile.ZipFile(tmp_path / "ecgs.zip", "w") as archive:
        sums = zip(LEADS, counts[0], counts.astype(np.int64).sum(axis=0) & 0xFFFF, strict=True)
        lines = ["1 12 100 1000", *(f"1.dat 16 1000/mV 16 0 {a} {b} 0 {lead}" for lead, a, b in sums)]
        archive.writestr("a/1.hea", "\n".join(lines))
        archive.writestr("a/1.dat", counts.tobytes())
    program = tmp_path / "twelvelead"
    program.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m twelvelead "$@"\n')
    program.chmod(0o755)
    section = PAGE.partition("\n## Scoring files of many recordings\n")[2]
    (commands,) = re.findall(r"```bash\n(.*?)```", section.partition("\n## ")[0], re.DOTALL)
    subprocess.run(
        ["bash", "-c", f"set -euo pipefail\nexport OMP_NUM_THREADS=1\n{commands}"],
        cwd=tmp_path,
        env=os.environ | {"PATH": f"{tmp_path}:{os.environ['PATH']}", "PYTHONPATH": os.pathsep.join(sys.path)},
        check=True,
        stdout=subprocess.DEVNULL,
    )
    scored = {row["source"]: row for row in open_scores(tmp_path / "scores").table().to_pylist()}
    assert set(scored) == {"many.npy#0", "many.npy#1"}
    chosen = {row["source"]: row for row in open_scores(tmp_path / "chosen").table().to_pylist()}
    assert {source: (row["age"], row["site"]) for source, row in chosen.items()} == {
        "many.npy#0": (63, "north"),
        "ecgs.zip#a/1.hea": (None, "south"),
    }
