"""Files that public bug reports describe, as tables, matrices and Holter records: each gives its right value."""

import sys
from importlib.util import find_spec

import numpy as np
import pytest

from twelvelead.errors import Refused, Unreadable
from twelvelead.readers import read

BARE = {"sampling_rate": 500, "unit": "mV"}


@pytest.fixture(scope="module")
def right(shared_cases):
    """[5000, 12], of the file that holds the recording plainly."""
    return read(shared_cases / "dicom_ok.dcm").signal


@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("csv_decimal_comma.csv", {}),
        ("csv_sep_line.csv", {}),
        ("csv_units_row.csv", {}),
        ("csv_time_rounded.csv", {"sampling_rate": 500}),
        ("edf_unit_utf8_micro.edf", {}),
        ("ishne_ecg_offset_8_leads.ecg", {}),
        ("ishne_nominal_size.ecg", {}),
        ("matlab_struct_cpsc.mat", BARE),
        ("matlab_two_matrices.mat", BARE | {"variable": "ecg"}),
    ],
)
def test_read(shared_cases, right, name, options):
    ecg = read(shared_cases / name, **options)
    assert ecg.sampling_rate == 500
    # the limb leads that eight leads give are of half a quantum
    np.testing.assert_allclose(ecg.signal, right, atol=0.0006 if "8_leads" in name else 1e-6)
    assert [finding.code for finding in ecg.findings] == (["samples-disagree"] if "nominal" in name else [])


def test_matlab_73(shared_cases, right):
    if find_spec("h5py"):
        np.testing.assert_allclose(read(shared_cases / "matlab_73.mat", **BARE).signal, right, atol=1e-6)


def test_matlab_73_without_its_library(shared_cases, monkeypatch):
    monkeypatch.setitem(sys.modules, "h5py", None)
    with pytest.raises(Unreadable, match="needs the library h5py: pip install h5py, or save it in MATLAB with -v7"):
        read(shared_cases / "matlab_73.mat", **BARE)


def test_age_and_sex(shared_cases):
    found = {
        name: (ecg.age, ecg.sex)
        for name, options in (("edf_unit_utf8_micro.edf", {}), ("matlab_struct_cpsc.mat", BARE))
        for ecg in [read(shared_cases / name, **options)]
    }
    assert found == {"edf_unit_utf8_micro.edf": (69, "female"), "matlab_struct_cpsc.mat": (63, "male")}
    assert read(shared_cases / "ishne_nominal_size.ecg").age == 69


def test_a_column_i_ii_is_not_lead_iii(shared_cases):
    with pytest.raises((Refused, Unreadable), match="missing leads II, III"):
        read(shared_cases / "csv_heading_I-II.csv", **BARE)


def test_time_in_minutes_is_asked_about(shared_cases):
    file = shared_cases / "csv_time_in_minutes.csv"
    with pytest.raises(Unreadable, match=r"unit of its time column is not stated .*100 Hz if in min.*--time-unit min"):
        read(file)
    for options in ({"time_unit": "min"}, {"sampling_rate": 100}):
        ecg = read(file, **options)
        assert (ecg.sampling_rate, len(ecg.signal), ecg.findings) == (100, 16000, ())


def test_rounded_times_are_asked_about(shared_cases):
    with pytest.raises(Unreadable, match=r"rounded to 0\.01 s.*--sampling-rate 500"):
        read(shared_cases / "csv_time_rounded.csv")


def test_which_of_two_matrices_is_asked(shared_cases):
    with pytest.raises(
        Unreadable, match=r"2 matrices can be the ECG, beats \[12000, 12\], ecg \[5000, 12\].*--variable"
    ):
        read(shared_cases / "matlab_two_matrices.mat", **BARE)
