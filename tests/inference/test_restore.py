"""An answer comes out of its JSON as it went in."""

import json

import numpy as np
import pytest

from twelvelead.ecg.leads import LEADS
from twelvelead.ecg.record import ECG
from twelvelead.ecg.synthetic import synthetic_ecg
from twelvelead.errors import Refused
from twelvelead.inference.engine import Engine
from twelvelead.inference.failure import describe_error
from twelvelead.inference.restore import restore, restore_refused


@pytest.fixture(scope="module")
def engine():
    return Engine("single", threads=1)


def small():
    ecg = synthetic_ecg("normal", sampling_rate=500, seed=3)
    return ECG(ecg.signal * np.float32(0.1), 500.0, source="small")


@pytest.mark.parametrize(
    ("ecg", "how"),
    [
        (synthetic_ecg("normal", sampling_rate=500), {}),
        (synthetic_ecg("st_elevation", sampling_rate=500), {"prevalence": {"MI": 0.01}, "operating_point": "f1"}),
        (synthetic_ecg("wide_qrs", sampling_rate=100, seconds=4), {"explain": True, "operating_point": "0.3"}),
        (synthetic_ecg("normal", sampling_rate=100, seconds=30), {"measure": False}),
        (small(), {}),
    ],
    ids=["plain", "prevalence", "explained", "long", "findings"],
)
def test_the_json_of_what_was_restored_is_the_json_that_it_was_restored_from(engine, ecg, how):
    said = engine.predict(ecg, **how)
    described = json.loads(json.dumps(said.to_dict()))
    restored = restore(described, ecg)
    assert json.loads(json.dumps(restored.to_dict())) == described
    assert restored.decisions == said.decisions
    assert restored.findings == said.findings
    assert ("gain" in {finding.code for finding in said.findings}) == (ecg.source == "small")


def test_an_answer_of_an_earlier_version_lacks_what_came_later(engine):
    ecg = synthetic_ecg("normal", sampling_rate=500)
    described = engine.predict(ecg).to_dict()
    for key in ("statements", "not_assessed"):
        del described[key]
    for key in ("dominant", "marks_s"):
        described["measurements"].pop(key)
    restored = restore(described, ecg)
    assert (restored.statements, restored.measurements.marks) == ((), {})


def test_a_refusal_too(engine):
    signal = synthetic_ecg("normal", sampling_rate=500).signal.copy()
    signal[:, LEADS.index("V2")] = 0
    with pytest.raises(Refused) as found:
        engine.predict(ECG(signal, 500.0, source="loose"))
    described = json.loads(json.dumps(describe_error(found.value, "loose", engine)))
    restored = restore_refused(described)
    assert (str(restored), restored.findings, restored.code) == (str(found.value), found.value.findings, "flat")
