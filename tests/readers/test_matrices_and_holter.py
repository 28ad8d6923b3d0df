"""MATLAB, EDF and ISHNE: what a file leaves open is asked, what it says twice is compared."""

import struct
import sys

import numpy as np
import pytest

from twelvelead.ecg.leads import LEADS
from twelvelead.errors import Unreadable
from twelvelead.readers import read

RATE = 500
STATED = {"sampling_rate": RATE, "unit": "uV"}


def savemat(path, variables, **options):
    from scipy.io import savemat

    savemat(path, variables, **options)
    return path


@pytest.mark.parametrize("compressed", [False, True])
@pytest.mark.parametrize("turned", [False, True])
def test_matlab_structs(tmp_path, counts, compressed, turned):
    inner = {"age": 63.0, "sex": "Female", "data": counts if turned else counts.T.copy(), "lead": list(range(3))}
    path = savemat(tmp_path / "r.mat", {"ECG": inner, "note": "words"}, do_compression=compressed)
    ecg = read(path, **STATED)
    np.testing.assert_allclose(ecg.signal, counts / 1000, atol=1e-6)
    assert (ecg.age, ecg.sex) == (63, "female")


def test_matlab_structs_in_structs_and_rates(tmp_path, counts):
    path = savemat(
        tmp_path / "r.mat", {"study": {"ecg": {"signal": counts, "Fs": 500.0}, "beats": np.zeros((900, 12))}}
    )
    with pytest.raises(Unreadable, match=r"2 matrices can be the ECG, study\.ecg\.signal \[5000, 12\], study\.beats"):
        read(path, unit="uV")
    ecg = read(path, unit="uV", variable="study.ecg.signal")
    assert ecg.sampling_rate == 500
    with pytest.raises(Unreadable, match="500 Hz, not 250 Hz"):
        read(path, unit="uV", variable="study.ecg.signal", sampling_rate=250)
    with pytest.raises(Unreadable, match=r"holds no matrix 'val'; name one of study\.ecg"):
        read(path, unit="uV", variable="val")


def test_matrices_that_cannot_be_an_ecg_need_no_name(tmp_path, counts):
    others = {
        "template": np.zeros((12, 12)),
        "rr": np.zeros((1, 900)),
        "big": np.zeros((90, 9000)),
        "few": np.ones((12, 3)),
    }
    for options in ({}, {"format": "4"}):
        ecg = read(savemat(tmp_path / "r.mat", {**others, "val": counts.T.astype(float)}, **options), **STATED)
        np.testing.assert_allclose(ecg.signal, counts / 1000, atol=1e-6)


