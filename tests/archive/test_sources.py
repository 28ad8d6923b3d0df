"""Files, folders, patterns and lists become inputs, one after another."""

from itertools import islice

import numpy as np
import pytest

from twelvelead.archive.inputs import Shard
from twelvelead.archive.sources import Sources
from twelvelead.errors import TwelveLeadError
from twelvelead.readers import find


@pytest.fixture
def tree(tmp_path):
    for number in range(20):
        path = tmp_path / "tree" / f"{number % 4}" / f"{number}.npy"
        path.parent.mkdir(parents=True, exist_ok=True)
        np.save(path, np.zeros(1))
    return tmp_path / "tree"


def sources(*names, **how):
    return [given.source for given in Sources([str(name) for name in names], **how)]


def test_folders_patterns_and_files_are_gone_through_in_order(tree):
    assert sources(tree) == [str(path) for path in sorted(tree.rglob("*.npy"))]
    assert sources(tree / "1", tree / "absent.npy", tree / "2/*.npy") == [
        *(str(path) for path in sorted((tree / "1").iterdir())),
        str(tree / "absent.npy"),
        *(str(path) for path in sorted((tree / "2").iterdir())),
    ]


def test_a_folder_is_opened_when_its_turn_comes(tree, monkeypatch):
    opened = []
    real = find.os.scandir
    monkeypatch.setattr(find.os, "scandir", lambda folder: opened.append(str(folder)) or real(folder))
    assert len(list(islice(Sources([str(tree)]), 3))) == 3
    assert opened == [str(tree), str(tree / "0")]


def test_shards_have_nothing_in_common_and_leave_nothing_out(tree):
    shares = [set(sources(tree, shard=Shard(k, 3))) for k in (1, 2, 3)]
    assert sum(map(len, shares)) == 20
    assert set.union(*shares) == set(sources(tree))


def test_what_is_passed_over_is_known_afterwards(tree):
    (tree / "notes.pdf").write_bytes(b"%PDF")
    (tree / "empty").mkdir()
    going = Sources([str(tree), str(tree / "empty")])
    assert len(list(going)) == len(list(going)) == 20
    assert going.found.passed_over == {".pdf": 1}
    assert [str(fault) for fault in going.found.faults] == [
        f"{tree / 'empty'}: a folder without a recording; check the path"
    ]


def test_a_list_of_records_is_taken_by_its_word(tmp_path):
    (tmp_path / "part").mkdir()
    (tmp_path / "RECORDS").write_text("a/1\n\na/2\npart/\n")
    (tmp_path / "part" / "RECORDS").write_text("3\n")
    assert sources(tmp_path / "RECORDS") == [str(tmp_path / name) for name in ("a/1.hea", "a/2.hea", "part/3.hea")]


def test_two_paths_on_one_line_are_read_apart_unless_a_record_is_called_so(tmp_path):
    (tmp_path / "RECORDS").write_text("records100/1_lrrecords500/1_hr\nmyrecords1\n")
    (tmp_path / "myrecords1.hea").touch()
    wanted = ("records100/1_lr.hea", "records500/1_hr.hea", "myrecords1.hea")
    assert sources(tmp_path / "RECORDS") == [str(tmp_path / name) for name in wanted]


@pytest.mark.parametrize("line", ["./", "././"])
def test_a_list_does_not_lead_back_to_itself(tmp_path, line):
    (tmp_path / "RECORDS").write_text(f"1\n{line}\n")
    with pytest.raises(TwelveLeadError, match="RECORDS: line 2 names its own folder"):
        sources(tmp_path / "RECORDS")


@pytest.mark.parametrize("line", ["/etc/passwd", "../other/1", "a/../../1"])
def test_a_list_leads_nowhere_else(tmp_path, line):
    (tmp_path / "RECORDS").write_text(f"1\n{line}\n")
    with pytest.raises(TwelveLeadError, match="RECORDS: line 2 leads out of its folder"):
        sources(tmp_path / "RECORDS")
