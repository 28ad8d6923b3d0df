"""The table in parts: closed when full or old, whole after any interruption."""

from contextlib import contextmanager

import pyarrow.parquet as pq
import pytest

from twelvelead.errors import TwelveLeadError
from twelvelead.inference import dataset
from twelvelead.inference.dataset import Dataset

FIELDS = {"source": "string", "status": "string", "findings": "list<string>"}


@pytest.fixture
def clock(monkeypatch):
    now = [100.0]
    monkeypatch.setattr(dataset.time, "monotonic", lambda: now[0])
    return now


def row(number):
    return {"source": str(number), "status": "ok", "findings": ["age"]}


def parts(folder):
    return sorted(path.name for path in folder.iterdir())


def test_a_part_is_closed_when_its_first_row_is_old(tmp_path, clock):
    table = Dataset(tmp_path, FIELDS, {})
    table.add([row(1)])
    clock[0] += 9
    table.add([row(2)])
    assert parts(tmp_path) == []
    clock[0] += 2
    table.add([])
    assert parts(tmp_path) == ["part-00000.parquet"]
    clock[0] += 100
    table.add([row(3)])
    assert parts(tmp_path) == ["part-00000.parquet"]
    assert Dataset(tmp_path, FIELDS, {}).done == {"1", "2"}


def test_a_part_is_closed_when_it_is_full(tmp_path, clock):
    table = Dataset(tmp_path, FIELDS, {})
    table.add(row(number) for number in range(dataset.ROWS))
    assert pq.read_table(tmp_path).num_rows == dataset.ROWS


def test_writing_that_was_cut_off_is_repeated_without_doubles(tmp_path, monkeypatch):
    table = Dataset(tmp_path, FIELDS, {})
    table.add([row(1), row(2)])

    class Stop(BaseException):
        pass

    real = dataset.replacing

    @contextmanager
    def stopped(path):
        with real(path) as partial:
            yield partial
        raise Stop

    with monkeypatch.context() as patch:
        patch.setattr(dataset, "replacing", stopped)
        with pytest.raises(Stop):
            table.close_part()
    table.close_part()
    assert pq.read_table(tmp_path).column("source").to_pylist() == ["1", "2"]
    assert len(parts(tmp_path)) == 1


def test_what_a_killed_process_left_half_written_is_removed(tmp_path):
    (tmp_path / ".part-00007.parquet.123.part").write_bytes(b"PAR1")
    Dataset(tmp_path, FIELDS, {})
    assert parts(tmp_path) == []


def test_a_table_of_an_earlier_version_is_not_gone_on_with(tmp_path, monkeypatch):
    table = Dataset(tmp_path, FIELDS, {})
    table.add([row(1)])
    table.close_part()
    monkeypatch.setattr(dataset, "FORMAT", dataset.FORMAT + 1)
    with pytest.raises(TwelveLeadError, match="begun by another version"):
        Dataset(tmp_path, FIELDS, {})
