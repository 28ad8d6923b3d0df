"""A file becomes an ECG, whatever it is, recognised by what it holds."""

import os
from pathlib import Path

from twelvelead.ecg.leads import LEADS, canonical_lead
from twelvelead.ecg.record import ECG
from twelvelead.errors import Unreadable
from twelvelead.readers import numeric, wfdb

_SUPPORTED = "this version reads WFDB (format 16), CSV and NPY"


def read(
    path: str | os.PathLike[str],
    *,
    leads: tuple[str, ...] | None = LEADS,
    sampling_rate: float | None = None,
    unit: str | None = None,
) -> ECG:
    """One recording from a file.

    - WFDB: the header (.hea), a signal file that a header beside it names, or the record's name without suffix.
    - CSV: a heading line with lead names, one line a sample, separated by comma, semicolon or tab. Units may stand in
      the headings ("I (mV)", "V1 [uV]"); a column "time" or "t", in s unless its heading says ms, gives the rate.
    - NPY: [samples, leads] or [leads, samples] with the twelve leads in our order, or with the eight independent ones,
      I, II, V1-V6.

    Args:
        path: the file.
        leads: which leads, in which order; None for all as stored. Missing limb leads follow from two
            others.
        sampling_rate: in Hz, where the file states none.
        unit: "mV", "uV" or "V", where the file states none.

    Returns:
        The recording; signal [samples, leads] float32, mV, NaN where a sample is missing or marked as invalid.

    Raises:
        Unreadable: the file is missing, damaged, of an unknown kind, states no unit or sampling rate where none is
            given, or contradicts the given one.
        Refused: a lead asked for is missing.
    """
    file = Path(path)
    if leads is not None:
        leads = tuple([canonical_lead(lead) for lead in leads])
    header = _wfdb_header(file)
    if header is not None:
        return wfdb.read(header, leads=leads, sampling_rate=sampling_rate, unit=unit)
    start = _start(file)
    reader = numeric.read_npy if start.startswith(numeric.NPY_MAGIC) else numeric.read_csv
    if reader is numeric.read_csv:
        _require_text(start, file)
    ecg = reader(file, leads, sampling_rate, unit)
    return ecg if leads is None else ecg.select(leads)


def _wfdb_header(file: Path) -> Path | None:
    """The header of the WFDB record that the path means, if it means one."""
    if file.suffix.lower() == ".hea":
        return file
    if file.is_dir():
        return None
    if not file.exists():
        header = file.with_name(file.name + ".hea")
        return header if header.is_file() else None
    header = file.with_suffix(".hea")
    if file.is_file() and header.is_file():
        if any(signal.file == file.name for signal in wfdb.read_header(header).signals):
            return header
    elif file.suffix.lower() == ".dat":
        raise Unreadable(f"{file}: a signal file without its header; put {header.name} beside it")
    return None


def _start(file: Path) -> bytes:
    try:
        with file.open("rb") as stream:
            return stream.read(4096)
    except FileNotFoundError:
        raise Unreadable(f"{file}: no such file; check the path") from None
    except IsADirectoryError:
        raise Unreadable(f"{file}: a folder; name a file in it") from None
    except OSError as error:
        raise Unreadable(f"{file}: {error.strerror or error}; check the path") from None


def _require_text(start: bytes, file: Path) -> None:
    kind = _foreign_kind(start)
    if kind is not None:
        raise Unreadable(f"{file}: {kind}, which is not read yet; {_SUPPORTED}, so convert it to one of these")
    if not start.strip():
        raise Unreadable(f"{file}: the file is empty; copy or export it again")
    if b"\0" in start:
        raise Unreadable(f"{file}: not a recording of a known kind; {_SUPPORTED}, so convert it to one of these")


def _foreign_kind(start: bytes) -> str | None:
    """What a file of a kind that we do not read is, by the first bytes that its standard prescribes."""
    marks = {
        b"PK\x03\x04": "a ZIP archive (or NPZ)",
        b"\x1f\x8b": "a gzip archive",
        b"%PDF": "a PDF",
        b"\x89HDF": "HDF5",
        b"MATLAB 5": "a MATLAB file",
        b"ISHNE1.0": "ISHNE Holter",
        b"0       ": "EDF",
        b"\xffBIOSEMI": "BDF",
    }
    if start[128:132] == b"DICM":
        return "DICOM"
    # section 0 follows the 6 bytes of the record header and keeps this word in its reserved field, EN 1064
    if start[16:22] == b"SCPECG":
        return "SCP-ECG"
    if start.removeprefix(b"\xef\xbb\xbf").lstrip().startswith((b"<", b"\xff\xfe<", b"\xfe\xff\0<")):
        return "XML"
    return next((kind for mark, kind in marks.items() if start.startswith(mark)), None)
