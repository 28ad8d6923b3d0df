import json
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from twelvelead.data.store import COLUMNS, Store, write_store
from twelvelead.errors import TwelveLeadError, Unreadable


def test_what_is_written_is_read(tmp_path, store_arguments):
    signals, arguments = store_arguments(records=7, samples=30)
    write_store(tmp_path / "store", iter(signals), **arguments)
    store = Store.open(tmp_path / "store")
    assert len(store) == 7
    assert (store.samples, store.sampling_rate, store.synthetic, store.source) == (30, 100.0, False, "test")
    assert store.signals.dtype == np.int16
    assert isinstance(store.signals, np.memmap)
    np.testing.assert_array_equal(store.signals, signals)
    np.testing.assert_array_equal(store.likelihoods, arguments["likelihoods"])
    for name, dtype in COLUMNS.items():
        assert store.column(name).dtype == dtype
        np.testing.assert_array_equal(store.column(name), arguments["columns"][name].astype(dtype))
    assert store.features.dtype == np.float32
    np.testing.assert_array_equal(store.features[:, 0], store.column("age"))
    np.testing.assert_array_equal(store.features[:, 1], store.column("sex"))
    assert {task: dict(classes) for task, classes in store.tasks.items()} == arguments["tasks"]
    assert list(store.tasks["superclass"]) == ["NORM", "MI"]
    np.testing.assert_array_equal(np.load(tmp_path / "store/signals.npy", mmap_mode="r"), signals)


def test_a_record_left_out_takes_its_row_with_it(tmp_path, store_arguments):
    signals, arguments = store_arguments()
    store = write_store(tmp_path / "store", [None, signals[1], None, *signals[3:]], **arguments)
    assert store.column("ecg_id").tolist() == [2, 4, 5, 6]
    np.testing.assert_array_equal(store.signals, signals[[1, 3, 4, 5]])
    np.testing.assert_array_equal(store.likelihoods, arguments["likelihoods"][[1, 3, 4, 5]])


def test_is_reproducible_bit_for_bit(tmp_path, store_arguments):
    signals, arguments = store_arguments()
    for name in ("a", "b"):
        write_store(tmp_path / name, iter(signals), **arguments)
    files = sorted(path.relative_to(tmp_path / "a") for path in (tmp_path / "a").rglob("*") if path.is_file())
    assert len(files) == 3 + len(COLUMNS)
    for file in files:
        assert (tmp_path / "a" / file).read_bytes() == (tmp_path / "b" / file).read_bytes()


@pytest.mark.parametrize("change", ["signals", "likelihoods", "age", "sampling_rate", "tasks"])
def test_the_hash_sees_every_part(tmp_path, store_arguments, change):
    signals, arguments = store_arguments()
    before = write_store(tmp_path / "before", iter(signals), **arguments).data_hash
    if change == "signals":
        signals[3, 4, 5] += 1
    elif change == "likelihoods":
        arguments["likelihoods"][0, 0] = 1
    elif change == "age":
        arguments["columns"]["age"][2] += 1
    elif change == "sampling_rate":
        arguments["sampling_rate"] = 200
    else:
        arguments["tasks"] = {"superclass": {"NORM": ["NORM"], "MI": ["IMI"]}}
    assert write_store(tmp_path / "after", iter(signals), **arguments).data_hash != before


def test_replaces_a_store_but_nothing_else(tmp_path, store_arguments, small_store):
    signals, arguments = store_arguments(seed=1)
    assert write_store(small_store.path, iter(signals), **arguments).data_hash != small_store.data_hash
    np.testing.assert_array_equal(Store.open(small_store.path).signals, signals)
    (tmp_path / "empty").mkdir()
    write_store(tmp_path / "empty", iter(signals), **arguments)
    other = tmp_path / "thesis"
    other.mkdir()
    (other / "chapter").write_text("one")
    for taken in (other, other / "chapter"):
        with pytest.raises(TwelveLeadError, match="not a store"):
            write_store(taken, iter(signals), **arguments)
    assert (other / "chapter").read_text() == "one"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["empty", "small", "thesis"]


