"""Attribution finds what an answer rests on, in a model of which that is known."""

from dataclasses import replace

import numpy as np
import pytest

from twelvelead.ecg.leads import LEADS
from twelvelead.ecg.synthetic import synthetic_ecg
from twelvelead.errors import TwelveLeadError
from twelvelead.inference.engine import Engine, Outputs
from twelvelead.inference.explain import BATCH, attribute, bridge, explain


def heart(ecg):
    """Sees V1 from 3.2 to 3.6 s, how high it is; for the second class lead I from 8 s on, how deep."""
    first = ecg[:, 320:360, 6].max(axis=1)
    return 1 / (1 + np.exp(-np.stack([4 * first - 2, -3 * ecg[:, 800:820, 0].min(axis=1)], axis=1)))


@pytest.fixture(scope="module")
def signal():
    return np.random.default_rng(0).normal(0, 0.1, (1000, 12)).astype(np.float32)


def test_the_cell_that_the_answer_rests_on_stands_out(signal):
    signal = signal.copy()
    signal[340, 6] = 1.5
    found = attribute(heart, signal, 100, ("A", "B"), LEADS)
    values = found.values["A"]
    assert (values.shape, values.dtype) == ((12, 25), np.float32)
    assert found.leads == LEADS
    assert len(found.edges) == 26
    lead, cell = np.unravel_index(values.argmax(), values.shape)
    assert (lead, found.edges[cell], found.edges[cell + 1]) == (6, 3.2, 3.6)
    # log-odds of this model are linear in the peak, and what takes its place is the line through the neighbours
    line = bridge(signal[:, 6], 320, 360)
    assert values.max() == pytest.approx(4 * (1.5 - line.max()), rel=1e-4)
    assert np.count_nonzero(np.abs(values) > 1e-6) == 1
    other = found.values["B"]
    assert np.unravel_index(other.argmax(), other.shape) == (0, 20)


def test_batches_are_small_and_nothing_is_changed(signal):
    before, sizes = signal.copy(), []
    attribute(lambda ecg: sizes.append(len(ecg)) or heart(ecg), signal, 100, ("A", "B"), LEADS)
    assert sizes == [1] + [BATCH] * (300 // BATCH)
    np.testing.assert_array_equal(signal, before)


@pytest.mark.parametrize(("samples", "rate", "cells"), [(1000, 100, 25), (997, 100, 25), (1285, 257, 12), (20, 100, 1)])
def test_cells_fill_the_recording(samples, rate, cells):
    found = attribute(lambda ecg: np.full((len(ecg), 1), 0.5), np.zeros((samples, 12), np.float32), rate, "A", LEADS)
    assert found.values["A"].shape == (12, cells)
    assert found.edges[0] == 0
    assert found.edges[-1] == pytest.approx(samples / rate)


def test_edges_count_from_the_beginning_of_the_recording():
    found = attribute(lambda ecg: np.full((len(ecg), 1), 0.5), np.zeros((1000, 12), np.float32), 100, "A", LEADS, 500)
    assert (found.edges[0], found.edges[-1]) == (5, 15)


def test_the_bridge_joins_its_neighbours():
    lead = np.array([1, 9, 9, 9, 5], np.float32)
    np.testing.assert_allclose(bridge(lead, 1, 4), [2, 3, 4])
    np.testing.assert_allclose(bridge(lead, 0, 4), [5, 5, 5, 5])
    np.testing.assert_allclose(bridge(lead, 1, 5), [1, 1, 1, 1])
    assert bridge(lead, 0, 5).tolist() == [5] * 5


@pytest.fixture(scope="module")
def engine():
    return Engine("single", threads=1)


def test_one_look_explains_all_classes_and_statements_that_are_answered_for(engine):
    ecg = synthetic_ecg("wide_qrs", sampling_rate=500)
    found = explain(engine, ecg, "CD")
    said = engine.predict(ecg, explain=True)
    assert list(found.values) == [*said.probabilities, *(one.name for one in said.statements if one.name != "NORM")]
    for name, values in said.attribution.values.items():
        np.testing.assert_allclose(found.values[name], values, atol=1e-4)
    assert (found.edges, found.leads) == (said.attribution.edges, said.attribution.leads)
    for nobody in ("XYZ", *said.not_assessed[:1]):
        with pytest.raises(TwelveLeadError, match=f"do not answer for {nobody}"):
            explain(engine, ecg, nobody)


def test_of_a_long_recording_the_piece_is_looked_at_where_the_output_is_most_probable(engine, monkeypatch):
    ecg = synthetic_ecg("normal", sampling_rate=100, seconds=30)
    signal = ecg.signal.copy()
    signal[1500:2000, 6] += 1.5
    signal[2800, 0] -= 2.0

    def run(pieces, features):
        said = np.zeros((len(pieces), len(engine.contract.statements.classes))) + 0.1
        return Outputs(np.pad(heart(pieces), ((0, 0), (0, 3)), constant_values=0.1), None, None, said, None)

    def heart(pieces):
        seen = np.stack([(pieces[:, :, 6] > 1.4).mean(axis=1), (pieces[:, :, 0] < -1.5).mean(axis=1)], axis=1)
        return 0.1 + 0.8 * seen

    monkeypatch.setattr(engine, "run", run)
    found = explain(engine, replace(ecg, signal=signal), engine.contract.classes[0])
    assert found.edges[-1] - found.edges[0] == pytest.approx(10)
    assert found.edges[0] <= 15 < 20 <= found.edges[-1]
    assert list(found.values) == [engine.contract.classes[0]]
    found = explain(engine, replace(ecg, signal=signal), engine.contract.classes[1])
    assert found.edges[0] <= 28 < found.edges[-1]
