"""Files made to hurt: each ends in one sentence, soon and in little memory."""

import os
import random
import struct
import subprocess
import sys
import zlib

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from twelvelead.errors import Refused, TwelveLeadError, Unreadable
from twelvelead.readers import read

LAUGHS = "".join(f'<!ENTITY a{n} "{f"&a{n - 1};" * 10}">' for n in range(1, 10))
MUSE = "<RestingECG><Waveform><WaveformType>Rhythm</WaveformType>{}</Waveform></RestingECG>"
BOMB = zlib.compress(bytes(280 << 20))
DICOM_UID = b"\2\0\x10\0UI\x16\x001.2.840.10008.1.2.1.99"

ATTACKS = {
    "billion laughs": (f'<!DOCTYPE x [<!ENTITY a0 "ha">{LAUGHS}]><RestingECG>&a9;</RestingECG>', "declares entities"),
    "external entity": (
        '<!DOCTYPE x [<!ENTITY f SYSTEM "file:///etc/passwd">]><AnnotatedECG>&f;</AnnotatedECG>',
        "declares entities",
    ),
    "parameter entity": (
        '<!DOCTYPE x [<!ENTITY % f SYSTEM "http://localhost/x.dtd">%f;]><restingecgdata/>',
        "declares entities",
    ),
    "deep XML": ("<RestingECG>" + "<a>" * 100_000, "deeper or has more parts"),
    "wide XML": ("<RestingECG>" + "<a/>" * 1_000_000, "deeper or has more parts"),
    "many attributes": (
        "<RestingECG><a " + " ".join(f'a{n}=""' for n in range(600_000)) + "/></RestingECG>",
        "a tag longer|more parts",
    ),
    "long tag": ("<RestingECG><a b='" + "x" * 3_000_000, "a tag longer|not well-formed"),
    "UTF-7": ('<?xml version="1.0" encoding="utf-7"?><RestingECG>+ADw-</RestingECG>', "holds no rhythm"),
    "GB2312": ('<?xml version="1.0" encoding="gb2312"?><RestingECG>\u4e2d</RestingECG>', "holds no rhythm"),
    "huge XLI": (
        "<restingecgdata><documentinfo><documenttype>SierraECG</documenttype><documentversion>1.03</documentversion>"
        '</documentinfo><waveforms><parsedwaveforms dataencoding="Base64" compression="XLI" leadlabels="I II" '
        'durationperchannel="99999999" samplespersecond="500" resolution="5">AAAA</parsedwaveforms></waveforms>'
        "</restingecgdata>",
        "more than is read",
    ),
    "huge exponent": (MUSE.format("<SampleBase>5</SampleBase><SampleExponent>999999999</SampleExponent>"), "no samp"),
    "NPY of a terabyte": (
        b"\x93NUMPY\1\0\x76\0"
        + b"{'descr': '<f8', 'fortran_order': False, 'shape': (99999999999, 12), }".ljust(117)
        + b"\n",
        "not a readable NPY array",
    ),
    "NPY of code": (b"\x93NUMPY\1\0\x76\0" + b"{'descr': __import__('os')}".ljust(117) + b"\n", "not a readable NPY"),
    "MATLAB bomb": (
        b"MATLAB 5.0 MAT-file".ljust(124) + b"\0\1IM" + struct.pack("<II", 15, len(BOMB)) + BOMB,
        "inflates to more|truncated",
    ),
    "DICOM bomb": (
        bytes(128) + b"DICM" + DICOM_UID + BOMB[2:-4],
        "inflates to more than any recording",
    ),
    "DICOM without end": (bytes(128) + b"DICM" + b"\x08\0\x05\0SQ\0\0\xff\xff\xff\xff" * 50, "damaged"),
    "DICOM of sequences": (
        bytes(128) + b"DICM" + b"\x08\0\x05\0SQ\0\0\xff\xff\xff\xff\xfe\xff\0\xe0\xff\xff\xff\xff" * 5000,
        "nested deeper",
    ),
    "EDF of many records": (
        b"0".ljust(8) + bytes(160).replace(b"\0", b" ") + b"14.06.2310.15.00" + b"512".ljust(8) + b" " * 44
        + b"99999999" + b"1".ljust(8) + b"1".ljust(4) + b"I".ljust(16) + b" " * 80 + b"uV".ljust(8) + b"-1".ljust(8)
        + b"1".ljust(8) + b"-32768".ljust(8) + b"32767".ljust(8) + b" " * 80 + b"99999999" + b" " * 32,
        "truncated: holds",
    ),
    "WFDB that ends soon": (b"r 12 500 99999999999\nr.dat 16 1/mV 16 0 0 0 0 I", "announces 12 signals|not a"),
}  # fmt: skip