def test_matlab_73(tmp_path, counts):
    h5py = pytest.importorskip("h5py")
    path = tmp_path / "r.mat"
    (tmp_path / "secret.bin").write_bytes(counts.astype("<i2").tobytes())
    with h5py.File(path, "w", userblock_size=512) as file:
        file["ECG/data"] = counts.copy()  # as MATLAB writes [12, samples]
        file["ECG/sex"] = np.frombuffer("Female".encode("utf-16-le"), "<u2").reshape(6, 1)
        file["ECG/sex"].attrs["MATLAB_class"] = np.bytes_("char")
        file["#refs#/a"] = counts.copy()
        file["link"] = h5py.ExternalLink(str(tmp_path / "other.h5"), "/x")
        file.create_dataset("outside", (5000, 12), "<i2", external=[(str(tmp_path / "secret.bin"), 0, 120000)])
    content = path.read_bytes()
    path.write_bytes(b"MATLAB 7.3 MAT-file".ljust(124) + struct.pack("<H", 0x200) + b"IM" + content[128:])
    ecg = read(path, **STATED)
    np.testing.assert_allclose(ecg.signal, counts / 1000, atol=1e-6)
    assert ecg.sex == "female"
    for part in range(0, 100, 5):
        path.write_bytes(content[: len(content) * part // 100])
        with pytest.raises(Unreadable):
            read(path, **STATED)


def header(path, start, size, text):
    content = bytearray(path.read_bytes())
    content[start : start + size] = text.ljust(size)
    path.write_bytes(content)
    return path


UNIT = 256 + 96 * 14
"""Where the unit of the first of 14 signals stands in the header of an EDF file."""


@pytest.mark.parametrize("unit", ["uV", "µV", "\u03bcV", "mcV", "UV", "uV\n", "uV\0", "microV"])
@pytest.mark.parametrize("encoding", ["utf-8", "latin-1", "shift_jis"])
def test_units_of_edf(writers, counts, tmp_path, unit, encoding):
    path = writers["EDF"](tmp_path, counts, RATE)
    try:
        header(path, UNIT, 8, unit.encode(encoding))
    except UnicodeEncodeError:
        pytest.skip(f"{encoding} has no such sign")
    if unit == "microV":
        with pytest.raises(Unreadable, match="lead I is in 'microV', which is not a voltage"):
            read(path)
    else:
        np.testing.assert_allclose(read(path).signal, counts / 1000, atol=1e-6)


def test_edf_says_what_it_knows(writers, counts, tmp_path):
    path = writers["EDF"](tmp_path, counts, RATE)
    header(path, 88, 80, b"Startdate 14-JUN-2023 QX-77 NN Holter_9")
    ecg = read(path)
    assert (ecg.device, ecg.filters, str(ecg.recorded)) == ("Holter 9", "HP:0.05Hz", "2023-06-14 10:15:00")
    assert [finding.code for finding in ecg.findings] == ["negative-gain"]
    assert "ECG V6 stored upside down" in ecg.findings[0].message
    assert ecg.identity is None
    assert read(path, identify=True).identity.patient_id == "QX-77"


def test_edf_with_a_decimal_comma_and_more_records_than_announced(writers, counts, tmp_path):
    path = writers["EDF"](tmp_path, counts, RATE)
    header(path, 244, 8, b"1,0")
    np.testing.assert_allclose(read(path).signal, counts / 1000, atol=1e-6)
    header(path, 236, 8, b"9")
    ecg = read(path)
    assert len(ecg.signal) == 4500
    assert [finding.code for finding in ecg.findings] == ["samples-disagree", "negative-gain"]


def test_edf_without_a_unit_is_uncalibrated(writers, counts, tmp_path):
    """The physical range of the writer is the digital one, so that nothing says what a step is."""
    path = writers["EDF"](tmp_path, counts, RATE)
    for lead in range(12):
        header(path, UNIT + 8 * lead, 8, b"")
        header(path, 256 + 104 * 14 + 8 * lead, 8, b"-32768")
        header(path, 256 + 112 * 14 + 8 * lead, 8, b"32767")
    for options in ({}, {"unit": "uV"}):
        with pytest.raises(Unreadable, match="lead I is uncalibrated"):
            read(path, **options)
    np.testing.assert_allclose(read(path, scale=1.0).signal[:, :11], counts[:, :11] / 1000, atol=1e-6)


def test_ecg_leads_in_an_eeg(tmp_path, writers, counts):
    """Scalp electrodes are no chest leads, whatever is beside them."""
    wide = np.concatenate([counts, counts[:, :6] // 3], axis=1)
    names = (*LEADS[:2], "C1", "C2", "C3", "C4", "C5", "C6", "Cz", "Fz")
    path = writers["EDF"](tmp_path, wide[:, :10], RATE, names)
    with pytest.raises(Exception, match=r"missing lead.* V1, V2, V3, V4, V5, V6"):
        read(path)
    path = writers["EDF"](tmp_path, wide[:, :8], RATE, names[:8])
    assert read(path).leads == LEADS
    path = writers["EDF"](tmp_path, wide[:, :14], RATE, [*(f"{lead}-Ref" for lead in LEADS), "C3-Ref", "C4-Ref"])
    np.testing.assert_allclose(read(path).signal, counts / 1000, atol=1e-6)


def change_ishne(path, *, variable=None, samples=None, start=None, insert=(0, b"")):
    import binascii

    content = bytearray(path.read_bytes())
    content[insert[0] : insert[0]] = insert[1]
    for place, value in ((10, variable), (14, samples), (22, start)):
        if value is not None:
            content[place : place + 4] = struct.pack("<i", value)
    end = 522 + struct.unpack_from("<i", content, 10)[0]
    content[8:10] = struct.pack("<H", binascii.crc_hqx(bytes(content[10:end]), 0xFFFF))
    path.write_bytes(content)
    return path


@pytest.mark.parametrize("leads", [LEADS, LEADS[:2] + LEADS[6:]])
@pytest.mark.parametrize(
    ("changes", "codes"),
    [
        ({}, []),
        ({"start": 0}, []),  # not filled in
        ({"start": 1024, "insert": (526, bytes(498))}, []),
        ({"start": 999_999}, []),
        ({"start": 600}, []),
        ({"samples": 5200}, ["samples-disagree"]),
        ({"samples": 4000}, ["samples-disagree"]),
    ],
)
def test_where_the_samples_of_ishne_start(writers, counts, tmp_path, leads, changes, codes):
    held = counts[:, [LEADS.index(lead) for lead in leads]]
    ecg = read(change_ishne(writers["ISHNE"](tmp_path, held, RATE, leads), **changes), leads=leads)
    samples = min(5000, changes.get("samples", 5000))
    np.testing.assert_allclose(ecg.signal, held[:samples] / 1000, atol=1e-6)
    assert [finding.code for finding in ecg.findings] == codes


@pytest.mark.parametrize(
    "changes", [{"insert": (526, bytes(6))}, {"start": 1024, "samples": 6000, "insert": (526, bytes(6))}]
)
def test_ishne_is_never_read_from_the_middle_of_a_sample(writers, counts, tmp_path, changes):
    with pytest.raises(Unreadable, match=r"truncated|does not tell which is right"):
        read(change_ishne(writers["ISHNE"](tmp_path, counts, RATE), **changes))


def test_ishne_says_what_it_knows(writers, counts, tmp_path):
    path = writers["ISHNE"](tmp_path, counts, RATE)
    content = bytearray(path.read_bytes())
    content[232:241] = b"Holter 9\0"
    content[150:156] = struct.pack("<hhh", 10, 15, 30)
    path.write_bytes(content)
    ecg = read(change_ishne(path), identify=True)
    assert (ecg.device, str(ecg.recorded), ecg.filters) == ("Holter 9", "2023-06-14 10:15:30", None)
    assert (ecg.identity.patient_id, str(ecg.identity.birth_date)) == ("QX-77", "1980-06-15")


def test_no_reader_of_tables_imports_scipy_or_pandas(writers, counts, tmp_path):
    import subprocess

    paths = [writers[kind](tmp_path, counts, RATE) for kind in ("WFDB", "CSV", "NPY", "MATLAB", "EDF", "ISHNE")]
    code = "import sys; from twelvelead.readers import read\n" + "".join(
        f"read({str(path)!r}{', sampling_rate=500, unit=' + repr('uV') if path.suffix in ('.npy', '.mat') else ''})\n"
        for path in paths
    )
    code += "print([name for name in ('scipy', 'pandas', 'h5py', 'matplotlib') if name in sys.modules])"
    ended = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert ended.stdout.strip() == "[]"
