import json

import numpy as np
import pytest

from twelvelead.errors import TwelveLeadError
from twelvelead.evaluation.calibration import METHODS, apply_temperature, fit_temperature
from twelvelead.evaluation.fitted import Calibration, FittedOn, Thresholds, choice_notes
from twelvelead.evaluation.predictions import Predictions
from twelvelead.evaluation.thresholds import fit_thresholds


@pytest.fixture
def predictions(problem):
    def make(fold, first_patient=0, classes=("A", "B")):
        y, p, patients = problem(fold, records=90, classes=len(classes))
        return Predictions(np.arange(90), patients + first_patient, y, p.astype(np.float32), classes, (fold,), "drop")

    return make


def test_scored_where_it_was_fitted_is_said(predictions):
    nine, ten = predictions(9), predictions(10, first_patient=1000)
    fitted = [Thresholds.fit(nine, "f1"), Calibration.fit(nine, "temperature")]
    here, there = choice_notes(fitted, nine), choice_notes(fitted, ten)
    assert [note["fitted_here"] for note in here + there] == [True, True, False, False]
    assert {note["chosen_on"] for note in here + there} == {"fold 9"}
    assert here[0]["note"] == (
        "thresholds for f1: fitted on fold 9, which is scored here: figures that depend on them are too good"
    )
    assert there[1]["note"] == "calibration (temperature): fitted on fold 9, not scored here"
    assert json.loads(json.dumps(here)) == here


def test_one_patient_in_common_is_enough(predictions):
    nine, ten = predictions(9), predictions(10, first_patient=1000)
    ten.patient_id[0] = nine.patient_id[0]
    assert choice_notes([Thresholds.fit(nine, "youden")], ten)[0]["fitted_here"]


def test_a_contract_knows_only_its_folds(predictions):
    ours = Thresholds(("A", "B"), "accuracy", (0.5, 0.5), FittedOn((8, 9)))
    assert choice_notes([ours], predictions(9))[0]["fitted_here"]
    (note,) = choice_notes([ours], predictions(10))
    assert not note["fitted_here"]
    assert note["chosen_on"] == "folds 8, 9"


def test_what_is_fitted_is_what_the_functions_fit(predictions):
    nine, ten = predictions(9), predictions(10)
    thresholds = Thresholds.fit(nine, "accuracy")
    np.testing.assert_array_equal(thresholds.values, fit_thresholds(nine.labels, nine.probabilities, "accuracy"))
    np.testing.assert_array_equal(thresholds.apply(ten.probabilities), ten.probabilities >= np.array(thresholds.values))
    temperature = fit_temperature(nine.labels, nine.probabilities)
    np.testing.assert_array_equal(
        Calibration.fit(nine, "temperature").apply(ten.probabilities),
        apply_temperature(ten.probabilities, temperature),
    )
    for method in METHODS:
        calibrated = Calibration.fit(nine, method).apply(ten.probabilities)
        assert calibrated.shape == ten.probabilities.shape
        assert ((calibrated >= 0) & (calibrated <= 1)).all()


def test_what_was_fitted_for_other_classes_is_refused(predictions):
    with pytest.raises(ValueError, match="the predictions are of"):
        choice_notes([Thresholds.fit(predictions(9), "f1")], predictions(9, classes=("B", "A")))


def test_an_unknown_method_is_named(predictions):
    with pytest.raises(TwelveLeadError, match="give one of temperature, platt, isotonic"):
        Calibration.fit(predictions(9), "magic")
