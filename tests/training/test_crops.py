import numpy as np
import pytest
import torch

from twelvelead.training.crops import Crops, crop_view, millivolts

RECORDS, SAMPLES, LEADS, WINDOW = 40, 50, 12, 16


@pytest.fixture(scope="module")
def arrays():
    """Every sample holds a number of its own, so that a crop tells where it was cut."""
    signals = np.arange(RECORDS * SAMPLES * LEADS, dtype=np.int64).reshape(RECORDS, SAMPLES, LEADS)
    signals = (signals - 12_000).astype(np.int16)
    features = np.stack([np.arange(RECORDS), np.arange(RECORDS) % 2], axis=1).astype(np.float32)
    labels = np.eye(RECORDS, dtype=np.float32)  # a class a record, to tell it by
    return signals, features, labels


def crops(arrays, records=None, **settings):
    settings = {"window": WINDOW, "batch_size": 4} | settings
    return Crops(*arrays, np.arange(RECORDS) if records is None else records, **settings)


def whole(batches):
    """The batches of an epoch as three arrays."""
    return [torch.cat(parts).numpy() for parts in zip(*batches, strict=True)]


def drawn(batches):
    return whole(batches)[2].argmax(axis=1)


def test_crop_view_is_every_slice_without_a_copy(arrays):
    signals = arrays[0]
    view = crop_view(signals, WINDOW)
    assert view.shape == (RECORDS, SAMPLES - WINDOW + 1, WINDOW * LEADS)
    assert np.shares_memory(view, signals)
    assert not view.flags.writeable
    for record, start in [(0, 0), (7, 13), (RECORDS - 1, SAMPLES - WINDOW)]:
        crop = view[record, start].reshape(WINDOW, LEADS)
        np.testing.assert_array_equal(crop, signals[record, start : start + WINDOW])


def test_crop_view_keeps_a_memory_map_on_disk(arrays, tmp_path):
    np.save(tmp_path / "signals.npy", arrays[0])
    mapped = np.load(tmp_path / "signals.npy", mmap_mode="r")
    np.testing.assert_array_equal(crop_view(mapped, WINDOW), crop_view(arrays[0], WINDOW))
    assert np.shares_memory(crop_view(mapped, WINDOW), mapped)


def test_a_crop_is_a_slice_of_the_signal_in_millivolts(arrays):
    signals, features, labels = arrays
    starts = set()
    for ecg, seen, truth in crops(arrays):
        assert (ecg.dtype, seen.dtype, truth.dtype) == (torch.float32,) * 3
        assert ecg.shape == (4, WINDOW, LEADS)
        for crop, feature, label in zip(ecg.numpy(), seen.numpy(), truth.numpy(), strict=True):
            record = int(label.argmax())
            start = (round(float(crop[0, 0]) * 1000) - int(signals[record, 0, 0])) // LEADS
            starts.add(start)
            np.testing.assert_allclose(crop, signals[record, start : start + WINDOW] / 1000, rtol=1e-6)
            np.testing.assert_array_equal(feature, features[record])
            np.testing.assert_array_equal(label, labels[record])
    assert len(starts) > 15
    assert min(starts) >= 0
    assert max(starts) <= SAMPLES - WINDOW


def test_the_first_and_the_last_start_are_drawn_too(arrays):
    settings = {"window": SAMPLES - 1, "batch_size": 20}
    first = whole(batch for epoch in range(5) for batch in crops(arrays, epoch=epoch, **settings))
    offset = np.rint(first[0][:, 0, 0] * 1000) - arrays[0][first[2].argmax(axis=1), 0, 0]
    assert set(offset // LEADS) == {0, 1}
    assert whole(crops(arrays, window=SAMPLES))[0].shape == (RECORDS, SAMPLES, LEADS)


def test_draws_follow_from_seed_and_epoch_alone(arrays):
    draw = {"seed": 3, "epoch": 2, "rank": 1, "ranks": 2, "hidden_metadata": 0.3}
    first = whole(crops(arrays, **draw))
    np.random.seed(0)
    torch.manual_seed(5)
    again = crops(arrays, **draw)
    for _ in range(2):  # reading an epoch twice does not move it on
        for one, other in zip(first, whole(again), strict=True):
            np.testing.assert_array_equal(one, other)
    for changed in ({"seed": 4}, {"epoch": 3}, {"rank": 0}):
        assert not np.array_equal(first[0], whole(crops(arrays, **(draw | changed)))[0])


@pytest.mark.parametrize("ranks", [2, 4])
def test_processes_share_the_batches_of_one(arrays, ranks):
    settings = {"seed": 3, "epoch": 1, "batch_size": 8, "hidden_metadata": 0.3}
    records = np.arange(3, RECORDS)
    one = crops(arrays, records, **settings)
    parts = [crops(arrays, records, rank=rank, ranks=ranks, **settings) for rank in range(ranks)]
    assert {len(part) for part in parts} == {len(one)}
    for batch, *shares in zip(one, *parts, strict=True):
        for values, *pieces in zip(batch, *shares, strict=True):
            for rank, piece in enumerate(pieces):
                np.testing.assert_array_equal(piece, values[rank::ranks])


def test_signals_in_a_tensor_give_the_same_crops(arrays):
    signals, *others = arrays
    settings = {"seed": 3, "hidden_metadata": 0.3}
    cut = crops((torch.from_numpy(signals), *others), **settings)
    for batch, same in zip(crops(arrays, **settings), cut, strict=True):
        for one, other in zip(batch, same, strict=True):
            np.testing.assert_array_equal(one, other)


def test_an_epoch_leaves_out_another_remainder_each_time(arrays):
    records = np.arange(10)
    left_out = [frozenset(records) - set(drawn(crops(arrays, records, epoch=epoch))) for epoch in range(20)]
    assert {len(rest) for rest in left_out} == {2}
    assert len(set(left_out)) > 10


def test_the_stated_share_of_metadata_is_hidden_each_by_itself(arrays):
    signals, features, labels = (np.repeat(array, 100, axis=0) for array in arrays)
    before = features.copy()
    made = Crops(signals, features, labels, np.arange(len(signals)), window=WINDOW, batch_size=40, hidden_metadata=0.1)
    hidden = np.isnan(whole(made)[1])
    assert hidden.mean(axis=0) == pytest.approx([0.1, 0.1], abs=0.02)
    assert hidden.all(axis=1).mean() == pytest.approx(0.01, abs=0.006)
    np.testing.assert_array_equal(features, before)
    assert not np.isnan(whole(crops(arrays, hidden_metadata=0.0))[1]).any()
    assert np.isnan(whole(crops(arrays, hidden_metadata=1.0))[1]).all()


def test_millivolts():
    values = millivolts(np.array([[-32768, -1, 0, 1, 32767]], np.int16))
    torch.testing.assert_close(values, torch.tensor([[-32.768, -0.001, 0, 0.001, 32.767]]))
