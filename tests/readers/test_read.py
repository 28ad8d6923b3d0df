"""CSV, NPY and the recognition of files."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from twelvelead.ecg.leads import LEADS
from twelvelead.errors import Refused, Unreadable
from twelvelead.readers import read

SIGNAL = np.random.default_rng(0).normal(0, 0.5, (200, 12)).astype(np.float32)
STATED = {"sampling_rate": 500, "unit": "mV"}


def table(folder: Path, headings, values, delimiter=",", name="ecg.csv") -> Path:
    rows = [delimiter.join(headings)] + [delimiter.join(str(value) for value in row) for row in values]
    path = folder / name
    path.write_text("\n".join(rows) + "\n", encoding="utf-8")
    return path


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
@pytest.mark.parametrize(("unit", "scale"), [("mV", 1), ("uV", 1000), ("µV", 1000), ("μV", 1000), ("V", 0.001)])
def test_csv_in_any_unit(tmp_path, delimiter, unit, scale):
    path = table(tmp_path, LEADS, SIGNAL.astype(float) * scale, delimiter)
    ecg = read(path, sampling_rate=500, unit=unit)
    assert (ecg.leads, ecg.sampling_rate, ecg.source) == (LEADS, 500, str(path))
    np.testing.assert_allclose(ecg.signal, SIGNAL, rtol=1e-6)


@pytest.mark.parametrize("time", ["time", "t (s)", "Time [ms]"])
def test_csv_that_states_everything(tmp_path, time):
    seconds = np.round(np.arange(200) / 360, 4) * (1000 if "ms" in time else 1)
    order = [7, 0, 1, 2, 3, 4, 5, 6, 8, 9, 10, 11]
    headings = [time, "RESP (Ohm)"] + [f"{LEADS[place].upper()} [uV]" for place in order]
    rows = [[t, "n/a", *row] for t, row in zip(seconds, SIGNAL[:, order].astype(float) * 1000, strict=True)]
    ecg = read(table(tmp_path, headings, rows))
    assert ecg.sampling_rate == 360
    np.testing.assert_allclose(ecg.signal, SIGNAL, rtol=1e-6)


def test_csv_gaps_become_nan(tmp_path):
    values = SIGNAL.astype(object)
    values[3, 2], values[4, 5] = "", "nan"
    signal = read(table(tmp_path, LEADS, values), **STATED).signal
    assert np.argwhere(np.isnan(signal)).tolist() == [[3, 2], [4, 5]]


def test_csv_with_eight_leads(tmp_path):
    eight = [0, 1, 6, 7, 8, 9, 10, 11]
    path = table(tmp_path, [LEADS[place] for place in eight], SIGNAL[:, eight])
    assert read(path, **STATED).leads == LEADS
    assert len(read(path, leads=None, **STATED).leads) == 8


CSV_FAULTS = {
    "no unit": ({}, {"sampling_rate": 500}, "states no unit for lead I; give it, as in --unit uV"),
    "no rate": ({}, {"unit": "mV"}, "states no sampling rate; give it, as in --sampling-rate 500"),
    "bad unit": ({}, {"sampling_rate": 500, "unit": "counts"}, "'counts' is no unit of voltage"),
    "bad rate": ({}, {"sampling_rate": -1, "unit": "mV"}, "-1 Hz cannot be"),
    "not a number": ({(5, 3): "high"}, STATED, r"line 7, column aVR: 'high' is not a number"),
    "decimal comma": ({(0, 0): '"0,5"'}, STATED, "some numbers have a decimal point and others a decimal comma"),
    "ragged": ({(5, 11): "1,2"}, STATED, "line 7 has 13 columns, the heading has 12"),
}


@pytest.mark.parametrize("fault", CSV_FAULTS)
def test_csv_faults_are_named(tmp_path, fault):
    cells, stated, message = CSV_FAULTS[fault]
    values = SIGNAL.astype(object)
    for place, text in cells.items():
        values[place] = text
    with pytest.raises(Unreadable, match=rf"ecg\.csv: .*{message}") as raised:
        read(table(tmp_path, LEADS, values), **stated)
    assert "\n" not in str(raised.value)


@pytest.mark.parametrize(
    ("times", "message"),
    [
        (np.arange(200) / 500, "gives 500 Hz, not 250 Hz"),
        (np.arange(200) * 2.0, "gives 500 Hz, not 250 Hz"),
        (np.round(np.arange(200) / 500, 2), "gives 49.* Hz, not 250 Hz"),
    ],
)
def test_csv_time_column_contradicts_the_stated_rate(tmp_path, times, message):
    path = table(tmp_path, ["time", *LEADS], np.column_stack([times, SIGNAL]))
    with pytest.raises(Unreadable, match=message):
        read(path, sampling_rate=250, unit="mV")


def test_csv_contradicted_unit(tmp_path):
    path = table(tmp_path, [f"{lead} (uV)" for lead in LEADS], SIGNAL)
    with pytest.raises(Unreadable, match="the file states uV, not mV"):
        read(path, **STATED)
    path = table(tmp_path, [f"{lead} (mm)" for lead in LEADS], SIGNAL)
    with pytest.raises(Unreadable, match="lead I is in 'mm'"):
        read(path, sampling_rate=500)


def test_csv_without_heading_or_samples_or_leads(tmp_path):
    with pytest.raises(Unreadable, match="line 1 holds numbers and no lead names"):
        read(table(tmp_path, map(str, SIGNAL[0]), SIGNAL[1:]), **STATED)
    with pytest.raises(Unreadable, match="a heading and no samples"):
        read(table(tmp_path, LEADS, []), **STATED)
    with pytest.raises(Unreadable, match="not a recording of a known kind"):
        read(table(tmp_path, ["some", "words"], []), **STATED)
    with pytest.raises(Refused, match="missing leads V5, V6"):
        read(table(tmp_path, LEADS[:10], SIGNAL[:, :10]), **STATED)


@pytest.mark.parametrize("turned", [False, True])
@pytest.mark.parametrize("dtype", ["f4", "f8", ">f4", "i2"])
def test_npy(tmp_path, turned, dtype):
    path = tmp_path / "ecg.npy"
    array = np.rint(SIGNAL * 1000).astype(dtype)
    np.save(path, array.T if turned else array)
    ecg = read(path, sampling_rate=100, unit="uV")
    np.testing.assert_allclose(ecg.signal, np.rint(SIGNAL * 1000) / 1000, rtol=1e-6)
    assert ecg.signal.flags.c_contiguous
    assert (ecg.signal.dtype, ecg.leads) == (np.float32, LEADS)


def test_npy_of_the_eight_independent_leads(tmp_path):
    path = tmp_path / "ecg.npy"
    np.save(path, SIGNAL[:, :8])
    ecg = read(path, **STATED)
    np.testing.assert_array_equal(ecg.signal[:, [0, 1, 6, 7, 8, 9, 10, 11]], SIGNAL[:, :8])


@pytest.mark.parametrize(
    ("array", "message"),
    [
        (np.zeros((12, 8)), r"shape \(12, 8\)"),
        (np.zeros((12, 12)), "just one axis"),
        (np.zeros((100, 3)), "axis of 12 leads"),
        (np.zeros(12), "axis of 12 leads"),
        (np.zeros((100, 12), complex), "complex128 and not real"),
        (np.full((100, 12), None), "not a readable NPY array"),
    ],
)
def test_npy_faults_are_named(tmp_path, array, message):
    path = tmp_path / "ecg.npy"
    np.save(path, array, allow_pickle=True)
    with pytest.raises(Unreadable, match=rf"ecg\.npy: .*{message}") as raised:
        read(path, **STATED)
    assert "\n" not in str(raised.value)


@pytest.mark.parametrize(
    ("old", "new"),
    [(b"False", b"Fal{e"), (b"<f4", b"<q9"), (b"(200", b"(-20"), (b"'descr'", b"((((((("), (b"}", b"\xff")],
)
def test_npy_with_a_damaged_header(tmp_path, old, new):
    path = tmp_path / "ecg.npy"
    np.save(path, SIGNAL)
    path.write_bytes(path.read_bytes().replace(old, new, 1))
    with pytest.raises(Unreadable, match="not a readable NPY array"):
        read(path, **STATED)


def test_npy_states_nothing_and_may_be_cut(tmp_path):
    path = tmp_path / "ecg.npy"
    np.save(path, SIGNAL)
    with pytest.raises(Unreadable, match="--sampling-rate 500"):
        read(path, unit="mV")
    with pytest.raises(Unreadable, match="--unit uV"):
        read(path, sampling_rate=500)
    for length in (200, 60, 9):
        path.write_bytes(path.read_bytes()[:length])
        with pytest.raises(Unreadable, match=r"ecg\.npy: not a readable NPY array"):
            read(path, **STATED)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"\0" * 128 + b"DICM", "holds no waveform"),
        (b"\xef\xbb\xbf<?xml version='1.0'?>", "not well-formed XML"),
        (b"<html><body/></html>", r"not a recording of a known kind \(XML of html\)"),
        (b"PK\x03\x04abc", "a ZIP archive"),
        (b"\x89HDF\r\n", "MATLAB 7.3"),
        (b"\0\1\2\3", "not a recording of a known kind; WFDB, NPY"),
        (b"", "the file is empty"),
        (b" \n", "the file is empty"),
    ],
)
def test_other_files_are_named(tmp_path, content, message):
    path = tmp_path / "file"
    path.write_bytes(content)
    with pytest.raises(Unreadable, match=rf"file: .*{message}"):
        read(path)


def test_paths_that_are_no_files(tmp_path):
    with pytest.raises(Unreadable, match="a folder; name a file in it"):
        read(tmp_path)
    with pytest.raises(Unreadable, match="no such file; check the path"):
        read(tmp_path / "none.csv")


@given(st.binary(max_size=200))
@settings(max_examples=150, deadline=None)
def test_arbitrary_bytes_raise_nothing_else(tmp_path_factory, content):
    path = tmp_path_factory.getbasetemp() / "fuzz"
    path.write_bytes(content)
    with pytest.raises((Unreadable, Refused)):
        read(path, **STATED)
