"""Many recordings in one folder that opens at once, whatever its size.

A store is a folder:
    store.json          what it holds: rate, leads, unit, statements, label tasks, data hash, and the size of every file
    signals.npy         int16 microvolts [record, sample, lead]
    likelihoods.npy     float32 [record, statement]: likelihood in percent, 0 where none is stated, NaN where the record
                        lacks the statement, -1 where it is not known whether the record has it
    columns/NAME.npy    one plain array [record] each: ecg_id, patient_id, fold, age, sex, and `NOTES` if known

It holds no time stamps and no pickles: the same source gives the same store, bit for bit.
"""

import hashlib
import json
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from copy import copy
from functools import cached_property
from mmap import mmap
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from twelvelead.data.partial import begin_writing, leftovers, partial_folder
from twelvelead.ecg.leads import LEADS
from twelvelead.errors import TwelveLeadError, Unreadable
from twelvelead.version import __version__

FORMAT = "twelvelead store"
VERSION = 1
VERSION_WITH_UNKNOWN = 2
"""Of a store with statements that are not known of some records; what reads version 1 alone would take them as
absent."""

UNKNOWN = -1.0
"""In the place of a likelihood: it is not known whether the record has the statement."""

COLUMNS = {
    "ecg_id": np.dtype("<i8"),
    "patient_id": np.dtype("<i8"),
    "fold": np.dtype("i1"),
    "age": np.dtype("<f4"),
    "sex": np.dtype("<f4"),
}
"""The columns that every store has. Age in years, sex 0 male and 1 female, NaN where unknown."""

NOTES = ("baseline_drift", "static_noise", "burst_noise", "electrodes_problems", "pacemaker")
"""Columns, bool, that a store has where its source notes such things: whether this was noted of a record."""

MILLIVOLTS_A_STEP = 1e-3
"""What one step of `Store.signals` is."""

_HEADER_BYTES = 128  # of signals.npy; numpy pads its header to a multiple of 64 and ours always fits
_HANDED_ON = 1 << 25  # bytes after which the disk may begin, so that the sync at the end has little left to wait for
_WRITTEN_AT_ONCE = 1 << 20  # bytes; a file system takes large pieces at half the price of single records

Tasks = Mapping[str, Mapping[str, Sequence[str]]]
"""Label tasks: task -> class -> the statements that make it. The order of the classes is that of the labels."""