def test_an_interrupted_writer_leaves_nothing_and_the_old_store(tmp_path, store_arguments, small_store):
    signals, arguments = store_arguments(seed=1)

    def interrupted():
        yield signals[0]
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        write_store(small_store.path, interrupted(), **arguments)
    assert Store.open(small_store.path).data_hash == small_store.data_hash
    assert [path.name for path in tmp_path.iterdir()] == ["small"]


def test_no_record_is_an_error(tmp_path, store_arguments):
    _, arguments = store_arguments()
    with pytest.raises(TwelveLeadError, match="no record"):
        write_store(tmp_path / "store", [None] * 6, **arguments)
    assert not any(tmp_path.iterdir())


def test_shapes_that_do_not_fit_are_errors(tmp_path, store_arguments):
    signals, arguments = store_arguments()
    for wrong in (signals[:-1], [*signals[:-1], signals[-1][:5]], signals.astype(np.int32), signals[:, :, :8]):
        with pytest.raises(ValueError, match="signal"):
            write_store(tmp_path / "store", iter(wrong), **arguments)
    with pytest.raises(ValueError, match="WPW"):
        write_store(tmp_path / "store", iter(signals), **arguments | {"tasks": {"superclass": {"CD": ["WPW"]}}})
    assert not any(tmp_path.iterdir())


CHILD = """
import sys, time
import numpy as np
from twelvelead.data.store import COLUMNS, write_store

def signals():
    for record in range(1000):
        if record == 500:
            print("half", flush=True)
            {pause}
        yield np.full((1000, 12), record, np.int16)

write_store(sys.argv[1], signals(), columns={{name: np.ones(1000) for name in COLUMNS}},
            likelihoods=np.ones((1000, 1), np.float32), statements=["NORM"], tasks={{}},
            sampling_rate=100, source="test")
"""


def test_a_killed_writer_leaves_no_store_and_the_next_one_works(tmp_path, store_arguments):
    path = tmp_path / "store"
    child = subprocess.Popen(
        [sys.executable, "-c", CHILD.format(pause="time.sleep(60)"), str(path)], stdout=subprocess.PIPE, text=True
    )
    try:
        assert child.stdout is not None
        assert child.stdout.readline() == "half\n"
        with pytest.raises(Unreadable, match="not finished"):
            Store.open(path)
        (unfinished,) = tmp_path.iterdir()
        signals, arguments = store_arguments()
        write_store(path, iter(signals), **arguments)
        assert unfinished.is_dir(), "the folder of a live writer was taken away"
    finally:
        child.send_signal(signal.SIGKILL)
        child.wait()
        child.stdout.close()
    assert unfinished.is_dir()
    assert Store.open(path).samples == 20
    write_store(path, iter(signals), **arguments)
    assert [entry.name for entry in tmp_path.iterdir()] == ["store"]


def test_a_full_disk_leaves_nothing(tmp_path):
    limit = "import resource; resource.setrlimit(resource.RLIMIT_FSIZE, (1_000_000, 1_000_000))\n"
    child = subprocess.run(
        [sys.executable, "-c", limit + CHILD.format(pause="pass"), str(tmp_path / "store")],
        capture_output=True,
        text=True,
    )
    assert "TwelveLeadError" in child.stderr.splitlines()[-1]
    assert "cannot be written (File too large)" in child.stderr.splitlines()[-1]
    assert not any(tmp_path.iterdir())


def test_a_folder_without_permission_is_an_error(tmp_path, store_arguments):
    (tmp_path / "file").touch()
    signals, arguments = store_arguments()
    with pytest.raises(TwelveLeadError, match="cannot be written"):
        write_store(tmp_path / "file" / "store", iter(signals), **arguments)


