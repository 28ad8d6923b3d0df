"""The robustness suite on arrays: what is put to the model, what is measured, and its heat map."""

import numpy as np
import pytest
from sklearn.metrics import roc_auc_score

from twelvelead.ecg.faults import CLEAN, FAULTS, Case, cases
from twelvelead.errors import TwelveLeadError, Unreadable
from twelvelead.evaluation.bootstrap import estimate, patient_weights
from twelvelead.inference.faults import Recordings, falls, macro_aurocs, summary
from twelvelead.plots.heatmap import heatmap_png

MUSCLE = tuple(Case("muscle_noise", severity) for severity in FAULTS["muscle_noise"].severities)


@pytest.fixture
def recordings():
    """Labels that show in the amplitude of lead V2 and of lead II, 70 records of 40 patients."""
    rng = np.random.default_rng(0)
    labels = rng.random((70, 2)) < 0.4
    signals = rng.normal(0, 20, (100, 200, 12))
    rows = rng.permutation(100)[:70]
    signals[rows, :, 7] += 150 * labels[:, :1] + rng.normal(0, 60, (70, 1))
    signals[rows, :, 1] += 150 * labels[:, 1:] + rng.normal(0, 60, (70, 1))
    return Recordings(
        signals=np.rint(signals).astype(np.int16),
        rows=rows,
        sampling_rate=100.0,
        features=rng.random((70, 2)).astype(np.float32),
        labels=labels,
        patients=rng.integers(40, size=70),
        ids=np.arange(70) + 1000,
    )


def by_amplitude(ecg, features):
    assert ecg.dtype == np.float32
    assert len(ecg) == len(features) <= 32
    return 1 / (1 + np.exp(-5 * ecg[:, :, [7, 1]].mean(axis=1)))


def subset(recordings, kept):
    return Recordings(
        signals=recordings.signals,
        sampling_rate=recordings.sampling_rate,
        **{name: getattr(recordings, name)[kept] for name in ("rows", "features", "labels", "patients", "ids")},
    )


def test_the_clean_figure_and_its_resamples_are_scikit_learns(recordings):
    ((case, values),) = macro_aurocs(recordings, by_amplitude, [CLEAN], seed=4, resamples=20)
    assert case == CLEAN
    assert values.shape == (21,)
    p = by_amplitude(recordings.signals[recordings.rows[:32]].astype(np.float32) / 1e3, np.zeros((32, 2)))
    rest = recordings.signals[recordings.rows[32:]].astype(np.float32) / 1e3
    p = np.concatenate([p, *(by_amplitude(part, np.zeros((len(part), 2))) for part in np.array_split(rest, 2))])
    assert values[0] == pytest.approx(roc_auc_score(recordings.labels, p, average="macro"), abs=1e-9)
    for drawn, value in zip(patient_weights(recordings.patients, 20, 4), values[1:], strict=True):
        repeated = np.repeat(np.arange(70), drawn.astype(int))
        assert value == pytest.approx(roc_auc_score(recordings.labels[repeated], p[repeated]), abs=1e-9)


def test_a_fault_that_hits_what_the_model_reads_lowers_it_and_another_does_not(recordings):
    wanted = [CLEAN, Case("missing_lead", "V2"), Case("missing_lead", "V5"), Case("chest_swap", "V2/V3")]
    found = dict(macro_aurocs(recordings, by_amplitude, wanted))
    fallen = falls(found)
    assert set(fallen) == set(wanted[1:])
    assert fallen[wanted[1]].low > 0.1
    assert fallen[wanted[2]] == (0, 0, 0)
    assert fallen[wanted[3]].low > 0.1
    expected = np.quantile((found[CLEAN] - found[wanted[1]])[1:], [0.025, 0.975])
    assert fallen[wanted[1]][1:] == pytest.approx(expected)


def seen(recordings, case, seed=0):
    """The signals that the model is given, by record."""
    shown = []

    def predict(ecg, features):
        shown.extend(ecg.copy())
        return np.full((len(ecg), 2), 0.5)

    list(macro_aurocs(recordings, predict, [case], seed=seed, resamples=1))
    return dict(zip(recordings.ids.tolist(), shown, strict=True))


