"""One ECG, whatever its rate and leads, gets the answer that the network and its calibration give."""

import json
import shutil
import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest
import torch

from twelvelead import ECG, Refused, TwelveLeadError, Unreadable, load, read
from twelvelead.ecg.leads import LEADS
from twelvelead.ecg.synthetic import synthetic_ecg
from twelvelead.inference import together
from twelvelead.inference.engine import Engine
from twelvelead.inference.explain import bridge
from twelvelead.weights import sha256

INDEPENDENT = ("I", "II", "V1", "V2", "V3", "V4", "V5", "V6")

FOLDS = ("234", "567")
"""Besides 8 and 9, the folds of the records that are there at 500 Hz too; unpacked side by side."""


@pytest.fixture(scope="module")
def engine(tiny_run):
    return load(tiny_run)


@pytest.fixture(scope="module")
def ecg():
    return synthetic_ecg("normal", seed=1, sampling_rate=100)


def values(interpretation):
    return np.array(list(interpretation.probabilities.values()))


def test_run_is_the_network_and_its_calibration(engine, tiny_windowed, millivolts):
    signals, features = millivolts(np.arange(4))
    features[1:3, 0] = np.nan
    probabilities, attention, members, statements, embedding = engine.run(signals, features)
    assert members is statements is embedding is None
    with torch.inference_mode():
        raw, weights, vectors, *_ = tiny_windowed(torch.from_numpy(signals), torch.from_numpy(features))
    np.testing.assert_allclose(engine.run(signals, features, embed=True).embedding, vectors, atol=1e-5)
    np.testing.assert_allclose(probabilities, engine.contract.calibrated(raw.numpy()), atol=1e-5)
    np.testing.assert_allclose(attention, weights, atol=1e-5)
    assert not np.allclose(probabilities, raw, atol=1e-3)


def test_predict_is_run_with_names_and_decisions(engine, ecg):
    answer = engine.predict(ecg, "f1")
    probabilities, attention, *_ = engine.run(ecg.signal[None], ecg.features[None])
    np.testing.assert_allclose(values(answer), probabilities[0], rtol=1e-12)
    np.testing.assert_allclose(answer.attention, attention[0], rtol=1e-6)
    assert list(answer.probabilities) == list(engine.contract.classes)
    thresholds = [result.threshold for result in answer.classes]
    assert thresholds == list(engine.contract.thresholds_at("f1"))
    assert [result.present for result in answer.classes] == list(values(answer) >= thresholds)
    assert (answer.operating_point, answer.weights, answer.synthetic) == ("f1", "tiny", True)
    assert answer.sha256 == engine.contract.files["onnx"]["sha256"]


def test_one_number_decides_all_classes(engine, ecg):
    assert all(result.present for result in engine.predict(ecg, "0").classes)
    assert not any(result.present for result in engine.predict(ecg, "1").classes)


def test_age_and_sex_are_heard(engine, ecg):
    answers = [values(engine.predict(replace(ecg, age=age, sex=sex))) for age, sex in [(None, None), (20, "female")]]
    assert not np.allclose(*answers, atol=1e-6)


@pytest.mark.parametrize("rate", [100.0, 128.0, 250.0, 500.0, 1000.0])
def test_the_answer_does_not_depend_on_the_rate(engine, rate):
    """The same waves, sampled more often."""
    expected = engine.predict(synthetic_ecg("wide_qrs", seed=2, sampling_rate=100, noise=False))
    answer = engine.predict(synthetic_ecg("wide_qrs", seed=2, sampling_rate=rate, noise=False))
    np.testing.assert_allclose(values(answer), values(expected), atol=0.02)
    assert answer.ecg.sampling_rate == rate
    assert len(answer.attention) == len(expected.attention)


def test_the_answer_does_not_depend_on_the_order_of_leads(engine, ecg):
    order = np.random.default_rng(0).permutation(12)
    shuffled = replace(ecg, signal=ecg.signal[:, order], leads=tuple(LEADS[i] for i in order))
    np.testing.assert_array_equal(values(engine.predict(shuffled)), values(engine.predict(ecg)))


