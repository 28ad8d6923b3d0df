"""Folders and patterns."""

import os
import shutil

import pytest

from twelvelead.readers.find import recordings


@pytest.fixture
def tree(tmp_path, writers, counts):
    for number, kind in enumerate(("EDF", "DICOM", "GE MUSE XML", "MATLAB 4", "CSV", "NPY")):
        folder = tmp_path / "ecgs" / f"b{number % 2}"
        folder.mkdir(parents=True, exist_ok=True)
        writers[kind](folder, counts[:500], 500)
    writers["WFDB"](tmp_path / "ecgs", counts[:500], 500)
    writers["MATLAB"](tmp_path / "ecgs", counts[:500], 500).rename(tmp_path / "ecgs" / "r.mat")
    (tmp_path / "ecgs" / "b0" / "r.edf").rename(tmp_path / "ecgs" / "b0" / "IM0001")
    (tmp_path / "ecgs" / "notes.txt").write_text("I, II and III are leads")
    (tmp_path / "ecgs" / "labels.csv").write_text("id,age\n1,80\n")
    (tmp_path / "ecgs" / "page.xml").write_text("<html/>")
    (tmp_path / "ecgs" / ".hidden").mkdir()
    shutil.copy(tmp_path / "ecgs" / "r.hea", tmp_path / "ecgs" / ".hidden" / "r.hea")
    return tmp_path / "ecgs"


def names(found, tree):
    return [str(path.relative_to(tree)) for path in found]


def test_a_folder(tree):
    found, faults = recordings([tree])
    assert names(found, tree) == ["b0/IM0001", "b0/muse.xml", "b0/r.csv", "b1/r.dcm", "b1/r.npy", "b1/r4.mat", "r.hea"]
    assert not faults


def test_patterns(tree, monkeypatch):
    assert names(recordings([f"{tree}/*/r.*"])[0], tree) == ["b0/r.csv", "b1/r.dcm", "b1/r.npy"]
    assert names(recordings([f"{tree}/**/*.xml"])[0], tree) == ["b0/muse.xml"]
    monkeypatch.chdir(tree)
    assert next(map(str, recordings(["b?"])[0])) == "b0/IM0001"


def test_named_files_stay_as_they_are_and_come_once(tree):
    first, other = tree / "r.hea", tree / "none.csv"
    assert recordings([first, other, first, tree / "notes.txt"]) == ([first, other, tree / "notes.txt"], [])
    found, _ = recordings([tree / "b1", tree])
    assert len(found) == len(set(found)) == 7


def test_what_holds_nothing_is_named(tree):
    (tree / "empty").mkdir()
    found, faults = recordings([tree / "empty", f"{tree}/*.zip", tree / "r.hea"])
    assert found == [tree / "r.hea"]
    assert [str(fault).partition(": ")[2] for fault in faults] == [
        "a folder without a recording; check the path",
        "a pattern without a recording; check the path",
    ]


def test_a_name_with_signs_of_a_pattern_is_a_file(tmp_path):
    path = tmp_path / "a[1].csv"
    path.touch()
    assert recordings([path]) == ([path], [])


def test_a_folder_without_permission_is_named(tree, monkeypatch):
    real = os.scandir

    def scandir(path):
        if os.fspath(path).endswith("b1"):
            raise PermissionError(13, "Permission denied", os.fspath(path))
        return real(path)

    monkeypatch.setattr(os, "scandir", scandir)
    found, faults = recordings([tree])
    assert len(found) == 4
    assert [str(fault) for fault in faults] == [
        f"{tree / 'b1'}: Permission denied; check the permissions of the folder"
    ]
