"""The formats of the extra [formats]."""

import struct
import sys

import numpy as np
import pytest

from twelvelead.errors import MissingExtra, Unreadable
from twelvelead.readers import read

SCP_CODES = (1, 2, 61, 62, 63, 64, 3, 4, 5, 6, 7, 8)


@pytest.fixture
def mfer(tmp_path, counts, patient_name):
    """A 12-lead MFER file (ISO 22077), 1 µV a step, 2 ms."""

    def item(tag, content):
        size = len(content)
        length = bytes([size]) if size < 128 else b"\x84" + struct.pack(">I", size)
        return bytes([tag]) + length + content

    content = (
        item(0x40, b"MFR ".ljust(32)) + item(0x01, b"\1") + item(0x08, b"\1\0") + item(0x81, patient_name.encode())
    )
    content += item(0x84, b"\2") + item(0x0B, b"\1\xfd\2\0") + item(0x0C, b"\0\xfa\1\0") + item(0x0A, b"\0")
    content += item(0x04, struct.pack("<I", len(counts))) + item(0x05, b"\x0c") + item(0x06, b"\1")
    for channel, code in enumerate(SCP_CODES):
        inner = item(0x09, struct.pack("<H", code))
        content += bytes([0x3F, channel, len(inner)]) + inner
    content += item(0x1E, np.ascontiguousarray(counts.T, "<i2").tobytes()) + b"\x80"
    path = tmp_path / "r.mwf"
    path.write_bytes(content)
    return path


def test_mfer(mfer, counts):
    pytest.importorskip("ecgdatakit")
    ecg = read(mfer)
    np.testing.assert_allclose(ecg.signal, counts / 1000, atol=1e-6)
    assert (ecg.sampling_rate, ecg.sex) == (500, "female")


def test_mfer_of_another_scale(mfer, counts):
    pytest.importorskip("ecgdatakit")
    content = mfer.read_bytes()
    assert content.count(b"\x0c\x04\0\xfa\1\0") == 1
    mfer.write_bytes(content.replace(b"\x0c\x04\0\xfa\1\0", b"\x0c\x04\0\xfa\5\0"))
    np.testing.assert_allclose(read(mfer).signal, counts / 200, atol=1e-6)


def test_mfer_without_its_sensitivity_is_uncalibrated(mfer, counts):
    pytest.importorskip("ecgdatakit")
    mfer.write_bytes(mfer.read_bytes().replace(b"\x0c\x04\0\xfa\1\0", b""))
    for options in ({}, {"unit": "uV"}):
        with pytest.raises(Unreadable, match="lead I is uncalibrated") as raised:
            read(mfer, **options)
        assert "--unit" not in str(raised.value)
    np.testing.assert_allclose(read(mfer, scale=5).signal, counts / 200, atol=1e-6)


def test_damaged_mfer_is_one_sentence_without_the_patient(mfer, patient_name):
    pytest.importorskip("ecgdatakit")
    content = mfer.read_bytes()
    for part in range(100):
        mfer.write_bytes(content[: len(content) * part // 100])
        with pytest.raises(Unreadable) as raised:
            read(mfer)
        assert "\n" not in str(raised.value)
        assert patient_name not in str(raised.value)


def test_without_the_library_the_extra_is_named(mfer, monkeypatch):
    monkeypatch.setitem(sys.modules, "ecgdatakit", None)
    with pytest.raises(MissingExtra, match=r"r\.mwf: its format needs the extra \[formats\]: pip install"):
        read(mfer)


def test_an_xml_bomb_does_not_reach_the_library(tmp_path):
    path = tmp_path / "mortara.xml"
    path.write_text('<!DOCTYPE ECG [<!ENTITY a "b">]><ECG SOURCE="ELI">&a;</ECG>')
    pytest.importorskip("ecgdatakit")
    with pytest.raises(Unreadable, match="declares entities"):
        read(path)