def test_eight_leads_are_enough(engine, ecg):
    columns = [LEADS.index(lead) for lead in ("V6", "II", "V1", "V2", "V3", "V4", "V5", "I")]
    eight = replace(ecg, signal=ecg.signal[:, columns], leads=tuple(LEADS[i] for i in columns))
    np.testing.assert_allclose(values(engine.predict(eight)), values(engine.predict(ecg)), atol=1e-4)
    with pytest.raises(Refused, match="missing lead V6"):
        engine.predict(replace(eight, signal=eight.signal[:, 1:], leads=eight.leads[1:]))


def test_up_to_20_s_are_read_at_once(engine, ecg):
    answer = engine.predict(synthetic_ecg("normal", seed=1, sampling_rate=100, seconds=20))
    assert [(piece.start, piece.end) for piece in answer.pieces] == [(0, 20)]
    assert answer.pieces[0].probabilities == tuple(answer.probabilities.values())


@pytest.mark.parametrize("batch", [2, 32])
def test_a_longer_recording_is_the_mean_of_overlapping_pieces(engine, ecg, monkeypatch, batch):
    monkeypatch.setattr(together, "BATCH", batch)
    signal = np.concatenate([synthetic_ecg(seed=seed, sampling_rate=100, seconds=7).signal for seed in range(5)])
    long = replace(ecg, signal=signal[:3399])
    answer = engine.predict(long)
    starts = [0, 500, 1000, 1500, 2000, 2396]
    assert [(piece.start, piece.end) for piece in answer.pieces] == [(s / 100, s / 100 + 10) for s in starts]
    parts = [engine.run(long.signal[None, s : s + 1000], long.features[None])[0][0] for s in starts]
    # Several at once are rounded otherwise than one, in float32, and calibration widens that by its slope.
    atol = 1e-6 * max(1, *engine.contract.calibration["slope"])
    np.testing.assert_allclose([piece.probabilities for piece in answer.pieces], parts, atol=atol)
    np.testing.assert_allclose(values(answer), np.mean(parts, axis=0), atol=1e-6)
    assert answer.attention.sum() == pytest.approx(1, abs=1e-5)
    assert len(answer.attention) == 849


def test_the_answer_states_what_it_is_worth(engine, ecg, tiny_run):
    answer = engine.predict(ecg, "f1", error_rate=0.2, prevalence={"MI": 0.03})
    contract = engine.contract
    assert answer.error_rate == 0.2
    assert answer.certainty == pytest.approx(np.prod(np.maximum(values(answer), 1 - values(answer))))
    assert 0 <= answer.certainty_rank <= 1
    assert answer.classes[1].prevalence == 0.03
    stated = contract.operating_points["f1"]["sensitivity"][0]
    assert answer.classes[0].sensitivity == (None if None in stated else stated)
    assert answer.contract_sha256 == sha256(tiny_run / "weights" / "contract.json")
    with pytest.raises(TwelveLeadError, match=r"error rate 0\.15001: give one of"):
        engine.predict(ecg, error_rate=0.15001)


def test_attribution_is_given_when_asked_for(engine, ecg):
    assert engine.predict(ecg).attribution is None
    found = engine.predict(ecg, explain=True).attribution
    assert set(found.values) == set(engine.contract.classes)
    for column, (name, cells) in enumerate(found.values.items()):
        assert (cells.shape, cells.dtype) == ((12, 25), np.float32)
        hidden = ecg.signal.copy()
        hidden[320:360, 6] = bridge(hidden[:, 6], 320, 360)
        p = engine.run(np.stack([ecg.signal, hidden]), np.tile(ecg.features, (2, 1))).probabilities[:, column]
        odds = np.log(p / (1 - p))
        assert cells[6, 8] == pytest.approx(odds[0] - odds[1], abs=1e-4), name


def test_of_a_long_recording_the_most_telling_piece_is_explained(engine, ecg):
    signal = np.concatenate([synthetic_ecg(seed=seed, sampling_rate=100, seconds=11).signal for seed in range(2)])
    answer = engine.predict(replace(ecg, signal=signal), explain=True)
    column = int(values(answer).argmax())
    telling = max(answer.pieces, key=lambda piece: piece.probabilities[column])
    edges = answer.attribution.edges
    assert (edges[0], edges[-1]) == (telling.start, telling.end)


