"""What public bug reports describe, one file a property: DICOM and XML. The right values are those of its README."""

import numpy as np
import pytest

from twelvelead.ecg.leads import LEADS
from twelvelead.ecg.quality import check
from twelvelead.errors import Unreadable
from twelvelead.readers import read


@pytest.fixture(scope="module")
def plain(shared_cases):
    """The recording that all of them hold."""
    return read(shared_cases / "dicom_ok.dcm")


READ = {
    "dicom_ok.dcm": (63, "female", 1e-3),
    "dicom_birth_1900_age_063Y.dcm": (63, "female", 1e-3),
    "dicom_age_63Y.dcm": (63, "female", 1e-3),
    "dicom_padding_zero.dcm": (63, "female", 1e-3),
    "dicom_4_simultaneous_groups_of_3.dcm": (63, "female", 1e-3),
    "dicom_no_preamble_no_meta.dcm": (63, "female", 1e-3),
    "muse_decimal_comma.xml": (63, "male", 4.88e-3),
    "cardiosoft_made.xml": (63, "female", 5e-3),
}


@pytest.mark.parametrize("name", READ)
def test_read(shared_cases, plain, name):
    age, sex, quantum = READ[name]
    ecg = read(shared_cases / name)
    assert (ecg.leads, ecg.sampling_rate, ecg.age, ecg.sex) == (LEADS, 500, age, sex)
    stored = list(range(12)) if quantum != 4.88e-3 else [0, 1, 6, 7, 8, 9, 10, 11]
    np.testing.assert_allclose(ecg.signal[:, stored], plain.signal[:, stored], atol=quantum)
    assert ecg.findings == ()
    assert not [finding for finding in check(ecg) if finding.severity == "refuse"]


def test_uncalibrated(shared_cases, plain):
    path = shared_cases / "dicom_no_sensitivity.dcm"
    for options in ({}, {"unit": "uV"}):
        with pytest.raises(Unreadable, match=r"lead I is uncalibrated") as raised:
            read(path, **options)
        assert "--unit" not in str(raised.value)
    np.testing.assert_allclose(read(path, scale=4.88).signal, plain.signal, atol=5e-3)
