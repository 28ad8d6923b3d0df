"""How often the recordings most like one share its statements: fold 9 against folds 1-8 of PTB-XL.

    python tools/similar_precision.py STORE [--weights single] [--least 10]

For each statement with at least `--least` records in fold 9: of the ten recordings of folds 1-8 that are most like a
record with the statement (cosine of the embeddings, exact search), the share that have it too, the mean over these
records, beside the share of folds 1-8 that have it. Printed as a table in Markdown.
"""

import argparse
from pathlib import Path

import numpy as np

from twelvelead.data.store import Store
from twelvelead.inference.engine import Engine
from twelvelead.inference.similar import Embeddings

COUNT, BATCH = 10, 32


def main() -> None:
    parser = argparse.ArgumentParser(description="Precision at 10 of similar recordings.")
    parser.add_argument("store", type=Path)
    parser.add_argument("--weights", default="single")
    parser.add_argument("--least", type=int, default=10)
    options = parser.parse_args()
    store, engine = Store.open(options.store), Engine(options.weights, threads=1)
    fold = np.asarray(store.column("fold"))
    rows = np.flatnonzero((fold >= 1) & (fold <= 9))
    parts = []
    for first in range(0, len(rows), BATCH):
        chosen = rows[first : first + BATCH]
        parts.append(engine.run(store.millivolts(chosen), store.features[chosen], embed=True).embedding)
    vectors = np.concatenate([part for part in parts if part is not None])
    known, asked = fold[rows] <= 8, fold[rows] == 9
    present = ~np.isnan(np.asarray(store.likelihoods)[rows])
    searched = Embeddings(vectors[known], {}, engine.sha256)
    near = np.array([[one.row for one in searched.nearest(vector, COUNT)] for vector in vectors[asked]])
    shared = present[known][near].mean(axis=1)
    print(f"| statement | records in fold 9 | precision at {COUNT} | share of folds 1-8 |\n|---|---|---|---|")
    counts = present[asked].sum(axis=0)
    means = []
    for column in np.argsort(-counts):
        if counts[column] >= options.least:
            has = present[asked][:, column]
            means.append(shared[has, column].mean())
            share = present[known][:, column].mean()
            print(f"| {store.statements[column]} | {counts[column]:,} | {means[-1]:.3f} | {share:.3f} |")
    print(f"\nMean over {len(means)} statements: {np.mean(means):.3f}")


if __name__ == "__main__":
    main()