@pytest.mark.parametrize("attack", ATTACKS)
def test_attacks_end_in_a_sentence(tmp_path, attack):
    content, message = ATTACKS[attack]
    path = tmp_path / ("r.hea" if "WFDB" in attack else "file")
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    with pytest.raises(Unreadable, match=message) as raised:
        read(path)
    assert "\n" not in str(raised.value)


@pytest.mark.parametrize("suffix", [".dat", ".edf", ".xml", ".csv", ".npy", ".mat", ".hea", ""])
def test_sparse_gigabytes_and_random_bytes(tmp_path, suffix):
    path = tmp_path / f"r{suffix}"
    if suffix == ".dat":
        (tmp_path / "r.hea").write_text("r 1 500\nr.dat 16 200/mV 16 0 0 0 0 I\n")
    start = {
        ".edf": b"0       ",
        ".xml": b"<RestingECG>",
        ".csv": b"I,II\n",
        ".npy": b"\x93NUMPY\1\0",
        ".mat": b"MATLAB 5",
    }
    for content in (start.get(suffix, b""), np.random.default_rng(3).bytes(5000)):
        path.write_bytes(content)
        os.truncate(path, 3 << 30 if content in start.values() or not content else len(content))
        with pytest.raises((Unreadable, Refused)) as raised:
            read(path, sampling_rate=500, unit="mV")
        assert "\n" not in str(raised.value)


def test_memory_and_time_stay_bounded(tmp_path):
    """All attacks in one process of its own, whose memory is read off at the end."""
    for number, (content, _) in enumerate(ATTACKS.values()):
        (tmp_path / f"{number}").write_bytes(content.encode() if isinstance(content, str) else content)
    code = (
        "import sys, pathlib, time\n"
        "slowest = 0\n"
        "from twelvelead.readers import read\n"
        "for path in sorted(pathlib.Path(sys.argv[1]).iterdir()):\n"
        "    start = time.process_time()\n"
        "    try: read(path)\n"
        "    except Exception as error: assert type(error).__module__ == 'twelvelead.errors', repr(error)\n"
        "    slowest = max(slowest, time.process_time() - start)\n"
        # VmHWM, not getrusage's ru_maxrss, which starts at the memory of the process that started this one
        "status = dict(line.split(':', 1) for line in pathlib.Path('/proc/self/status').read_text().splitlines())\n"
        "print(int(status['VmHWM'].split()[0]) >> 10, slowest)\n"
    )
    done = subprocess.run([sys.executable, "-c", code, str(tmp_path)], capture_output=True, text=True, check=True)
    megabytes, seconds = map(float, done.stdout.split())
    assert megabytes < 1000
    assert seconds < 10


MUTANTS = [
    "DICOM", "SCP-ECG", "HL7 aECG", "GE MUSE XML", "Philips Sierra XML", "EDF", "BDF", "ISHNE", "MATLAB", "MATLAB 4",
    "NPY", "CSV", "WFDB", "GE CardioSoft XML",
]  # fmt: skip


@pytest.fixture(scope="module")
def originals(writers, counts, tmp_path_factory):
    folder = tmp_path_factory.mktemp("mutants")
    found = {}
    for kind in MUTANTS:
        place = folder / kind.replace(" ", "-")
        place.mkdir()
        path = writers[kind](place, counts[:1000], 500)
        found[kind] = (path, path.read_bytes())
    return found


@given(st.sampled_from(MUTANTS), st.integers(0, 2**32), st.integers(1, 8))
@settings(max_examples=300, deadline=None)
def test_mutants_raise_nothing_else(originals, kind, seed, changes):
    path, content = originals[kind]
    chance = random.Random(seed)
    data = bytearray(content)
    for _ in range(changes):
        place = chance.randrange(min(len(data), chance.choice((600, 3000, len(content)))))
        data[place : place + chance.randrange(3)] = chance.randbytes(chance.randrange(6))
    path.write_bytes(data)
    try:
        ecg = read(path, sampling_rate=500, unit="uV")
        assert not np.isinf(ecg.signal).any()
    except TwelveLeadError as error:
        assert "\n" not in str(error)  # noqa: PT017


def test_a_folder_without_permission(tmp_path, monkeypatch):
    def refuse(*args, **kwargs):
        raise PermissionError(13, "Permission denied")

    path = tmp_path / "r.edf"
    path.write_bytes(b"0       ")
    monkeypatch.setattr(os, "open", refuse)
    with pytest.raises(Unreadable, match=r"r\.edf: Permission denied; check the path"):
        read(path)


@pytest.mark.parametrize("value", [np.inf, -np.inf, 1e300, np.nan])
def test_no_recording_holds_infinity(tmp_path, value):
    path = tmp_path / "r.npy"
    array = np.random.default_rng(0).normal(size=(1000, 12))
    array[7, 3] = value
    np.save(path, array)
    signal = read(path, sampling_rate=500, unit="V").signal
    assert np.argwhere(np.isnan(signal)).tolist() == [[7, 3]]
    assert not np.isinf(signal).any()
