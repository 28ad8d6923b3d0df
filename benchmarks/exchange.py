"""What a report costs in each standard once the page is drawn: CPU time of one core.

python benchmarks/exchange.py [--times 100]
"""

import argparse
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "tools"))

import examples
from twelvelead.exchange.forms import FORMS, export
from twelvelead.exchange.report import Report
from twelvelead.inference.engine import Engine
from twelvelead.output.picture import render


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--times", type=int, default=100)
    options = parser.parse_args()
    interpretation = Engine("single").predict(examples.recording())
    begun = time.process_time()
    page = render(interpretation, "pdf")
    print(f"page as PDF: {1000 * (time.process_time() - begun):.0f} ms, {len(page):,} bytes")
    report = Report.of(interpretation, examples.MADE, page=page)
    for form in FORMS:
        size = len(export(report, form))
        begun = time.process_time()
        for _ in range(options.times):
            export(report, form)
        print(f"{form}: {1000 * (time.process_time() - begun) / options.times:.1f} ms, {size:,} bytes")


if __name__ == "__main__":
    main()
