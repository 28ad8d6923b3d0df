"""How long the report of a fold takes once its records are predicted, and how large it is.

python benchmarks/report.py STORE [--weights reference] [--fold 9]
"""

import argparse
import time
from pathlib import Path
from tempfile import TemporaryDirectory

from twelvelead import load
from twelvelead.data.store import Store
from twelvelead.inference.scoring import gate_findings, score_folds
from twelvelead.output.report import evaluation, write

BAR_SECONDS, BAR_BYTES = 20.0, 5e6


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("store", type=Path)
    parser.add_argument("--weights", default="reference")
    parser.add_argument("--fold", type=int, default=9)
    options = parser.parse_args()
    store, engine = Store.open(options.store), load(options.weights)
    scored = score_folds(engine, store, options.fold)
    with TemporaryDirectory() as folder:
        begun = time.perf_counter()
        findings = gate_findings(engine.contract, store, scored.records)
        gate = time.perf_counter()
        whose = {"name": options.weights, "sha256": engine.sha256, "contract_sha256": engine.contract_sha256}
        found = evaluation(store, scored, findings, "drop", "accuracy", whose)
        figures = time.perf_counter()
        write(found, Path(folder))
        done = time.perf_counter()
        size = (Path(folder) / "report.html").stat().st_size
    print(
        f"{found.values['records']:,} records: {done - begun:.1f} s (quality gate {gate - begun:.1f}, figures "
        f"{figures - gate:.1f}, files {done - figures:.1f}; bar {BAR_SECONDS:g}), report.html {size / 1e6:.1f} MB "
        f"(bar {BAR_BYTES / 1e6:g})"
    )


if __name__ == "__main__":
    main()
