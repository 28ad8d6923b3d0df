"""Recordings that are answered together get what they get alone."""

import json
from dataclasses import replace

import numpy as np
import pytest

from twelvelead import Refused, TwelveLeadError, load
from twelvelead.ecg.synthetic import synthetic_ecg
from twelvelead.inference.together import Asked, predict_each
from twelvelead.output.describe import describe


@pytest.fixture(scope="module")
def engine():
    return load("single", threads=1)


def near(found, alone) -> bool:
    """Whether two values of JSON are alike, numbers within what single precision leaves of a batch."""
    if isinstance(found, dict) and isinstance(alone, dict):
        return list(found) == list(alone) and all(near(found[name], alone[name]) for name in found)
    if isinstance(found, list) and isinstance(alone, list):
        return len(found) == len(alone) and all(map(near, found, alone))
    if isinstance(found, float):
        return found == pytest.approx(alone, abs=2e-6)
    return found == alone


def test_each_gets_its_own_answer_with_its_own_settings(engine):
    short = [synthetic_ecg(seed=seed, sampling_rate=100) for seed in range(4)]
    long = synthetic_ecg(seed=4, sampling_rate=100, seconds=34)
    asked = [
        Asked(short[0]),
        Asked(long, "f1", measure=False),
        Asked(short[1], "0.5", prevalence={"MI": 0.01}),
        Asked(synthetic_ecg(seed=5, sampling_rate=500), error_rate=0.2),
        Asked(short[2], measure=False),
        Asked(replace(short[3], age=63.0, sex="female")),
    ]
    answers = predict_each(engine, asked)
    for answer, one in zip(answers, asked, strict=True):
        assert not isinstance(answer, TwelveLeadError)
        settings = {name: value for name, value in vars(one).items() if name not in ("ecg", "statements", "embed")}
        alone = engine.predict(one.ecg, settings.pop("operating_point"), **settings)
        assert answer.ecg.source == one.ecg.source
        assert near(json.loads(json.dumps(describe(answer))), json.loads(json.dumps(describe(alone))))
    assert len({answer.probabilities["MI"] for answer in answers}) == len(asked)


def test_what_cannot_be_answered_keeps_its_place_and_spoils_nothing(engine):
    ecg = synthetic_ecg(seed=1, sampling_rate=100)
    flat = replace(ecg, signal=np.zeros_like(ecg.signal), source="flat one")
    refused, answer, unknown, again = predict_each(engine, [Asked(flat), Asked(ecg), Asked(ecg, "no such"), Asked(ecg)])
    assert isinstance(refused, Refused)
    assert "flat one" in str(refused)
    assert isinstance(unknown, TwelveLeadError)
    assert not isinstance(unknown, Refused)
    assert answer.probabilities == pytest.approx(again.probabilities, abs=1e-6)
    with pytest.raises(Refused, match="flat one"):
        engine.predict(flat)


def test_those_of_one_length_run_at_once(engine, monkeypatch):
    sizes = []
    run = type(engine).run

    def counted(self, ecg, features, **how):
        sizes.append(ecg.shape[:2])
        return run(self, ecg, features, **how)

    monkeypatch.setattr(type(engine), "run", counted)
    ecgs = [
        synthetic_ecg(seed=seed, sampling_rate=100, seconds=seconds) for seed, seconds in enumerate((10, 8, 10, 10))
    ]
    predict_each(engine, [Asked(ecg, measure=False) for ecg in ecgs])
    assert sorted(sizes) == [(1, 800), (3, 1000)]
    assert predict_each(engine, []) == []
