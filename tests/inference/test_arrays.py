"""Arrays get the answers that the same recordings get one by one."""

import sys
from dataclasses import replace

import numpy as np
import pytest

from twelvelead import Refused, TwelveLeadError, Unreadable, load
from twelvelead.ecg.leads import LEADS
from twelvelead.ecg.synthetic import VARIANTS, synthetic_ecg
from twelvelead.inference.scoring import recording


@pytest.fixture(scope="module")
def engine():
    return load("single")


@pytest.fixture(scope="module")
def ecgs():
    return [
        replace(synthetic_ecg(variant, seed=seed, sampling_rate=500), age=age, sex=sex)
        for seed, (variant, age, sex) in enumerate(
            zip(VARIANTS, (63.0, None, 40.0, 71.0, 55.0), ("male", "female", None, "male", "female"), strict=False)
        )
    ]


def given(ecgs, **changed):
    stated = {
        "sampling_rate": ecgs[0].sampling_rate,
        "leads": ecgs[0].leads,
        "unit": "mV",
        "age": [ecg.age for ecg in ecgs],
        "sex": [ecg.sex for ecg in ecgs],
    }
    return stated | changed


def require_equal(engine, found, ecgs):
    for row, ecg in enumerate(ecgs):
        answer = engine.predict(ecg, measure=False)
        assert found["status"][row] == "ok"
        for result in answer.classes:
            assert found["probabilities"][result.name][row] == pytest.approx(result.probability, abs=1e-6)
            assert found["decisions"][result.name][row] == result.decision
        for result in answer.statements:
            assert found["statements"][result.name][row] == pytest.approx(result.probability, abs=1e-6)
            assert found["statement_decisions"][result.name][row] == result.decision
        assert sorted(found["findings"][row]) == sorted(finding.code for finding in answer.findings)


def test_an_array_gets_what_predict_says_of_each(engine, ecgs):
    signals = np.stack([ecg.signal for ecg in ecgs])
    require_equal(engine, engine.predict_arrays(signals, **given(ecgs)), ecgs)


def test_real_records_get_what_predict_says_of_each(engine, ptbxl_store):
    ecgs = [recording(ptbxl_store, row) for row in range(40)]
    signals = ptbxl_store.millivolts(np.arange(40)).astype(np.float64) * 1000
    stated = {"leads": [lead.upper() for lead in LEADS], "age": ptbxl_store.column("age")[:40], "unit": "uV"}
    answered = engine.predict_arrays(signals, **given(ecgs, **stated, sex=ptbxl_store.column("sex")[:40]))
    fit = [row for row in range(40) if answered["status"][row] == "ok"]
    assert len(fit) > 30
    require_equal(engine, answered.iloc[fit].reset_index(drop=True), [ecgs[row] for row in fit])
    for row in set(range(40)) - set(fit):
        with pytest.raises(Refused):
            engine.predict(ecgs[row])


def test_lengths_may_differ_and_long_recordings_are_read_in_pieces(engine, ecgs):
    long = replace(ecgs[0], signal=np.concatenate([ecg.signal for ecg in ecgs[:3]]))
    short = replace(ecgs[1], signal=ecgs[1].signal[:2100])
    mixed = [ecgs[2], long, short, ecgs[3]]
    require_equal(engine, engine.predict_arrays([ecg.signal for ecg in mixed], **given(mixed)), mixed)


def test_leads_in_another_order_and_the_eight_independent_ones(engine, ecgs):
    signals = np.stack([ecg.signal for ecg in ecgs])
    stored = ("V6", "V5", "V4", "V3", "V2", "V1", "II", "I")
    eight = signals[:, :, [LEADS.index(lead) for lead in stored]]
    independent = [replace(ecg, signal=signal, leads=stored) for ecg, signal in zip(ecgs, eight, strict=True)]
    require_equal(engine, engine.predict_arrays(eight, **given(ecgs, leads=list(stored))), independent)


def test_one_age_and_sex_for_all_and_unknown_ones(engine, ecgs):
    pd = pytest.importorskip("pandas")
    signals = np.stack([ecg.signal for ecg in ecgs[:3]])
    for age, sex in ((50, 1), (np.float32(50), "Female"), ([50, 50.0, np.int64(50)], np.array([1.0, 1, 1]))):
        found = engine.predict_arrays(signals, **given(ecgs, age=age, sex=sex))
        require_equal(engine, found, [replace(ecg, age=50.0, sex="female") for ecg in ecgs[:3]])
    for age, sex in ((None, None), (np.nan, np.nan), ([None, np.nan, pd.NA], pd.Series([None, np.nan, None]))):
        found = engine.predict_arrays(signals, **given(ecgs, age=age, sex=sex))
        require_equal(engine, found, [replace(ecg, age=None, sex=None) for ecg in ecgs[:3]])


