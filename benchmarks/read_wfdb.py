"""How much faster our WFDB reader is than `wfdb.rdsamp`, on real records.

    python benchmarks/read_wfdb.py [PTBXL_DIR] [--records 2000]

Both give float voltages. That they agree is checked on every record first; then they take turns, block by block, in one
process. PTBXL_DIR is a PhysioNet-shaped folder; without it, the environment variable TWELVELEAD_PTBXL or the packed
records beside the repository.
"""

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import time
import warnings
from pathlib import Path

import numpy as np

from twelvelead.readers import read

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    import wfdb

BAR = 20.0
BLOCK = 50


def find_headers(folder: Path, records: int) -> list[str]:
    """Paths of the first `records` headers, in order of their names."""
    headers = sorted(str(path) for path in folder.glob("records100/*/*.hea"))[:records]
    if not headers:
        sys.exit(f"{folder}: no records100/*/*.hea in it; name a folder that holds PTB-XL")
    return headers


def unpack(destination: Path) -> None:
    """Fold 9 of the packed records."""
    shared = Path(os.environ.get("TWELVELEAD_SHARED", Path(__file__).resolve().parents[2] / "shared"))
    script = shared / "ptb-xl" / "unpack.py"
    if not script.is_file():
        sys.exit("no PTB-XL found; name its folder, or set TWELVELEAD_PTBXL")
    subprocess.run([sys.executable, str(script), str(destination), "--folds", "9"], check=True)


def check_agreement(headers: list[str]) -> None:
    """Ends the program where the readers differ by more than float32 can help."""
    for header in headers:
        theirs, fields = wfdb.rdsamp(header.removesuffix(".hea"))
        mine = read(header, leads=None)
        same = mine.signal.shape == theirs.shape and mine.sampling_rate == fields["fs"]
        if not (same and np.allclose(mine.signal, theirs, rtol=3e-7, atol=1e-6, equal_nan=True)):
            sys.exit(f"{header}: the readers disagree")


def seconds_each(headers: list[str]) -> tuple[list[float], list[float]]:
    """Seconds per record of each block: ours, theirs."""
    mine, theirs = [], []
    for start in range(0, len(headers), BLOCK):
        block = headers[start : start + BLOCK]
        begun = time.perf_counter()
        for header in block:
            read(header)
        turned = time.perf_counter()
        for header in block:
            wfdb.rdsamp(header.removesuffix(".hea"))
        ended = time.perf_counter()
        mine.append((turned - begun) / len(block))
        theirs.append((ended - turned) / len(block))
    return mine, theirs


def main() -> None:
    parser = argparse.ArgumentParser(description="Our WFDB reader against wfdb.rdsamp, on real records.")
    parser.add_argument("folder", type=Path, nargs="?", default=os.environ.get("TWELVELEAD_PTBXL"))
    parser.add_argument("--records", type=int, default=2000)
    options = parser.parse_args()
    warnings.simplefilter("ignore")
    with tempfile.TemporaryDirectory() as scratch:
        folder = options.folder and Path(options.folder)
        if folder is None:
            folder = Path(scratch)
            unpack(folder)
        headers = find_headers(folder, options.records)
        check_agreement(headers)
        print(f"{len(headers)} records: values agree to 1e-6 mV")
        mine, theirs = seconds_each(headers)
    ratios = [slow / fast for fast, slow in zip(mine, theirs, strict=True)]
    print(f"wfdb.rdsamp              {statistics.median(theirs) * 1e6:8.0f} us a record")
    print(f"twelvelead.read          {statistics.median(mine) * 1e6:8.0f} us a record")
    ratio = statistics.median(ratios)
    spread = f"median of {len(ratios)} blocks, {min(ratios):.1f} to {max(ratios):.1f}"
    print(f"{ratio:.1f} times faster ({spread}); the bar is {BAR:g}")
    sys.exit(0 if ratio >= BAR else 1)


if __name__ == "__main__":
    main()