def test_a_record_has_the_same_fault_in_every_subset_and_order(recordings):
    whole = seen(recordings, MUSCLE[3])
    part = seen(subset(recordings, np.arange(69, 3, -3)), MUSCLE[3])
    assert all(np.array_equal(signal, whole[record]) for record, signal in part.items())
    other_seed = seen(recordings, MUSCLE[3], seed=1)
    other_severity = seen(recordings, MUSCLE[2])
    assert not any(np.array_equal(signal, other_seed[record]) for record, signal in whole.items())
    clean = seen(recordings, CLEAN)
    scaled = [(whole[record] - clean[record]) / 2 + clean[record] for record in whole]
    assert not np.allclose(scaled, list(other_severity.values()), atol=1e-3)  # drawn anew, not scaled


def test_signals_in_millivolts_and_in_stored_microvolts_are_the_same(recordings):
    millivolts = recordings.signals.astype(np.float32) * np.float32(1e-3)
    same = Recordings(**{**vars(recordings), "signals": millivolts})
    stored = seen(recordings, CLEAN)
    assert all(np.array_equal(signal, stored[record]) for record, signal in seen(same, CLEAN).items())
    assert recordings.signals.dtype == np.int16


def test_progress_counts_over_all_cases(recordings):
    shown = []
    wanted = (CLEAN, *MUSCLE[:2])
    list(macro_aurocs(recordings, by_amplitude, wanted, resamples=1, progress=lambda *told: shown.append(told)))
    assert shown[0] == ("records, clean", 32, 210)
    assert shown[-1] == ("records, muscle_noise 0.05", 210, 210)
    assert [done for _, done, _ in shown] == sorted(done for _, done, _ in shown)


def test_cases_are_five_severities_or_each_named_one():
    every = cases()
    assert every[0] == CLEAN
    for name, fault in FAULTS.items():
        mine = [case.severity for case in every if case.fault == name]
        assert tuple(mine) == fault.severities
        assert len(mine) == 5 or not fault.graded
    assert [case.fault for case in cases(["offset", "gain_low"])] == ["clean", *["gain_low"] * 5, *["offset"] * 5]
    with pytest.raises(TwelveLeadError, match=r"^no fault hum; choose from powerline_50, powerline_60, "):
        cases(["hum", "offset"])


def test_a_class_without_positives_is_left_out(recordings):
    labels = np.column_stack([recordings.labels, np.zeros(70, bool)])
    three = Recordings(**{**vars(recordings), "labels": labels})

    def predict(ecg, features):
        return np.column_stack([by_amplitude(ecg, features), np.full(len(ecg), 0.5)])

    ((_, with_empty),) = macro_aurocs(three, predict, [CLEAN])
    ((_, without),) = macro_aurocs(recordings, by_amplitude, [CLEAN])
    np.testing.assert_allclose(with_empty, without)
    none = Recordings(**{**vars(recordings), "labels": np.zeros((70, 2), bool)})
    with pytest.raises(Unreadable, match="no class has positives and negatives"):
        list(macro_aurocs(none, by_amplitude, [CLEAN]))


def test_a_model_that_answers_nan_is_named(recordings):
    with pytest.raises(Unreadable, match="140 NaN or outside 0-1"):
        list(macro_aurocs(recordings, lambda ecg, _: np.full((len(ecg), 2), np.nan), [CLEAN]))


def test_nobody_to_score(recordings):
    with pytest.raises(Unreadable, match="there are no records"):
        list(macro_aurocs(subset(recordings, slice(0)), by_amplitude, [CLEAN]))


def test_the_summary_weighs_faults_alike():
    found = {CLEAN: np.array([0.9, 0.9]), Case("missing_lead", "I"): np.array([0.1, 0.1])}
    found |= dict.fromkeys(MUSCLE, np.array([0.8, 0.7]))
    found |= {Case("offset", 0.1): np.array([0.6, 0.5])}
    assert summary(found) == pytest.approx([0.7, 0.6])
    assert estimate(np.array([0.5, 0.4, 0.6]))[0] == 0.5


@pytest.mark.parametrize("faults", [["muscle_noise", "limb_swap"], ["offset"], ["missing_set"], list(FAULTS)])
def test_the_heat_map_is_a_png(tmp_path, faults):
    fallen = {case: estimate(np.array([0.01, -0.01, 0.03])) for case in cases(faults) if case != CLEAN}
    heatmap_png(fallen, tmp_path / "map.png", "a note")
    assert (tmp_path / "map.png").read_bytes().startswith(b"\x89PNG")
    assert [path.name for path in tmp_path.iterdir()] == ["map.png"]
