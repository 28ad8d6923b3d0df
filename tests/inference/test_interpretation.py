import itertools
import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from twelvelead.ecg.synthetic import synthetic_ecg
from twelvelead.inference.interpretation import NOTICE, ClassResult, Interpretation

ECG_10_S = synthetic_ecg("normal", seed=1, sampling_rate=100)


def interpretation(attention, ecg=ECG_10_S, **entries):
    attention = np.asarray(attention, np.float32)
    entries = {
        "ecg": ecg,
        "classes": (ClassResult("NORM", 0.9, 0.5, True), ClassResult("MI", 0.1, 0.3, False)),
        "aim": "accuracy",
        "attention": attention / attention.sum(),
        "weights": "tiny",
        "sha256": "0" * 64,
        "synthetic": True,
    } | entries
    return Interpretation(**entries)


def test_looked_at_finds_the_peaks():
    attention = np.full(250, 1e-4)
    attention[[20, 100, 103, 240]] = [1, 2, 2, 0.5]
    (a, b, c) = interpretation(attention).looked_at()
    assert a[0] <= 20 * 0.04 < a[1]
    assert b[0] <= 100 * 0.04 < 103 * 0.04 < b[1]
    assert c[0] <= 240 * 0.04 < c[1]
    assert [round(share, 2) for _, _, share in (a, b, c)] == [0.18, 0.72, 0.09]


@given(
    attention=st.lists(st.floats(0, 1, width=32), min_size=1, max_size=60).filter(lambda values: sum(values) > 1e-3),
    spans=st.integers(1, 8),
    seconds=st.floats(0.01, 20),
)
def test_stretches_do_not_overlap_and_lie_within_the_recording(attention, spans, seconds):
    found = interpretation(attention).looked_at(spans, seconds)
    assert 1 <= len(found) <= spans
    times = [time for start, end, _ in found for time in (start, end)]
    assert times[0] >= 0
    assert times[-1] <= 10 + 1e-9
    assert all(one <= other + 1e-9 for one, other in itertools.pairwise(times))
    assert all(end > start for start, end, _ in found)
    assert sum(share for _, _, share in found) <= 1 + 1e-5


def test_as_plain_values():
    values = interpretation(np.ones(250), warnings=("lead V1 is noisy",)).to_dict()
    assert json.loads(json.dumps(values, allow_nan=False)) == values
    assert values["classes"]["NORM"] == {"probability": 0.9, "threshold": 0.5, "present": True}
    assert values["duration_s"] == 10
    assert values["attention"]["seconds_per_value"] == pytest.approx(0.04)
    assert len(values["attention"]["values"]) == 250
    assert len(values["attention"]["most"]) == 3
    assert values["warnings"] == ["lead V1 is noisy"]
    assert values["model"] == {"name": "tiny", "sha256": "0" * 64, "trained_on_synthetic_ecgs": True}
    assert values["notice"] == NOTICE


def test_unknown_age_and_sex_are_null():
    from dataclasses import replace

    values = interpretation(np.ones(250), replace(ECG_10_S, age=None, sex=None)).to_dict()
    assert (values["age"], values["sex"]) == (None, None)
