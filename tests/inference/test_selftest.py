"""The known ECG, and what shipped weights answer to it."""

import json

import pytest

from twelvelead.inference.engine import Engine
from twelvelead.inference.selftest import KNOWN, SAMPLING_RATE, UNIT, find_fault, known_recording
from twelvelead.readers import read
from twelvelead.weights import shipped


@pytest.mark.parametrize("name", shipped())
def test_shipped_weights_give_the_known_answer(name):
    engine = Engine(name)
    assert engine.sha256 in json.loads(KNOWN.read_text(encoding="utf-8"))
    answer = engine.predict(read(known_recording(), sampling_rate=SAMPLING_RATE, unit=UNIT)).to_dict()
    assert find_fault(answer) is None
    answer["classes"]["NORM"]["probability"] -= 0.01
    assert "NORM" in find_fault(answer)
    del answer["classes"]["HYP"]
    assert "in place of NORM, MI, STTC, CD, HYP" in find_fault(answer)


def test_weights_of_ones_own_have_no_known_answer_but_probabilities():
    answer = {"model": {"sha256": "0" * 64}, "classes": {"NORM": {"probability": 0.5}}}
    assert find_fault(answer) is None
    assert find_fault(answer | {"classes": {"NORM": {"probability": float("nan")}}}) is not None
