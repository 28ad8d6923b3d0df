"""What is kept of runs in results/: one table of runs, one file of predictions for each task and folds, the thresholds.

- `runs.csv`: one row a run: what it was, what it cost, and what was computed of its predictions.
- `predictions/TASK-foldN.parquet`: one row a record: ids and labels once, and for each run a column of that name with
  the calibrated probabilities, one a class in the order that the file's metadata name.
- `seeds.csv`: what was computed of several seeds of one recipe.
- `thresholds.csv`: run, operating point, class, threshold.
- `recipes/RUN.toml` and `logs/RUN.csv`: as the training left them.
"""

import csv
import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from twelvelead.data.tasks import fold_names
from twelvelead.errors import Unreadable
from twelvelead.evaluation.predictions import Predictions
from twelvelead.files import replacing

ABOUT = (
    "run", "task", "protocol", "architecture", "members", "train_folds", "validation_folds", "data_hash", "synthetic",
    "versions", "hardware", "minutes", "epochs", "best_epoch",
)  # fmt: skip
"""Columns of runs.csv that `collect` fills; the others are computed."""

LICENCE = (
    "Labels and record numbers are of PTB-XL 1.0.3 (Wagner et al. 2020, doi:10.13026/kfzx-aw45), CC BY 4.0; "
    "the predictions are ours and under the same licence."
)
MOST_CLASSES = 12
"""Of predictions kept in single precision. Of 71 classes half precision halves the file and moves the macro AUROC by
0.00001, one rare class's by 0.002."""

_LABEL = "label_"
_LISTS = ("members", "train_folds", "validation_folds", "hardware")
_NUMBERS = ("minutes", "epochs", "best_epoch")


