"""The three inputs of the study on raw signals."""

import importlib.util
from pathlib import Path

import numpy as np
import pytest

SCRIPT = Path(__file__).parents[2] / "tools" / "raw_signals.py"
RATE = 100.0


@pytest.fixture(scope="module")
def study():
    spec = importlib.util.spec_from_file_location("raw_signals", SCRIPT)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def wave(hertz, samples=2000):
    """[1, samples, 12] mV, amplitude 1."""
    line = np.sin(2 * np.pi * hertz * np.arange(samples) / RATE + 0.3)
    return np.repeat(line[None, :, None], 12, axis=2).astype(np.float32)


@pytest.mark.parametrize(("hertz", "gain"), [(0.05, 0.0), (5, 1.0), (20, 1.0), (49, 0.0)])
def test_the_filter_passes_its_band_without_a_shift(study, hertz, gain):
    through = study.filtered(wave(hertz), RATE)
    assert through.dtype == np.float32
    np.testing.assert_allclose(through[:, 300:-300], gain * wave(hertz)[:, 300:-300], atol=0.03)


def test_z_scores_take_gain_and_offset_away(study):
    rng = np.random.default_rng(0)
    signal = rng.normal(0, 0.3, (5, 1000, 12)).astype(np.float32)
    signal[2, :, 4] = 0.7
    scored = study.zscored(signal, RATE)
    varied = np.delete(scored.reshape(5, 1000, 12).transpose(0, 2, 1).reshape(60, 1000), 2 * 12 + 4, axis=0)
    np.testing.assert_allclose(varied.mean(axis=1), 0, atol=1e-5)
    np.testing.assert_allclose(varied.std(axis=1), 0.24, rtol=1e-4)
    assert not scored[2, :, 4].any()
    np.testing.assert_allclose(study.zscored(2 * signal + 1, RATE), scored, atol=1e-4)


def test_derived_stores_hold_what_the_model_will_be_given(study, generated_store, tmp_path, capsys):
    study.prepare(generated_store, tmp_path)
    millivolts = generated_store.signals[:3].astype(np.float32) / 1e3
    for name in ("filtered", "zscored"):
        derived = study.Store.open(tmp_path / name)
        expected = study.PREPARATIONS[name](millivolts, generated_store.sampling_rate)
        np.testing.assert_allclose(derived.signals[:3] / 1e3, expected, atol=6e-4)
        assert derived.tasks == generated_store.tasks
        for column in study.COLUMNS:
            np.testing.assert_array_equal(derived.column(column), generated_store.column(column))
    study.prepare(generated_store, tmp_path)
    assert capsys.readouterr().out.endswith("filtered: there already\nzscored: there already\n")


def test_the_answer_is_paired_and_drawn(study, tmp_path):
    rng = np.random.default_rng(0)
    luck = rng.normal(0, 0.02, 51)
    luck[0] = 0
    above = {"raw": 0.9, "filtered": 0.88, "zscored": 0.91}
    found = {name: dict.fromkeys(study.cases(), value + luck) for name, value in above.items()}
    parts = {name: study.figures(of) for name, of in found.items()}
    compared = study.compared({name: of["under graded faults, mean"] for name, of in parts.items()})
    assert compared["raw - filtered"] == pytest.approx({"value": 0.02, "low": 0.02, "high": 0.02})
    assert compared["raw"]["high"] - compared["raw"]["low"] > 0.02
    study.draw(found, tmp_path / "lines.png", "a note")
    assert (tmp_path / "lines.png").read_bytes().startswith(b"\x89PNG")
