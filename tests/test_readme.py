"""The README's Python example runs as it is printed."""

import re
import subprocess
import sys
from pathlib import Path

import numpy as np

from twelvelead.ecg.synthetic import synthetic_ecg

ROOT = Path(__file__).parents[1]


def test_the_example_of_ones_own_ecg(tmp_path):
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    (example,) = [block for block in re.findall(r"```python\n(.+?)```", readme, re.S) if "recording.dcm" in block]
    ecg = synthetic_ecg("normal", sampling_rate=100)
    heading = ",".join(["time (s)", *(f"{lead} (mV)" for lead in ecg.leads)])
    table = np.column_stack([np.arange(len(ecg.signal)) / 100, ecg.signal])
    np.savetxt(tmp_path / "recording.dcm", table, "%.4f", ",", header=heading, comments="")  # told by what it holds
    done = subprocess.run([sys.executable, "-c", example], cwd=tmp_path, capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")
    assert (tmp_path / "page.pdf").read_bytes().startswith(b"%PDF-")