class Store:
    """An opened store; make one with `Store.open`. Arrays are memory-mapped, read-only, when they are first asked for.

    Attributes:
        path: the folder.
        sampling_rate: in Hz.
        samples: of each record.
        leads: in the order of the last axis of `signals`.
        statements: names, in the order of the last axis of `likelihoods`.
        tasks: task -> class -> the statements that make it (see `twelvelead.data.tasks.labels`).
        notes: those of `NOTES` that are known.
        source: what it was made from.
        synthetic: true where the signals were generated.
        data_hash: SHA-256 in hexadecimal over signals, likelihoods, columns and what gives them their meaning.
    """

    def __init__(self, path: Path, about: Mapping[str, Any]) -> None:
        self.path = path
        self.sampling_rate = float(about["sampling_rate"])
        self.samples = int(about["samples"])
        self.leads: tuple[str, ...] = tuple(about["leads"])
        self.statements: tuple[str, ...] = tuple(about["statements"])
        self.tasks: Tasks = about["tasks"]
        self.notes: tuple[str, ...] = tuple(about.get("notes", ()))
        self.source = str(about["source"])
        self.synthetic = bool(about["synthetic"])
        self.data_hash = str(about["data_hash"])
        self._records = int(about["records"])
        if not 0 <= self._records <= sys.maxsize:
            raise ValueError(f"{self._records} records")
        self._columns: dict[str, NDArray[Any]] = {}

    @classmethod
    def open(cls, path: Path | str) -> "Store":
        """Opens the store in the folder `path`.

        Raises:
            Unreadable: nothing is there, it is no store, a store of another version, one that was never finished, or a
                file of it is missing or has another size than when it was written.
        """
        path = Path(path)
        about = _about(path)
        if about is None:
            raise Unreadable(_why_not(path))
        if about.get("version") not in (VERSION, VERSION_WITH_UNKNOWN):
            raise Unreadable(
                f"{path}: store of version {about.get('version')}, and this twelvelead reads versions {VERSION} and "
                f"{VERSION_WITH_UNKNOWN}; make it again from its source"
            )
        try:
            for name, size in about["files"].items():
                file = path / name
                if not file.is_file() or file.stat().st_size != size:
                    raise Unreadable(f"{file}: not the {size} bytes that were written; make the store again")
            return cls(path, about)
        except (KeyError, TypeError, ValueError, AttributeError, OverflowError) as error:
            raise Unreadable(f"{path / 'store.json'}: damaged ({error!r}); make the store again") from None

    def __len__(self) -> int:
        return self._records

    def __repr__(self) -> str:
        kind = "synthetic " if self.synthetic else ""
        return f"<Store {self.path}: {len(self)} {kind}records of {self.samples} samples at {self.sampling_rate:g} Hz>"

    @cached_property
    def signals(self) -> NDArray[np.int16]:
        """[record, sample, lead] int16, microvolts, memory-mapped."""
        return self._array("signals.npy", (len(self), self.samples, len(self.leads)))

    def millivolts(self, rows: int | np.integer[Any] | slice | NDArray[np.integer[Any]]) -> NDArray[np.float32]:
        """[*rows, sample, lead] float32 mV of some records.

        Args:
            rows: one position, a slice of positions, or an array of them.
        """
        return to_millivolts(self.signals[rows])

    @cached_property
    def likelihoods(self) -> NDArray[np.float32]:
        """[record, statement] float32, percent: 0 where none is stated, NaN where the record lacks the statement,
        `UNKNOWN` where it is not known whether the record has it."""
        return self._array("likelihoods.npy", (len(self), len(self.statements)))

    def column(self, name: str) -> NDArray[Any]:
        """[record]: `ecg_id`, `patient_id` (int64), `fold` (int8), `age` in years, `sex` (float32: 0 male, 1 female;
        both NaN where unknown), and each of `notes` (bool).

        Raises:
            KeyError: the store has no such column.
        """
        if name not in self._columns:
            held = (*COLUMNS, *self.notes)
            if name not in held:
                raise KeyError(f"{name!r} is none of the columns {', '.join(held)}")
            self._columns[name] = self._array(f"columns/{name}.npy", (len(self),))
        return self._columns[name]

    @cached_property
    def features(self) -> NDArray[np.float32]:
        """[record, 2] float32: age in years and sex (0 male, 1 female), NaN where unknown; what the models take."""
        return np.stack([self.column("age"), self.column("sex")], axis=1)

    def with_leads(self, leads: Sequence[str]) -> "Store":
        """The same records with these leads alone, in this order; their signals are copied into memory.

        Raises:
            TwelveLeadError: the store lacks one of them.
        """
        missing = [lead for lead in leads if lead not in self.leads]
        if missing:
            raise TwelveLeadError(f"{self.path}: has no lead {missing[0]}; choose of {', '.join(self.leads)}")
        other = copy(self)
        other.leads = tuple(leads)
        other.signals = np.ascontiguousarray(self.signals[..., [self.leads.index(lead) for lead in leads]])
        return other

    def require_whole(self) -> None:
        """See that the signals are still as long as when they were opened: reading behind the end of a file that was
        cut short kills the process. It takes a microsecond, so it can be asked before each batch.

        Raises:
            Unreadable: they are shorter now.
        """
        mapped: object = self.signals.base
        if isinstance(mapped, mmap) and mapped.size() < len(mapped):
            raise Unreadable(
                f"{self.path / 'signals.npy'}: cut short to {mapped.size():,} bytes while it was read; make the store "
                "again, then run the same command again"
            )

    def _array(self, name: str, shape: tuple[int, ...]) -> NDArray[Any]:
        file = self.path / name
        try:
            array: NDArray[Any] = np.load(file, mmap_mode="r", allow_pickle=False)
        except (OSError, ValueError) as error:
            raise Unreadable(f"{file}: damaged ({error}); make the store again") from None
        if array.shape != shape:
            raise Unreadable(f"{file}: shape {array.shape} where store.json says {shape}; make the store again")
        return array


def to_millivolts(microvolts: NDArray[np.integer[Any]]) -> NDArray[np.float32]:
    """Microvolts as a store holds them as float32 mV, the same shape."""
    return microvolts.astype(np.float32) * np.float32(MILLIVOLTS_A_STEP)


