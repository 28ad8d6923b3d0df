import numpy as np
import pytest

from twelvelead import TwelveLeadError, load
from twelvelead.data.store import write_store
from twelvelead.evaluation.predictions import Predictions
from twelvelead.inference.scoring import gate_findings, predict_fold, recording, score_folds
from twelvelead.weights.suitability import require_unseen, role


@pytest.fixture(scope="module")
def engine(tiny_run):
    return load(tiny_run)


@pytest.fixture
def other_store(tmp_path):
    """other_store(samples=, rate=, leads=, classes=) -> a store of two records."""

    def make(samples=1000, rate=100, leads=None, classes=("NORM", "MI", "STTC", "CD", "HYP")):
        from twelvelead.ecg.leads import LEADS

        leads = leads or LEADS
        likelihoods = np.full((2, len(classes)), np.nan, np.float32)
        likelihoods[[0, 1], [0, 1]] = 100
        return write_store(
            tmp_path / "other",
            [np.zeros((samples, len(leads)), np.int16)] * 2,
            columns={
                "ecg_id": np.array([1, 2]),
                "patient_id": np.array([1, 2]),
                "fold": np.array([9, 9]),
                "age": np.array([50, np.nan]),
                "sex": np.array([0, 1]),
            },
            likelihoods=likelihoods,
            statements=[f"S{name}" for name in classes],
            tasks={"superclass": {name: [f"S{name}"] for name in classes}},
            sampling_rate=rate,
            source="other",
            leads=leads,
        )

    return make


def test_a_fold_is_its_records_one_by_one(engine, generated_store, millivolts):
    predictions = predict_fold(engine, generated_store, 3)
    records = np.flatnonzero(generated_store.column("fold") == 3)
    np.testing.assert_array_equal(predictions.ecg_id, generated_store.column("ecg_id")[records])
    np.testing.assert_array_equal(predictions.patient_id, generated_store.column("patient_id")[records])
    assert predictions.labels.sum() == len(records) == 10
    signals, features = millivolts(records)
    for row, (signal, feature) in enumerate(zip(signals, features, strict=True)):
        alone = engine.run(signal[None], feature[None])[0][0]
        np.testing.assert_allclose(predictions.probabilities[row], alone, atol=1e-5)


def test_the_validation_fold_gives_what_the_training_wrote(engine, generated_store, tiny_run):
    written = Predictions.load(tiny_run / "predictions.npz")
    scored = predict_fold(engine, generated_store, 9)
    np.testing.assert_array_equal(scored.ecg_id, written.ecg_id)
    np.testing.assert_array_equal(scored.labels, written.labels)
    np.testing.assert_allclose(scored.probabilities, written.probabilities, atol=1e-4)
    assert scored.data_hash == written.data_hash


def test_progress_ends_with_all_records(engine, generated_store, monkeypatch):
    monkeypatch.setattr("twelvelead.inference.scoring.BATCH", 4)
    seen = []
    whole = predict_fold(engine, generated_store, 2, progress=lambda what, done, total: seen.append((done, total)))
    assert seen == [(4, 10), (8, 10), (10, 10)]
    assert len(whole.ecg_id) == 10


def test_other_data_of_the_right_shape_can_be_scored(engine, other_store):
    store = other_store(samples=500)
    predictions = predict_fold(engine, store, 9, "keep")
    assert predictions.probabilities.shape == (2, 5)
    assert (predictions.folds, predictions.protocol, predictions.data_hash) == ((9,), "keep", store.data_hash)


@pytest.mark.parametrize(
    ("shape", "fault"),
    [
        ({"rate": 500}, "sampling rate is 500 Hz, but the weights tiny need 100 Hz; make such a store (--rate 100)"),
        ({"leads": ("I", "II")}, "leads are I, II, but the weights tiny need I, II, III, aVR, "),
        ({"samples": 255}, "records of 255 samples, but the weights tiny need 256 (2.56 s) at least"),
        (
            {"classes": ("AF", "VT")},
            "none of its classes (AF, VT) is one of the weights tiny (NORM, MI",
        ),
    ],
)
def test_a_store_that_does_not_fit_is_refused(engine, other_store, shape, fault):
    store = other_store(**shape)
    with pytest.raises(TwelveLeadError) as caught:
        predict_fold(engine, store, 9)
    assert str(caught.value).startswith(f"{store.path}: ")
    assert fault in str(caught.value)
    assert "\n" not in str(caught.value)


