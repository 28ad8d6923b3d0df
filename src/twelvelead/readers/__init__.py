"""A file becomes an ECG, whatever it is, recognised by what it holds."""

import os
from pathlib import Path

from twelvelead.ecg.leads import LEADS, canonical_lead
from twelvelead.ecg.record import ECG
from twelvelead.errors import TwelveLeadError, Unreadable
from twelvelead.readers import kinds, numeric, table, wfdb
from twelvelead.readers.recording import LARGEST_FILE, Fault, check_rate, to_ecg, without_padding

_SUPPORTED = (
    "WFDB, DICOM, SCP-ECG, HL7 aECG, GE MUSE XML, Philips Sierra XML, EDF, BDF, ISHNE, CSV, NPY and MATLAB are read"
)


def read(
    path: str | os.PathLike[str],
    *,
    leads: tuple[str, ...] | None = LEADS,
    sampling_rate: float | None = None,
    unit: str | None = None,
) -> ECG:
    """One recording from a file.

    - WFDB: the header (.hea), a signal file that a header beside it names, or the record's name without suffix.
    - DICOM waveforms, SCP-ECG, HL7 aECG, GE MUSE XML, Philips Sierra XML, EDF, EDF+, BDF and ISHNE Holter, whatever the
      file is called. Of several recordings in a file the rhythm is read, never a representative beat: the one with the
      most of the twelve leads, of these the longest, of these the first.
    - MFER, Mortara EL250 and others that the library ecgdatakit reads, with the extra [formats].
    - CSV: a heading line with lead names, one line a sample, separated by comma, semicolon or tab. Units may stand in
      the headings ("I (mV)", "V1 [uV]"); a column "time" or "t", in s unless its heading says ms, gives the rate.
    - NPY and MATLAB (version 4 to 7): [samples, leads] or [leads, samples] with the twelve leads in our order, or with
      the eight independent ones, I, II, V1-V6.

    Samples at the end in which all leads show the same value or stand still, 0.2 s or more of them, are padding and are
    cut. Of what a file says about the patient only age and sex are kept.

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
        MissingExtra: the format needs the extra [formats].
    """
    file = Path(path)
    if leads is not None:
        leads = tuple([canonical_lead(lead) for lead in leads])
    try:
        ecg = _read(file, leads, sampling_rate, unit)
        check_rate(ecg.sampling_rate)
    except TwelveLeadError:
        raise
    except Fault as fault:
        raise Unreadable(f"{file}: {fault}") from None
    except OSError as error:
        raise Unreadable(f"{file}: {error.strerror or type(error).__name__}; check the path") from None
    except MemoryError:
        raise Unreadable(f"{file}: needs more memory than there is; export a shorter recording") from None
    except Exception as error:
        # its text may quote the patient's data
        name = f"{type(error).__module__}.{type(error).__qualname__}".removeprefix("builtins.")
        raise Unreadable(f"{file}: truncated or damaged ({name}); copy or export it again") from None
    ecg = without_padding(ecg)
    return ecg if leads is None else ecg.select(leads)


def _read(file: Path, leads: tuple[str, ...] | None, sampling_rate: float | None, unit: str | None) -> ECG:
    header = _wfdb_header(file)
    if header is not None:
        return wfdb.read(header, leads=leads, sampling_rate=sampling_rate, unit=unit)
    start = _start(file)
    if not start:
        raise Fault("the file is empty; copy or export it again")
    size = file.stat().st_size
    if size > LARGEST_FILE:
        raise Fault(f"{size:,} bytes are more than are read at once; export at most {LARGEST_FILE:,} bytes of it")
    if start.startswith(kinds.NPY_MARK):
        return numeric.read_npy(file, leads, sampling_rate, unit)
    from twelvelead.readers import matlab

    if start.startswith(matlab.MARK) or matlab.is_old(start):
        return numeric.read_matlab(file, leads, sampling_rate, unit)
    kind = kinds.kind_of(start)
    if kind is not None:
        return to_ecg(kind.read(file.read_bytes()), leads, sampling_rate, unit, str(file))
    from twelvelead.readers import vendors

    recording = vendors.read(file, start)
    if recording is not None:
        return to_ecg(recording, leads, sampling_rate, unit, str(file))
    _require_text(start, file)
    return table.read_csv(file, leads, sampling_rate, unit)


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
            return stream.read(kinds.START)
    except FileNotFoundError:
        raise Unreadable(f"{file}: no such file; check the path") from None
    except IsADirectoryError:
        raise Unreadable(f"{file}: a folder; name a file in it") from None
    except OSError as error:
        raise Unreadable(f"{file}: {error.strerror or error}; check the path") from None


def _require_text(start: bytes, file: Path) -> None:
    kind = kinds.foreign(start)
    if kind is not None:
        raise Unreadable(f"{file}: {kind}")
    if not start.strip():
        raise Unreadable(f"{file}: the file is empty; copy or export it again")
    if b"\0" in start or kinds.xml_root(start) is not None:
        raise Unreadable(f"{file}: not a recording of a known kind; {_SUPPORTED}, so convert it to one of these")