def test_what_is_not_fit_has_a_row_that_says_why(engine, ecgs):
    signals = np.stack([ecg.signal for ecg in ecgs])
    signals[1, 30, 4] = np.nan
    signals[2, :, 6] = 0
    found = engine.predict_arrays(signals, **given(ecgs))
    assert list(found["status"]) == ["ok", "refused", "refused", "ok", "ok"]
    assert found["findings"][1] == ("not-finite",)
    assert "signals[2]: flat lead V1" in found["message"][2]
    assert np.isnan(found["probabilities"]["MI"][1])
    assert found["decisions"]["MI"][1] == ""
    ungated = engine.predict_arrays(signals, **given(ecgs), gate=False)
    assert list(ungated["status"]) == ["ok", "refused", "ok", "ok", "ok"]
    assert ungated["probabilities"]["MI"][0] == pytest.approx(found["probabilities"]["MI"][0], abs=1e-6)


def test_without_pandas_the_table_is_a_structured_array(engine, ecgs, monkeypatch):
    signals = np.stack([ecg.signal for ecg in ecgs])
    frame = engine.predict_arrays(signals, **given(ecgs))
    monkeypatch.setitem(sys.modules, "pandas", None)
    table = engine.predict_arrays(signals, **given(ecgs))
    assert isinstance(table, np.ndarray)
    np.testing.assert_array_equal(table["probabilities"]["MI"], frame["probabilities"]["MI"])
    assert table["status"].tolist() == frame["status"].tolist()
    require_equal(engine, table, ecgs)


@pytest.mark.parametrize(
    ("spoil", "stated", "fault"),
    [
        (lambda s: s * 1000, {}, "the unit is probably uV"),
        (lambda s: s / 1000, {}, "the unit is probably V"),
        (lambda s: s, {"unit": "uV"}, "the unit is probably mV"),
        (lambda s: s, {"unit": "counts"}, "'counts' is no unit of voltage"),
        (lambda s: s, {"sampling_rate": 0}, "0 Hz cannot be"),
        (lambda s: s, {"leads": LEADS[:8]}, "12 columns for 8 leads"),
        (lambda s: s[:, :, :2], {"leads": ["I", "II"]}, "missing leads V1, V2"),
        (lambda s: s, {"leads": "I, II"}, "give a sequence of names"),
        (lambda s: s, {"leads": [*LEADS[:11], "V5"]}, "lead V5 is named twice"),
        (lambda s: s.transpose(0, 2, 1), {}, "turn its last two axes round"),
        (lambda s: s[0], {}, r"signal\[None\]"),
        (lambda s: [s[0], s[1][:, :3]], {"age": None, "sex": None}, r"signals\[1\]: 3 columns for 12 leads"),
        (lambda s: s[:0], {}, "holds no recording"),
        (lambda s: s.astype(str), {}, "real numbers"),
        (lambda s: s, {"age": [1, 2]}, "2 values of age for 5 recordings"),
        (lambda s: s, {"age": -1}, "age is -1"),
        (lambda s: s, {"sex": "unknown"}, "sex is 'unknown'"),
    ],
)
def test_what_cannot_be_is_one_line(engine, ecgs, spoil, stated, fault):
    signals = np.stack([ecg.signal for ecg in ecgs])
    with pytest.raises((Unreadable, Refused), match=fault) as caught:
        engine.predict_arrays(spoil(signals), **given(ecgs, **stated))
    assert str(caught.value).startswith("signals")
    assert "\n" not in str(caught.value)


def test_rate_leads_and_unit_have_to_be_stated(engine, ecgs):
    for left_out in ("sampling_rate", "leads", "unit"):
        stated = {name: value for name, value in given(ecgs).items() if name != left_out}
        with pytest.raises(TypeError, match=left_out):
            engine.predict_arrays(np.stack([ecg.signal for ecg in ecgs]), **stated)


def test_run_takes_any_real_numbers_and_refuses_what_cannot_be_millivolts(engine, ecgs):
    ecg = np.stack([ecg.resampled(100).signal for ecg in ecgs])
    features = np.array([ecg.features for ecg in ecgs])
    expected = engine.run(ecg, features).probabilities
    np.testing.assert_array_equal(engine.run(ecg.astype(np.float64), features.tolist()).probabilities, expected)
    for wrong in (ecg * 1000, ecg / 1000):
        with pytest.raises(TwelveLeadError, match="cannot be in millivolts"):
            engine.run(wrong, features)
    for shapes in ((ecg[:, :100], features), (ecg[:, :, :8], features), (ecg[0], features), (ecg, features[:2])):
        with pytest.raises(TwelveLeadError, match="samples, 12"):
            engine.run(*shapes)
