"""Files that hold many recordings: HDF5, Parquet, NPY of [n, samples, leads], and tar or zip of recordings.

Each recording has a name in its file, its member: an identifier, never a path. Nothing is unpacked to disk, no pickle
is read, and a member that cannot be read does not keep the others from being read.
"""

from collections.abc import Sequence
from importlib import import_module
from io import BytesIO
from pathlib import Path

from twelvelead.data.containers.container import Container, Origin, called
from twelvelead.data.containers.npy import header
from twelvelead.data.containers.stated import Stated
from twelvelead.errors import Unreadable
from twelvelead.files import read_regular

_START = 4096
_BY_START = {b"\x89HDF\r\n\x1a\n": "hdf5", b"PAR1": "parquet", b"PK\x03\x04": "zipped", b"PK\x05\x06": "zipped"}
_COMPRESSED = {b"\x1f\x8b": (".tgz", ".tar.gz"), b"BZh": (".tbz2", ".tar.bz2"), b"\xfd7zXZ\0": (".txz", ".tar.xz")}


def kind_of(origin: Origin) -> str | None:
    """Which kind of container a file is, by its first bytes: "hdf5", "parquet", "npy", "zipped" or "tarred"; None where
    it is none or cannot be read. A NumPy array of two axes is one recording, and a Parquet file without lists of
    numbers is a table."""
    kind = _kind_by_start(origin)
    if kind == "parquet":
        from twelvelead.data.containers.parquet import has_recordings

        return kind if has_recordings(origin) else None
    return kind


def _kind_by_start(origin: Origin) -> str | None:
    try:
        if isinstance(origin, Path):
            start = read_regular(origin, _START)
        else:
            origin.seek(0)
            start = origin.read(_START)
            origin.seek(0)
    except OSError:
        return None
    return kind_by_start(start, called(origin))


def kind_by_start(start: bytes, name: str) -> str | None:
    """Which kind of container a file is that begins so and has this name; a table is Parquet too."""
    for mark, kind in _BY_START.items():
        if start.startswith(mark):
            return kind
    name = name.lower()
    if start[257:262] == b"ustar" or (name.endswith(".tar") and start):
        return "tarred"
    if any(start.startswith(mark) and name.endswith(suffixes) for mark, suffixes in _COMPRESSED.items()):
        return "tarred"
    return "npy" if start.startswith(b"\x93NUMPY") and _axes(start) == 3 else None


def open_container(
    origin: Origin | str,
    *,
    sampling_rate: float | None = None,
    leads: Sequence[str] | None = None,
    unit: str | None = None,
    scale: float | None = None,
    variable: str | None = None,
    time_unit: str | None = None,
) -> Container:
    """Opens a file of many recordings; close it, or use it in a `with` block.

    What arrays do not state has to be given: HDF5 states it by attributes `sampling_rate`, `leads` and `unit` of the
    data set or the file, Parquet by the metadata of these names in its schema, NPY not at all. HDF5 as CODE-15 % lays
    it out (`tracings` [n, 4096, 12] and `exam_id`) has 400 Hz and the twelve leads in our order (Zenodo, doi
    10.5281/zenodo.4916206); its unit has to be given, since what is written of it disagrees. Zeros at both ends of an
    array's recording, where all leads show them, are padding and cut.

    Args:
        origin: the path of the file, or a stream that can seek; its `name` is what it is called.
        sampling_rate: in Hz.
        leads: names of the last axis of arrays.
        unit: of voltage, "mV", "uV" or "V".
        scale: microvolts a step, in place of the unit.
        variable: the data set of an HDF5 file, or the column of a Parquet file, that holds the recordings, where
            several may; of a tar or zip, see `twelvelead.read`.
        time_unit: see `twelvelead.read`; of recordings in a tar or zip.

    Raises:
        Unreadable: no such file, none of these kinds, damaged, or something is not stated, or contradicts the file.
        MissingExtra: h5py or pyarrow is not installed.
    """
    origin = Path(origin) if isinstance(origin, str) else origin
    kind = _kind_by_start(origin)
    if kind is None:
        if isinstance(origin, Path) and not origin.exists():
            raise Unreadable(f"{called(origin)}: no such file; check the path", code="not-found")
        raise Unreadable(
            f"{called(origin)}: no file of many recordings; HDF5, Parquet, NPY of [n, samples, leads], tar and zip are",
            code="unknown-format",
        )
    stated = Stated(sampling_rate, None if leads is None else tuple(leads), unit, scale, variable, time_unit)
    opened: Container = import_module(f"twelvelead.data.containers.{kind}").opened(origin, stated)
    return opened


def _axes(start: bytes) -> int:
    """How many axes the NumPy array has whose file begins so; 0 where it cannot be told."""
    try:
        return len(header(BytesIO(start))[0])
    except Exception:  # NumPy takes the header for Python, and lets through what its tokenizer raises
        return 0


__all__ = ["Container", "Stated", "kind_by_start", "kind_of", "open_container"]
