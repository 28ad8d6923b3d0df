"""What the readings of a fold say: conclusions, urgency, cautions, and how often two levels contradict each other.

python tools/readings.py NAME STORE [--fold 9]
"""

import argparse
from collections import Counter
from pathlib import Path

from twelvelead.cli.meter import Meter
from twelvelead.data.store import Store
from twelvelead.data.tasks import select
from twelvelead.errors import Refused
from twelvelead.inference.engine import Engine
from twelvelead.inference.scoring import recording
from twelvelead.progress import counted
from twelvelead.reading.compose import compose


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("weights")
    parser.add_argument("store", type=Path)
    parser.add_argument("--fold", type=int, default=9)
    options = parser.parse_args()
    engine, store = Engine(options.weights), Store.open(options.store)
    counts: dict[str, Counter[str]] = {name: Counter() for name in ("conclusion", "urgency", "caution", "mark")}
    marked = read = 0
    with Meter() as meter:
        for row in counted(select(store, options.fold).tolist(), "ECGs read", meter.show):
            try:
                said = compose(engine.predict(recording(store, row))).to_dict()
            except Refused:
                counts["conclusion"]["not readable"] += 1
                continue
            read += 1
            counts["conclusion"][said["conclusion"]["level"]] += 1
            counts["urgency"][said["urgency"]["level"]] += 1
            counts["caution"].update(each["id"] for each in said["cautions"])
            counts["mark"].update(f"{each['id']} {each['superclass']}" for each in said["marks"])
            marked += bool(said["marks"])
    for name, count in counts.items():
        print(name, ", ".join(f"{key} {number} ({number / read:.1%})" for key, number in count.most_common()))
    print(f"{marked} of {read} readings ({marked / read:.1%}) have two levels that contradict each other")


if __name__ == "__main__":
    main()
