"""Embeddings of many recordings in one Parquet file, and the recordings among them that are most like another one."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from twelvelead.errors import MissingExtra, Refused, TwelveLeadError, Unreadable
from twelvelead.files import replacing
from twelvelead.inference.arrays import answer
from twelvelead.inference.engine import Engine

BATCH = 32
"""Recordings that are read and embedded together."""

ABOUT = b"twelvelead"
"""Key of the file's metadata that names the weights."""


class Neighbour(NamedTuple):
    """A recording that is like another one.

    Attributes:
        row: where it stands in the file.
        similarity: cosine of the two embeddings, -1 to 1.
    """

    row: int
    similarity: float


class Embeddings:
    """Recordings by their embeddings.

    Args:
        vectors: [n, units] of any real numbers.
        columns: name -> [n], among them `source` and, where it is known, `patient_id`.
        sha256: of the weights that made them.

    Attributes:
        columns: as given.
        sha256: as given.
    """

    def __init__(self, vectors: NDArray[Any], columns: dict[str, list[Any]], sha256: str) -> None:
        lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
        self._units = np.asarray(vectors / np.maximum(lengths, 1e-12), np.float32)
        self.columns = columns
        self.sha256 = sha256
        names = columns.get("patient_id")
        self._patients = None if names is None else np.array([str(name) for name in names])

    def __len__(self) -> int:
        return len(self._units)

    @property
    def knows_patients(self) -> bool:
        """Whether a column names the patients."""
        return self._patients is not None

    def nearest(self, vector: NDArray[Any], count: int = 10, patient: Any = None) -> list[Neighbour]:
        """The recordings most like another one, by an exact search, the most alike first.

        Args:
            vector: [units], its embedding.
            count: how many at most.
            patient: whose recordings are left out; None for nobody's.
        """
        wanted = np.asarray(vector, np.float32)
        scores = self._units @ (wanted / max(float(np.linalg.norm(wanted)), 1e-12))
        if patient is not None and self._patients is not None:
            scores[self._patients == str(patient)] = -np.inf
        count = min(count, len(scores))
        best = np.argpartition(-scores, count - 1)[:count] if count else np.array([], int)
        order = best[np.argsort(-scores[best], kind="stable")]
        return [Neighbour(int(row), float(scores[row])) for row in order if np.isfinite(scores[row])]

    @classmethod
    def load(cls, path: Path | str) -> "Embeddings":
        """Those in a file that `write_embeddings` made.

        Raises:
            Unreadable: it is not there, or no such file.
            MissingExtra: pyarrow is not installed.
        """
        pq = _parquet()
        try:
            table = pq.read_table(path)
            about = json.loads(table.schema.metadata[ABOUT])
            column = table.column("embedding").combine_chunks()
            vectors = column.flatten().to_numpy().reshape(len(table), about["units"])
        except FileNotFoundError:
            raise Unreadable(f"{path}: no such file; make it with twelvelead embed", code="not-found") from None
        except Exception as error:  # pyarrow has many
            reason = str(error).splitlines()[0][:200]
            raise Unreadable(f"{path}: no embeddings ({reason}); make them with twelvelead embed") from None
        columns = {name: table.column(name).to_pylist() for name in table.column_names if name != "embedding"}
        return cls(vectors, columns, about["sha256"])

    def require_made_by(self, engine: Engine, path: Path | str) -> None:
        """Refuse embeddings of other weights, which mean something else.

        Raises:
            TwelveLeadError: other weights made them.
        """
        if self.sha256 != engine.sha256:
            raise TwelveLeadError(f"{path}: made by other weights than {engine.contract.name}; name those (--weights)")


def embedded(engine: Engine, ecgs: list[Any]) -> list[NDArray[np.float32] | Refused]:
    """The embedding [units] of each recording, or why it has none."""
    found: list[NDArray[np.float32] | Refused] = []
    for said in answer(engine, ecgs, embed=True):
        if isinstance(said, Refused):
            found.append(said)
        else:
            assert said.embedding is not None
            found.append(said.embedding)
    return found


def write_embeddings(path: Path | str, engine: Engine, columns: dict[str, list[Any]], vectors: list[Any]) -> None:
    """Write one row a recording: its columns and its embedding. The file is as sensitive as the ECGs.

    Raises:
        MissingExtra: pyarrow is not installed.
        OSError: it cannot be written; nothing half-written stays.
    """
    pq = _parquet()
    import pyarrow as pa

    units = len(vectors[0])
    flat = pa.array(np.concatenate(vectors).astype(np.float32))
    table = pa.table(columns | {"embedding": pa.FixedSizeListArray.from_arrays(flat, units)})
    about = {"weights": engine.contract.name, "sha256": engine.sha256, "units": units}
    with replacing(Path(path)) as partial:
        pq.write_table(table.replace_schema_metadata({ABOUT: json.dumps(about)}), partial)


def in_batches(items: Any) -> Iterator[Any]:
    """The items, some at a time."""
    for first in range(0, len(items), BATCH):
        yield items[first : first + BATCH]


def _parquet() -> Any:
    try:
        import pyarrow.parquet as pq
    except ModuleNotFoundError:
        raise MissingExtra("Parquet", "parquet") from None
    return pq
