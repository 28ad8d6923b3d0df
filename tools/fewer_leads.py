"""What fewer leads cost: the figures of weights by each of their sets of leads, as a table in Markdown.

python tools/fewer_leads.py RUN

RUN is the folder of a run of the recipe any-leads. All figures are those of its contract: fold 9, which also chose.
"""

import argparse
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from twelvelead.weights import Contract, find
from twelvelead.weights.head import Head


def rows(contract: Contract) -> Iterator[list[str]]:
    """Each set of leads, the fewest first, then all."""
    for each in sorted(contract.lead_sets, key=lambda each: len(each.leads)):
        yield _row(", ".join(each.leads), each.classes, each.statements)
    yield _row("all twelve", contract, contract.statements)


def _row(name: str, classes: Head, statements: Head | None) -> list[str]:
    low, high = classes.intervals["macro_auroc"]
    cells = [name, f"{classes.metrics['macro_auroc']:.3f} [{low:.3f}, {high:.3f}]"]
    cells += [f"{value:.3f}" for value, *_ in classes.auroc if value is not None]
    if statements is not None:
        enough = np.array(statements.positives["validation"]) >= statements.least_positives["validation"]
        measured = [value for (value, *_), there in zip(statements.auroc, enough, strict=True) if there and value]
        cells += [f"{np.mean(measured):.3f}", str(sum(statements.assessed))]
    return cells


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("run", type=Path)
    contract = Contract.load(find(parser.parse_args().run))
    head = ["leads", "superclasses", *contract.classes]
    if contract.statements is not None:
        head += ["statements", "assessed"]
    for row in (head, ["---"] * len(head), *rows(contract)):
        print(f"| {' | '.join(row)} |")


if __name__ == "__main__":
    main()