def with_sample(ecg, value):
    signal = ecg.signal.copy()
    signal[500, 7] = value
    return replace(ecg, signal=signal)


def flat(ecg):
    signal = ecg.signal.copy()
    signal[:, 3] = 0.1
    return replace(ecg, signal=signal)


@pytest.mark.parametrize(
    ("spoil", "fault"),
    [
        (lambda ecg: replace(ecg, signal=ecg.signal[:255]), "too short"),
        (lambda ecg: replace(ecg, signal=ecg.signal[:0]), "too short"),
        (lambda ecg: with_sample(ecg, np.nan), "invalid samples"),
        (lambda ecg: with_sample(ecg, np.inf), "invalid samples"),
        (lambda ecg: replace(ecg, signal=ecg.signal * 1000), "usually spans"),
        (flat, "flat lead aVR"),
    ],
)
def test_what_is_not_fit_to_read_is_refused(engine, ecg, spoil, fault):
    with pytest.raises(Refused, match=fault) as caught:
        engine.predict(replace(spoil(ecg), source="mine.csv"))
    assert str(caught.value).startswith("mine.csv: ")
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("rate", [7, 20, 40, 50, 99.9, 100, 101, 250, 257, 360, 1000])
def test_the_shortest_recording_is_answered_and_a_shorter_one_refused_at_any_rate(engine, rate):
    answered = []
    for samples in range(int(2.5 * rate), int(2.62 * rate) + 3):
        noise = np.random.default_rng(0).normal(0, 0.2, (samples, 8)).astype(np.float32)
        try:
            engine.predict(ECG(noise, rate, INDEPENDENT))
            answered.append(True)
        except Refused:
            answered.append(False)
    assert not answered[0]
    assert answered[-1]
    assert answered == sorted(answered)


def test_an_unknown_operating_point_is_refused(engine, ecg):
    with pytest.raises(TwelveLeadError, match="operating point 'best'"):
        engine.predict(ecg, "best")


def test_a_file_that_is_no_network_is_unreadable(tiny_run, tmp_path):
    folder = shutil.copytree(tiny_run / "weights", tmp_path / "weights")
    (folder / "tiny.onnx").write_bytes(b"not a network")
    contract = json.loads((folder / "contract.json").read_text())
    contract["files"]["onnx"]["sha256"] = sha256(folder / "tiny.onnx")
    (folder / "contract.json").write_text(json.dumps(contract))
    with pytest.raises(Unreadable, match="ONNX Runtime cannot load it") as caught:
        Engine(folder)
    assert "\n" not in str(caught.value)


def test_published_rates_agree(shared_ptbxl, ptbxl_folder, tmp_path):
    """The records that PTB-XL publishes at 500 Hz, resampled here, against the published 100 Hz files."""
    unpack = [sys.executable, str(shared_ptbxl / "unpack.py")]
    folders = {tmp_path / folds: [*unpack, str(tmp_path / folds), "--limit", "6", "--folds", *folds] for folds in FOLDS}
    for unpacking in [subprocess.Popen(command, stdout=subprocess.DEVNULL) for command in folders.values()]:
        assert unpacking.wait() == 0
    records100 = {path.stem: path for folder in (ptbxl_folder, *folders) for path in folder.rglob("*_lr.hea")}
    engine = load("reference")
    differences = []
    for original in sorted(shared_ptbxl.glob("records500/*/*.hea")):
        published = records100[original.stem.replace("_hr", "_lr")]
        answers = [values(engine.predict(replace(read(path), age=60, sex="male"))) for path in (original, published)]
        differences.append(np.abs(answers[0] - answers[1]))
    assert len(differences) == 24
    assert np.max(differences) <= 0.02
    assert np.median(differences) <= 0.005


def test_measuring_can_be_left_out(engine, ecg):
    assert engine.predict(ecg).measurements.qrs_ms is not None
    plain = engine.predict(ecg, measure=False)
    assert plain.measurements is None
    assert plain.to_dict()["measurements"] is None
