import numpy as np
import pytest

from twelvelead.ecg.leads import LEADS
from twelvelead.ecg.record import ECG
from twelvelead.errors import Refused

SIGNAL = np.random.default_rng(2).normal(size=(1000, 12)).astype(np.float32)


def test_duration_and_features():
    ecg = ECG(SIGNAL, 400.0, age=63, sex="female")
    assert ecg.duration == 2.5
    assert ecg.features.tolist() == [63, 1]
    assert ECG(SIGNAL, 400.0, sex="male").features[1] == 0
    assert np.isnan(ECG(SIGNAL, 400.0).features).all()


@pytest.mark.parametrize("signal", [SIGNAL[:, :11], SIGNAL[0], SIGNAL[None]])
def test_shape_has_to_fit(signal):
    with pytest.raises(ValueError, match=r"\[samples, leads\]"):
        ECG(signal, 100.0)


@pytest.mark.parametrize("rate", [0, -1, np.nan, np.inf])
def test_rate_has_to_be_positive(rate):
    with pytest.raises(ValueError, match="sampling rate"):
        ECG(SIGNAL, rate)


def test_twelve_and_select():
    turned = ECG(SIGNAL[:, ::-1], 100.0, LEADS[::-1], age=50, source="x")
    twelve = turned.twelve()
    np.testing.assert_array_equal(twelve.signal, SIGNAL)
    assert (twelve.leads, twelve.age, twelve.source) == (LEADS, 50, "x")
    assert twelve.twelve() is twelve
    np.testing.assert_array_equal(turned.select(("V1", "II")).signal, SIGNAL[:, [6, 1]])
    with pytest.raises(Refused, match="x: missing lead vx"):
        turned.select(("vx",))


def test_resampled():
    ecg = ECG(SIGNAL, 500.0, age=50)
    assert ecg.resampled(500.0) is ecg
    slower = ecg.resampled(100.0)
    assert (slower.sampling_rate, slower.signal.shape, slower.age) == (100.0, (200, 12), 50)
    assert slower.duration == ecg.duration