@dataclass(frozen=True)
class Kept:
    """The folder results/.

    Attributes:
        folder: that holds it.
    """

    folder: Path

    @property
    def runs(self) -> dict[str, dict[str, Any]]:
        """Run -> its row of runs.csv; lists and numbers as such, None where nothing is known.

        Raises:
            Unreadable: the table is damaged.
        """
        return self._table("runs.csv", "run")

    def save_runs(self, runs: Mapping[str, Mapping[str, Any]]) -> None:
        """Write runs.csv, atomically, in the order of the names."""
        self._save("runs.csv", runs, ABOUT)

    @property
    def seeds(self) -> dict[str, dict[str, Any]]:
        """Name -> its row of seeds.csv.

        Raises:
            Unreadable: the table is damaged.
        """
        return self._table("seeds.csv", "seeds")

    def save_seeds(self, seeds: Mapping[str, Mapping[str, Any]]) -> None:
        """Write seeds.csv, atomically, in the order of the names."""
        self._save("seeds.csv", seeds, ("seeds",))

    def _table(self, name: str, key: str) -> dict[str, dict[str, Any]]:
        path = self.folder / name
        if not path.is_file():
            return {}
        with path.open(newline="", encoding="utf-8") as stream:
            rows = list(csv.DictReader(stream))
        try:
            return {row[key]: _parsed(row) for row in rows}
        except (KeyError, ValueError, TypeError, AttributeError) as error:
            raise Unreadable(f"{path}: cannot be read ({error!r}); take it from the repository again") from None

    def _save(self, name: str, rows: Mapping[str, Mapping[str, Any]], first: Sequence[str]) -> None:
        columns = list(dict.fromkeys([*first, *(column for row in rows.values() for column in row)]))
        cells = [{column: _cell(column, row.get(column)) for column in columns} for _, row in sorted(rows.items())]
        _write_csv(self.folder / name, columns, cells)

    def predictions(self, run: str) -> Predictions:
        """What a run said of the records of its validation folds.

        Raises:
            Unreadable: the run or its column is missing.
        """
        row = self._row(run)
        path = self._path(row)
        try:
            table = pq.read_table(path)
            about = json.loads(table.schema.metadata[b"twelvelead"])
            column = table.column(run)
        except (OSError, KeyError, ValueError, pa.ArrowException) as error:
            raise Unreadable(f"{path}: holds no predictions of {run} ({error!r}); collect the run again") from None
        classes = tuple(about["classes"])
        values = column.combine_chunks().flatten().to_numpy(zero_copy_only=False)
        labels = [table.column(f"{_LABEL}{name}").to_numpy(zero_copy_only=False) for name in classes]
        return Predictions(
            ecg_id=table.column("ecg_id").to_numpy(),
            patient_id=table.column("patient_id").to_numpy(),
            labels=np.stack(labels, axis=1).astype(bool),
            probabilities=values.astype(np.float32).reshape(-1, len(classes)),
            classes=classes,
            folds=tuple(row["validation_folds"]),
            protocol=row["protocol"],
            data_hash=row["data_hash"],
            thresholds=self._thresholds(run, classes),
            role="which also chose",
        )

    def add(self, run: str, about: Mapping[str, Any], predictions: Predictions) -> None:
        """Keep a run's row, predictions and thresholds; one of that name is replaced.

        Raises:
            Unreadable: other runs of this task and these folds have other records or labels.
        """
        runs = self.runs
        row = {"run": run, **about, "protocol": predictions.protocol, "data_hash": predictions.data_hash}
        self._add_column(run, self._path(row), predictions)
        lines = [line for line in self._all_thresholds() if line["run"] != run]
        for point, cuts in predictions.thresholds.items():
            for name, cut in zip(predictions.classes, cuts, strict=True):
                lines.append({"run": run, "operating_point": point, "class": name, "threshold": repr(float(cut))})
        lines.sort(key=lambda line: line["run"])
        _write_csv(self.folder / "thresholds.csv", ("run", "operating_point", "class", "threshold"), lines)
        self.save_runs(runs | {run: row})

    def hash(self, run: str) -> str:
        """SHA-256 of a run's probabilities, labels and thresholds."""
        of = self.predictions(run)
        digest = hashlib.sha256(of.probabilities.tobytes() + of.labels.tobytes() + of.ecg_id.tobytes())
        digest.update(json.dumps(of.thresholds, sort_keys=True).encode())
        return digest.hexdigest()

    def _add_column(self, run: str, path: Path, of: Predictions) -> None:
        ids: dict[str, Any] = {"ecg_id": of.ecg_id, "patient_id": of.patient_id}
        ids |= {f"{_LABEL}{name}": of.labels[:, column] for column, name in enumerate(of.classes)}
        columns: dict[str, pa.Array] = {name: pa.array(np.asarray(values)) for name, values in ids.items()}
        if path.is_file():
            table = pq.read_table(path)
            for name, values in columns.items():
                if name not in table.column_names or not table.column(name).combine_chunks().equals(values):
                    raise Unreadable(f"{path}: {run} has other records or labels ({name}); keep it under another task")
            columns |= {name: table.column(name) for name in table.column_names if name not in columns}
        kind = np.float32 if len(of.classes) <= MOST_CLASSES else np.float16
        flat = pa.array(of.probabilities.astype(kind).ravel())
        columns[run] = pa.FixedSizeListArray.from_arrays(flat, len(of.classes))
        runs = sorted(name for name in columns if name not in ids)
        about = {"classes": list(of.classes), "protocol": of.protocol, "data_hash": of.data_hash, "licence": LICENCE}
        table = pa.table({name: columns[name] for name in [*ids, *runs]}).replace_schema_metadata(
            {"twelvelead": json.dumps(about)}
        )
        path.parent.mkdir(parents=True, exist_ok=True)
        with replacing(path) as partial:
            pq.write_table(table, partial, compression="zstd", use_dictionary=False)

    def _row(self, run: str) -> dict[str, Any]:
        runs = self.runs
        if run not in runs:
            raise Unreadable(f"{self.folder / 'runs.csv'}: holds no run {run}; collect it")
        return runs[run]

    def _path(self, row: Mapping[str, Any]) -> Path:
        folds = fold_names(row["validation_folds"])
        return self.folder / "predictions" / f"{row['task']}-fold{folds}.parquet"

    def _all_thresholds(self) -> list[dict[str, str]]:
        path = self.folder / "thresholds.csv"
        if not path.is_file():
            return []
        with path.open(newline="", encoding="utf-8") as stream:
            return list(csv.DictReader(stream))

    def _thresholds(self, run: str, classes: Sequence[str]) -> dict[str, tuple[float, ...]]:
        found: dict[str, dict[str, float]] = {}
        for line in self._all_thresholds():
            if line["run"] == run:
                found.setdefault(line["operating_point"], {})[line["class"]] = float(line["threshold"])
        return {point: tuple(cuts[name] for name in classes) for point, cuts in found.items()}


def _parsed(row: Mapping[str, str]) -> dict[str, Any]:
    values: dict[str, Any] = {}
    for name, cell in row.items():
        if name in _LISTS:
            parts = [part.strip() for part in cell.split(";") if part.strip()]
            values[name] = [int(part) for part in parts] if name.endswith("folds") else parts
        elif name == "synthetic":
            values[name] = cell == "true"
        elif name in ABOUT and name not in _NUMBERS:
            values[name] = cell
        else:
            values[name] = _plain(cell)
    return values


def _plain(cell: str) -> Any:
    """A number where the cell is one, None where it is empty, else the text."""
    if not cell:
        return None
    for kind in (int, float):
        try:
            return kind(cell)
        except ValueError:
            continue
    return cell


def _cell(name: str, value: Any) -> str:
    if value is None:
        return ""
    if name in _LISTS:
        return "; ".join(map(str, value))
    if isinstance(value, bool):
        return "true" if value else "false"
    # six digits: more than the page shows, fewer than machines differ in
    return str(round(float(value), 6)) if isinstance(value, float | np.floating) else str(value)


def _write_csv(path: Path, names: Iterable[str], rows: Iterable[Mapping[str, Any]]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with replacing(path) as partial, partial.open("w", newline="", encoding="utf-8") as stream:
        writer = csv.DictWriter(stream, list(names), lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