def test_what_is_no_store_is_named(tmp_path, small_store):
    with pytest.raises(Unreadable, match="no such store; make it with"):
        Store.open(tmp_path / "nothing")
    with pytest.raises(Unreadable, match="not a store"):
        Store.open(tmp_path)
    about = small_store.path / "store.json"
    written = json.loads(about.read_text())
    about.write_text(json.dumps(written | {"version": 3}))
    with pytest.raises(Unreadable, match=r"store of version 3, and this twelvelead reads versions 1 and 2"):
        Store.open(small_store.path)
    about.write_text(json.dumps(written | {"records": "many"}))
    with pytest.raises(Unreadable, match=r"store\.json: damaged"):
        Store.open(small_store.path)
    about.write_text(about.read_text()[:100])
    with pytest.raises(Unreadable, match="missing or damaged"):
        Store.open(small_store.path)


@pytest.mark.parametrize("name", ["signals.npy", "likelihoods.npy", "columns/fold.npy"])
def test_damage_is_named(small_store, name):
    file = small_store.path / name
    whole = file.read_bytes()
    file.write_bytes(b"x" * len(whole))
    store = Store.open(small_store.path)
    with pytest.raises(Unreadable, match=f"{name}: damaged"):
        _ = store.signals, store.likelihoods, store.column("fold")
    file.write_bytes(whole[:-1])
    with pytest.raises(Unreadable, match=name):
        Store.open(small_store.path)
    file.unlink()
    with pytest.raises(Unreadable, match=name):
        Store.open(small_store.path)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=5,
)
FIELDS = [
    "version",
    "files",
    "records",
    "samples",
    "sampling_rate",
    "leads",
    "statements",
    "tasks",
    "source",
    "synthetic",
]


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(field=st.sampled_from(FIELDS), value=JSON)
def test_a_mangled_description_gives_our_error_or_a_store(small_store, field, value):
    about = small_store.path / "store.json"
    written = about.read_text()
    about.write_text(json.dumps(json.loads(written) | {field: value}))
    try:
        store = Store.open(small_store.path)
        _ = store.signals, store.likelihoods, len(store)
    except Unreadable:
        pass
    finally:
        about.write_text(written)


def test_opening_touches_no_array_and_is_fast(tmp_path, store_arguments):
    signals, arguments = store_arguments(records=500, samples=1000)
    write_store(tmp_path / "store", iter(signals), **arguments)
    times = []
    for _ in range(5):
        start = time.perf_counter()
        Store.open(tmp_path / "store")
        times.append(time.perf_counter() - start)
    assert min(times) < 0.05


def test_notes_are_kept_where_they_are_known(tmp_path, store_arguments, small_store):
    signals, arguments = store_arguments()
    noted = np.array([True, False, True, False, False, True])
    columns = arguments["columns"] | {"static_noise": noted}
    store = write_store(tmp_path / "noted", iter(signals), **(arguments | {"columns": columns}))
    assert store.notes == Store.open(store.path).notes == ("static_noise",)
    assert store.column("static_noise").tolist() == noted.tolist()
    assert store.data_hash != small_store.data_hash
    assert small_store.notes == ()
    with pytest.raises(KeyError, match="static_noise"):
        small_store.column("static_noise")
    with pytest.raises(ValueError, match="may be notes"):
        write_store(tmp_path / "other", iter(signals), **(arguments | {"columns": columns | {"mood": noted}}))


def test_an_unknown_column_is_named(small_store):
    with pytest.raises(KeyError, match="height"):
        small_store.column("height")


def test_relative_paths(tmp_path, store_arguments, monkeypatch):
    monkeypatch.chdir(tmp_path)
    signals, arguments = store_arguments()
    write_store("store", iter(signals), **arguments)
    assert len(Store.open(Path("store"))) == 6


def test_millivolts_are_those_of_the_signals_and_of_training(generated_store):
    from twelvelead.training.crops import millivolts

    rows = np.array([3, 0, 7])
    given = generated_store.millivolts(rows)
    assert given.dtype == np.float32
    np.testing.assert_allclose(given, generated_store.signals[rows] / 1000, rtol=1e-6)
    np.testing.assert_array_equal(given, millivolts(generated_store.signals[rows]).numpy())
    np.testing.assert_array_equal(generated_store.millivolts(3), given[0])
    np.testing.assert_array_equal(generated_store.millivolts(slice(7, 8)), given[2:])
