import numpy as np
import pytest

from twelvelead.data.store import Store
from twelvelead.data.synthetic import synthetic_store
from twelvelead.data.tasks import labels


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    return synthetic_store(tmp_path_factory.mktemp("synthetic") / "store", records=200)


def test_says_that_it_is_synthetic(store):
    assert Store.open(store.path).synthetic
    assert (len(store), store.samples, store.sampling_rate) == (200, 1000, 100.0)


def test_every_fold_has_every_class_alike_and_patients_of_its_own(store):
    found = labels(store, protocol="likely")
    assert found.classes == ("NORM", "MI", "STTC", "CD", "HYP")
    assert found.scored.all()
    fold = store.column("fold")
    for number in range(1, 11):
        assert found.values[fold == number].sum(axis=0).tolist() == [4] * 5
    pairs = np.stack([store.column("patient_id"), fold], axis=1)
    assert len(np.unique(pairs, axis=0)) == len(np.unique(pairs[:, 0])) == 100


def test_signals_are_plausible_and_differ(store):
    assert not np.isnan(store.features).any()
    peak = np.abs(np.asarray(store.signals)).max(axis=(1, 2))
    assert (peak > 300).all()
    assert (peak < 10_000).all()
    assert len(np.unique(np.asarray(store.signals).reshape(200, -1), axis=0)) == 200


def test_the_seed_decides(tmp_path, store):
    assert synthetic_store(tmp_path / "a", records=200).data_hash == store.data_hash
    assert synthetic_store(tmp_path / "b", records=200, seed=1).data_hash != store.data_hash
    with pytest.raises(ValueError, match="multiple of 100"):
        synthetic_store(tmp_path / "c", records=150)
