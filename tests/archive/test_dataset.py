"""The table in parts: closed when full or old, committed, whole after any interruption."""

import pytest

from twelvelead.archive import dataset, open_scores
from twelvelead.archive.dataset import writing
from twelvelead.archive.inputs import Shard
from twelvelead.archive.places import LocalPlace, Place
from twelvelead.errors import TwelveLeadError, Unreadable

FIELDS = {"source": "string", "status": "string", "findings": "list<string>"}


@pytest.fixture
def clock(monkeypatch):
    now = [100.0]
    monkeypatch.setattr(dataset.time, "monotonic", lambda: now[0])
    return now


@pytest.fixture(params=["local", "memory"])
def place(request, tmp_path):
    """A folder of this machine, and one behind fsspec."""
    if request.param == "local":
        return Place.of(tmp_path / "table")
    pytest.importorskip("fsspec")
    return Place.of(f"memory://{tmp_path}/table")


def row(number):
    return {"source": str(number), "status": "ok", "findings": ["age"]}


def sources(place):
    return open_scores(place).table(["source"]).column("source").to_pylist()


def test_a_part_is_closed_when_its_first_row_is_old(place, clock):
    with writing(place, FIELDS, {}) as table:
        table.add([row(1)])
        clock[0] += 9
        table.add([row(2)])
        assert place.names("part-") == []
        clock[0] += 2
        table.add([])
        assert len(place.names("part-")) == 1
        clock[0] += 100
        table.add([row(3)])
        assert sources(place) == ["1", "2"]
    assert sources(place) == ["1", "2", "3"]


def test_a_part_is_closed_when_it_is_full(place, clock, monkeypatch):
    monkeypatch.setattr(dataset, "ROWS", 1200)
    monkeypatch.setattr(dataset, "_PACKED", 100)
    with writing(place, FIELDS, {}) as table:
        for first in range(0, 1300, 130):
            table.add(map(row, range(first, first + 130)))
        assert len(place.names("part-")) == 1
    assert sources(place) == [str(number) for number in range(1300)]


def test_what_is_not_committed_is_not_read_and_is_replaced(place):
    class Killed(BaseException):
        pass

    def killed(name, content):
        raise Killed

    def until_killed():
        with pytest.MonkeyPatch.context() as patch, writing(place, FIELDS, {}) as table:
            table.add([row(1)])
            table.close_part()
            table.add([row(2)])
            real = place.write
            patch.setattr(place, "write", lambda name, *how: (killed if name.startswith("_") else real)(name, *how))

    with pytest.raises(Killed):
        until_killed()
    assert len(place.names("part-")) == 2
    assert sources(place) == ["1"]
    with writing(place, FIELDS, {}) as table:
        assert len(table.done) == 1
        table.add([row(2), row(3)])
    assert sources(place) == ["1", "2", "3"]
    assert len(place.names("part-")) == 2


def test_closing_that_was_cut_off_is_repeated_without_doubles(place):
    class Stop(BaseException):
        pass

    with writing(place, FIELDS, {}) as table:
        table.add([row(1), row(2)])
        real = place.write
        with pytest.MonkeyPatch.context() as patch:

            def stopped(name, content):
                real(name, content)
                if name.startswith("_"):
                    raise Stop

            patch.setattr(place, "write", stopped)
            with pytest.raises(Stop):
                table.close_part()
    assert sources(place) == ["1", "2"]


def test_shards_stand_beside_each_other_and_are_read_as_one(place):
    for number in (1, 2):
        with writing(place, FIELDS, {}, Shard(number, 2)) as table:
            assert not table.done
            table.add([row(number)])
    assert sorted(sources(place)) == ["1", "2"]
    assert open_scores(place).statuses == {"ok": 2}
    assert open_scores(place).settings == {"format": dataset.FORMAT, "shards": 2}
    with (
        pytest.raises(TwelveLeadError, match="begun with shards 2, not 3; name another folder"),
        writing(place, FIELDS, {}, Shard(1, 3)),
    ):
        pass


def test_a_table_without_rows_has_its_columns(place):
    with writing(place, FIELDS, {}):
        pass
    assert open_scores(place).table().column_names == list(FIELDS)


@pytest.mark.parametrize(
    ("fields", "settings", "said"),
    [
        (FIELDS, {"weights": "b"}, 'begun with weights "a", not "b"'),
        (FIELDS | {"age": "float32"}, {"weights": "a"}, "begun with other columns, such as age"),
    ],
)
def test_other_settings_are_refused_and_change_nothing(place, fields, settings, said):
    with writing(place, FIELDS, {"weights": "a"}) as table:
        table.add([row(1)])
    before = {name: place.read(name) for name in place.names("")}
    with pytest.raises(TwelveLeadError, match=said), writing(place, fields, settings):
        pass
    assert {name: place.read(name) for name in place.names("")} == before


def test_a_table_of_an_earlier_version_is_not_gone_on_with(place, monkeypatch):
    with writing(place, FIELDS, {}):
        pass
    monkeypatch.setattr(dataset, "FORMAT", dataset.FORMAT + 1)
    with pytest.raises(TwelveLeadError, match="begun by another version"), writing(place, FIELDS, {}):
        pass
    place.remove("_manifest.json")
    place.write("part-00000.parquet", b"PAR1")
    with pytest.raises(TwelveLeadError, match="begun by another version"), writing(place, FIELDS, {}):
        pass


@pytest.mark.parametrize("name", ["_manifest.json", "_committed-0001-of-0001.json", "part-"])
def test_damage_is_one_line_that_names_the_file(place, name):
    with writing(place, FIELDS, {}) as table:
        table.add([row(1)])
    (name,) = place.names(name)
    place.write(name, b"torn")
    with pytest.raises(Unreadable, match=rf"{name}: damaged.*begin in another folder"), writing(place, FIELDS, {}):
        pass
    if name.startswith("part-"):
        place.remove(name)
        with pytest.raises(Unreadable, match=f"{name}: committed, but not there"):
            open_scores(place).table()


def test_where_no_table_is_says_how_to_make_one(place):
    with pytest.raises(Unreadable, match="no table of answers; make one with twelvelead score"):
        open_scores(place)


def test_what_a_killed_process_left_half_written_is_removed(tmp_path):
    (tmp_path / ".part-0001-of-0001-7.parquet.123.part").write_bytes(b"PAR1")
    (tmp_path / ".part-0002-of-0002-7.parquet.123.part").write_bytes(b"PAR1")
    with writing(LocalPlace(tmp_path), FIELDS, {}):
        pass
    assert [path.name for path in tmp_path.glob(".*")] == [".part-0002-of-0002-7.parquet.123.part"]