def test_classes_are_matched_by_their_names_whatever_their_order(engine, other_store):
    whole = predict_fold(engine, other_store(), 9)
    for classes in (("MI", "NORM", "STTC", "CD", "HYP"), ("NORM", "MI"), ("MI", "XYZ", "NORM")):
        store = other_store(classes=classes)
        found = predict_fold(engine, store, 9, "keep")
        shared = [name for name in whole.classes if name in classes]
        assert found.classes == tuple(shared)
        columns = [whole.classes.index(name) for name in shared]
        np.testing.assert_array_equal(found.probabilities, whole.probabilities[:, columns])
        assert found.thresholds["f1"] == tuple(whole.thresholds["f1"][column] for column in columns)
        scored = score_folds(engine, store, 9)
        assert set(scored.shared.only_store) == set(classes) - set(shared)
        assert set(scored.shared.only_weights) == set(whole.classes) - set(shared)


def test_a_fold_that_is_not_there_is_refused(engine, generated_store):
    with pytest.raises(TwelveLeadError, match="no fold 11; it holds 1-10"):
        predict_fold(engine, generated_store, 11)


def test_a_scored_fold_holds_every_record_and_both_passes(engine, generated_store, millivolts):
    scored = score_folds(engine, generated_store, 9)
    np.testing.assert_array_equal(scored.probabilities, predict_fold(engine, generated_store, 9, "keep").probabilities)
    signals, features = millivolts(scored.records)
    hidden = engine.run(signals, np.full_like(features, np.nan))[0]
    np.testing.assert_allclose(scored.hidden, hidden, atol=1e-6)
    assert np.abs(scored.hidden - scored.probabilities).max() > 0


def test_a_scored_fold_under_a_protocol_is_its_prediction(engine, other_store, tmp_path):
    store = other_store()
    scored = score_folds(engine, store, 9)
    chosen, of = scored.under(store, "drop")
    alone = predict_fold(engine, store, 9, "drop")
    assert chosen.tolist() == [True, True]
    np.testing.assert_array_equal(of.ecg_id, alone.ecg_id)
    np.testing.assert_array_equal(of.probabilities, alone.probabilities)
    assert of.thresholds == engine.contract.thresholds


@pytest.mark.parametrize(("fold", "role_of"), [(3, "which trained"), (9, "which also chose"), (10, "held out")])
def test_roles_and_the_refusal_of_trained_folds(engine, generated_store, other_store, fold, role_of):
    assert role(engine.contract, generated_store, fold).startswith(role_of)
    assert role(engine.contract, other_store(), fold).startswith("other data")
    require_unseen(engine.contract, other_store(), [fold])
    if fold == 3:
        with pytest.raises(TwelveLeadError, match="fold 3 trained the weights tiny"):
            require_unseen(engine.contract, generated_store, [fold])
    else:
        require_unseen(engine.contract, generated_store, [fold])


def test_a_recording_of_a_store(generated_store, other_store):
    ecg = recording(generated_store, 4)
    np.testing.assert_allclose(ecg.signal, generated_store.signals[4] / 1000, atol=1e-6)
    np.testing.assert_array_equal(ecg.features, generated_store.features[4])
    assert ecg.source == "ECG 5"
    assert recording(other_store(), 1).age is None


def test_the_gate_is_asked_of_every_record(engine, other_store):
    store = other_store()
    seen = []
    found = gate_findings(engine.contract, store, np.arange(2), lambda what, done, total: seen.append((done, total)))
    assert [{finding.code for finding in of} & {"flat"} for of in found] == [{"flat"}] * 2
    assert seen == [(0, 2), (1, 2), (2, 2)]
