"""A file becomes an ECG, whatever it is, recognised by what it holds."""

from collections.abc import Mapping
from hashlib import sha256
from types import MappingProxyType

from twelvelead.ecg.leads import LEADS, canonical_lead
from twelvelead.ecg.record import ECG
from twelvelead.errors import Refused, TwelveLeadError, Unreadable
from twelvelead.readers import kinds
from twelvelead.readers.padding import without_padding
from twelvelead.readers.recording import BadFile, Unfit
from twelvelead.readers.request import Request
from twelvelead.readers.source import Origin, Source
from twelvelead.readers.text import decode
from twelvelead.readers.voltages import to_ecg


def read(
    path: Origin,
    *,
    leads: tuple[str, ...] | None = LEADS,
    sampling_rate: float | None = None,
    unit: str | None = None,
    scale: float | None = None,
    identify: bool = False,
    variable: str | None = None,
    time_unit: str | None = None,
    name: str | None = None,
    beside: Mapping[str, bytes] = MappingProxyType({}),
) -> ECG:
    """One recording from a file, its bytes, or a binary stream.

    - WFDB: the header (.hea), a signal file that a header beside it names, or the record's name without suffix.
    - DICOM waveforms, SCP-ECG, HL7 aECG, GE MUSE XML, Philips Sierra XML, EDF, EDF+, BDF and ISHNE Holter, whatever the
      file is called. Of several recordings in a file the rhythm is read, never a representative beat: the one with the
      most of the twelve leads, of these the longest, of these the first.
    - MFER, Mortara EL250 and others that the library ecgdatakit reads, with the extra [formats].
    - CSV: a heading line with lead names, one line a sample, separated by comma, semicolon, tab or "|". Units may stand
      in the headings ("I (mV)", "V1_uV") or in a line below; a column "time" gives the rate where its unit is named, or
      can be only one.
    - NPY and MATLAB (version 4 to 7; 7.3 with h5py; fields of structs too): [samples, leads] or [leads, samples]
      with the twelve leads in our order, or with the eight independent ones, I, II, V1-V6.

    Samples at the end in which all leads show the same value or stand still, 0.2 s or more of them, are padding and are
    cut. Of what a file says about the patient only age and sex are kept, unless the identity is asked for.

    Args:
        path: the file; or its bytes, or a binary stream, which is read once. Of a WFDB record, which lies in two files,
            the header, with the other file `beside` where it is no path.
        leads: which leads, in which order; None for all as stored. Missing limb leads follow from two
            others.
        sampling_rate: in Hz, where the file states none.
        unit: "mV", "uV" or "V", where the file states none.
        scale: microvolts a step, for a file that is uncalibrated, or in place of what it states, which is a finding.
        identify: whether the patient's identity is kept (`ECG.identity`).
        variable: which matrix of a MATLAB file, as in "ECG.data", where several can be the ECG.
        time_unit: "s", "ms", "us", "ns", "min", "h" or "d", of the time column of a CSV that does not state it.
        name: what the recording is called in messages and as `ECG.source`, in place of the path.
        beside: of a WFDB header that is given as bytes: name of a signal file -> its bytes.

    Returns:
        The recording; signal [samples, leads] float32, mV, NaN where a sample is missing or marked as invalid.

    Raises:
        Unreadable: the file is missing, damaged, of an unknown kind, uncalibrated, states no unit or sampling rate
            where none is given, or contradicts the given one.
        Refused: a lead asked for is missing.
        MissingExtra: the format needs the extra [formats].
    """
    request = Request(
        leads=None if leads is None else tuple([canonical_lead(lead) for lead in leads]),
        sampling_rate=sampling_rate,
        unit=unit,
        scale=scale,
        identify=identify,
        variable=variable,
        time_unit=time_unit,
    )
    source = Source(path, name, beside)
    try:
        ecg = without_padding(_read(source, request))
    except TwelveLeadError:
        raise
    except BadFile as fault:
        raise Unreadable(f"{source.name}: {fault}", code=fault.code) from None
    except Unfit as unfit:
        raise Refused(f"{source.name}: {unfit}", (unfit.finding,)) from None
    except FileNotFoundError:
        raise Unreadable(f"{source.name}: no such file; check the path", code="not-found") from None
    except IsADirectoryError:
        raise Unreadable(f"{source.name}: a folder; name a file in it", code="not-found") from None
    except OSError as error:
        raise Unreadable(f"{source.name}: {error.strerror or type(error).__name__}; check the path") from None
    except MemoryError:
        raise Unreadable(
            f"{source.name}: needs more memory than there is; export a shorter recording", code="too-large"
        ) from None
    except Exception as error:
        # its text may quote the patient's data
        name = f"{type(error).__module__}.{type(error).__qualname__}".removeprefix("builtins.")
        raise Unreadable(
            f"{source.name}: truncated or damaged ({name}); copy or export it again", code="damaged"
        ) from None
    return ecg if request.leads is None else ecg.select(request.leads)


def _read(source: Source, request: Request) -> ECG:
    fault = request.find_fault()
    if fault:
        raise BadFile(fault, code="usage")
    recording = (kinds.kind_of(source) or _last_resort(source)).read(source, request)
    digest = recording.sha256 or sha256(source.content).hexdigest()
    return to_ecg(recording, request, source.name, digest)


def _last_resort(source: Source) -> kinds.Kind:
    """The format of a file that does not begin like any: one that only its library knows, or a table."""
    from twelvelead.readers import vendors

    if not source.start.strip():
        raise BadFile("the file is empty; copy or export it again", code="not-found")
    if vendors.takes(source):
        return kinds.RARE
    foreign = kinds.foreign(source.start)
    if foreign is not None:
        raise BadFile(foreign, code="unknown-format")
    if source.suffix == ".dat":
        raise BadFile(
            "a signal file without its header; put the file .hea of the same name beside it", code="not-found"
        )
    if kinds.xml_root(source.start) is not None:
        return kinds.XML
    if "\0" in decode(source.start):
        both = "" if source.path else "; of a WFDB record both files are needed, so give the path of its header"
        raise BadFile(
            f"not a recording of a known kind; {kinds.SUPPORTED} are, so convert it to one of these{both}",
            code="unknown-format",
        )
    return kinds.TABLE