def write_store(
    path: Path | str,
    signals: Iterable[NDArray[np.int16] | None],
    *,
    columns: Mapping[str, NDArray[Any]],
    likelihoods: NDArray[np.float32],
    statements: Sequence[str],
    tasks: Tasks,
    sampling_rate: float,
    source: str,
    leads: Sequence[str] = LEADS,
    synthetic: bool = False,
) -> Store:
    """Writes a store in one go: it is there whole or not at all, and an older store in its place stays until then.

    Args:
        path: the folder to make; a store that is already there is replaced.
        signals: one [samples, leads] int16 array in microvolts for each row of the columns, all of one shape, taken one
            at a time; None leaves the record out together with its row.
        columns: every column of `COLUMNS`, [row], and any of `NOTES`.
        likelihoods: [row, statement], as `Store.likelihoods`.
        statements: names of the last axis of `likelihoods`.
        tasks: task -> class -> the statements that make it.
        sampling_rate: in Hz.
        source: what the data are, for messages and provenance.
        leads: names of the last axis of the signals.
        synthetic: whether the signals were generated.

    Raises:
        TwelveLeadError: `path` is something else than a store, it cannot be written (disk full, no permission), or no
            record is left.
        ValueError: shapes that do not fit.
    """
    path = Path(path)
    if path.exists() and _about(path) is None and not (path.is_dir() and not any(path.iterdir())):
        raise TwelveLeadError(f"{path}: exists and is not a store; name another folder or remove it first")
    _check_rows(columns, likelihoods, statements, tasks)
    with partial_folder(path) as folder:
        (folder / "columns").mkdir()
        digest = hashlib.sha256()
        kept, shape = _write_signals(folder / "signals.npy", signals, digest.update)
        if not any(kept):
            raise TwelveLeadError(f"{path}: no record to store; check the source")
        if len(kept) != len(likelihoods) or shape[1] != len(leads):
            raise ValueError(f"{len(kept)} signals of shape {shape} for {len(likelihoods)} rows and {len(leads)} leads")
        rows = np.array(kept)
        notes = {name: np.dtype("?") for name in NOTES if name in columns}
        arrays = {f"columns/{name}.npy": columns[name][rows].astype(dtype) for name, dtype in (COLUMNS | notes).items()}
        arrays["likelihoods.npy"] = likelihoods[rows].astype("<f4")
        meaning = {
            "records": int(rows.sum()),
            "samples": shape[0],
            "sampling_rate": float(sampling_rate),
            "leads": list(leads),
            "unit": "uV",
            "statements": list(statements),
            "tasks": {task: {name: list(of) for name, of in classes.items()} for task, classes in tasks.items()},
        }
        for name, array in arrays.items():
            np.save(folder / name, array, allow_pickle=False)
            digest.update(f"{name} {array.dtype.str} {array.shape}".encode() + array.tobytes())
        digest.update(json.dumps(meaning).encode())
        about = {
            "format": FORMAT,
            "version": VERSION_WITH_UNKNOWN if (arrays["likelihoods.npy"] == UNKNOWN).any() else VERSION,
            "source": source,
            "synthetic": synthetic,
            "created_by": f"twelvelead {__version__}",
            "data_hash": digest.hexdigest(),
            "files": {name: (folder / name).stat().st_size for name in ("signals.npy", *sorted(arrays))},
            **({"notes": list(notes)} if notes else {}),
            **meaning,
        }
        (folder / "store.json").write_text(json.dumps(about, indent=1) + "\n", encoding="utf-8")
    return Store.open(path)


def _write_signals(
    file: Path, signals: Iterable[NDArray[np.int16] | None], seen: Callable[[memoryview], None]
) -> tuple[list[bool], tuple[int, ...]]:
    """Which records were kept, and the shape of each; `seen` is called with the bytes of every record."""
    kept: list[bool] = []
    shape: tuple[int, ...] | None = None
    pending = 0
    with file.open("wb", buffering=_WRITTEN_AT_ONCE) as stream:
        stream.write(bytes(_HEADER_BYTES))
        for signal in signals:
            kept.append(signal is not None)
            if signal is None:
                continue
            shape = shape or signal.shape
            if signal.shape != shape or signal.ndim != 2 or signal.dtype != np.int16:
                raise ValueError(f"signal {len(kept) - 1} is {signal.dtype} {signal.shape}, not int16 {shape}")
            data = np.ascontiguousarray(signal, "<i2").data
            stream.write(data)
            seen(data)
            pending += data.nbytes
            if pending >= _HANDED_ON:
                stream.flush()
                begin_writing(stream.fileno(), stream.tell() - pending, pending)
                pending = 0
        shape = shape or (0, 0)
        stream.seek(0)
        np.lib.format.write_array_header_1_0(
            stream, {"descr": "<i2", "fortran_order": False, "shape": (sum(kept), *shape)}
        )
        assert stream.tell() == _HEADER_BYTES
    return kept, shape


def _check_rows(
    columns: Mapping[str, NDArray[Any]], likelihoods: NDArray[np.float32], statements: Sequence[str], tasks: Tasks
) -> None:
    if not set(COLUMNS) <= set(columns) <= {*COLUMNS, *NOTES}:
        raise ValueError(f"columns are {', '.join(columns)}; they have to be {', '.join(COLUMNS)}, and may be notes")
    if any(column.shape != (len(likelihoods),) for column in columns.values()):
        raise ValueError(f"every column has to be [{len(likelihoods)}], one value for each row of likelihoods")
    if likelihoods.ndim != 2 or likelihoods.shape[1] != len(statements):
        raise ValueError(f"likelihoods {likelihoods.shape} for {len(statements)} statements")
    unknown = {name for classes in tasks.values() for of in classes.values() for name in of} - set(statements)
    if unknown:
        raise ValueError(f"tasks name statements that the store does not have: {', '.join(sorted(unknown))}")


def _about(path: Path) -> dict[str, Any] | None:
    """The contents of store.json, or None where there is no store."""
    try:
        about = json.loads((path / "store.json").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    return about if isinstance(about, dict) and about.get("format") == FORMAT else None


def _why_not(path: Path) -> str:
    if not path.exists():
        if leftovers(path):
            return f"{path}: its making was not finished (or still goes on); run the command that makes it again"
        return f"{path}: no such store; make it with: twelvelead ptbxl prepare SOURCE {path}"
    if (path / "signals.npy").is_file():
        return f"{path}: store.json is missing or damaged; make the store again"
    return f"{path}: not a store; make one with: twelvelead ptbxl prepare SOURCE STORE"
