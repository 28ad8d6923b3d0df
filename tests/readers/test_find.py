"""Folders and patterns."""

import os
import shutil

import pytest

from twelvelead.errors import Unreadable
from twelvelead.naming import path_of
from twelvelead.readers import read
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
    found = recordings([tree])
    assert names(found.files, tree) == [
        "b0/IM0001",
        "b0/muse.xml",
        "b0/r.csv",
        "b1/r.dcm",
        "b1/r.npy",
        "b1/r4.mat",
        "r.hea",
    ]
    assert not found.faults
    assert found.passed_over == {"hidden": 1, ".csv": 1, ".txt": 1, ".xml": 1}
    assert found.passed_over_in_words() == "4 files are no recordings: 1 .csv, 1 .txt, 1 .xml, 1 hidden"


def test_patterns(tree, monkeypatch):
    assert names(recordings([f"{tree}/*/r.*"]).files, tree) == ["b0/r.csv", "b1/r.dcm", "b1/r.npy"]
    assert names(recordings([f"{tree}/**/*.xml"]).files, tree) == ["b0/muse.xml"]
    monkeypatch.chdir(tree)
    assert next(map(str, recordings(["b?"]).files)) == "b0/IM0001"


def test_named_files_stay_as_they_are_and_come_once(tree):
    first, other = tree / "r.hea", tree / "none.csv"
    found = recordings([first, other, first, tree / "notes.txt"])
    assert (found.files, found.faults, found.passed_over) == ([first, other, tree / "notes.txt"], [], {})
    found = recordings([tree / "b1", tree]).files
    assert len(found) == len(set(found)) == 7


def test_what_holds_nothing_is_named(tree):
    (tree / "empty").mkdir()
    found = recordings([tree / "empty", f"{tree}/*.zip", tree / "r.hea"])
    assert found.files == [tree / "r.hea"]
    assert [str(fault).partition(": ")[2] for fault in found.faults] == [
        "a folder without a recording; check the path",
        "a pattern without a recording; check the path",
    ]


def test_a_name_with_signs_of_a_pattern_is_a_file(tmp_path):
    path = tmp_path / "a[1].csv"
    path.touch()
    assert recordings([path]).files == [path]


def test_a_folder_without_permission_is_named(tree, monkeypatch):
    real = os.scandir

    def scandir(path):
        if os.fspath(path).endswith("b1"):
            raise PermissionError(13, "Permission denied", os.fspath(path))
        return real(path)

    monkeypatch.setattr(os, "scandir", scandir)
    found = recordings([tree])
    assert len(found.files) == 4
    assert [str(fault) for fault in found.faults] == [
        f"{tree / 'b1'}: Permission denied; check the permissions of the folder"
    ]


def test_what_is_no_recording_is_counted_by_its_kind(tmp_path, writers, counts):
    ecg = writers["EDF"](tmp_path, counts[:500], 500)
    for name, content in {
        "a.pdf": b"%PDF-1.7",
        "b.PDF": b"%PDF-1.7",
        "scan": b"%PDF-1.7",
        "picture": b"\x89PNG",
        "DICOMDIR": bytes(128) + b"DICM",
        "report.jane_doe_1950": b"words",
        "r.atr": b"\0\1",
    }.items():
        (tmp_path / name).write_bytes(content)
    found = recordings([tmp_path])
    assert found.files == [ecg]
    assert found.passed_over == {
        ".pdf": 2,
        "PDF": 1,
        "picture and no recording": 1,
        "DICOMDIR": 1,
        "without a suffix": 1,
        ".atr": 1,
    }


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no named pipes here")
@pytest.mark.parametrize("name", ["pipe", "pipe.csv", "pipe.hea", "pipe.edf", "pipe.npy"])
def test_a_pipe_blocks_nothing(tmp_path, writers, counts, name):
    ecg = writers["MATLAB 4"](tmp_path, counts[:500], 500)
    os.mkfifo(tmp_path / name)
    with pytest.raises(Unreadable, match="a pipe, a device or a socket, and no regular file"):
        read(tmp_path / name)
    assert ecg in recordings([tmp_path]).files


@pytest.mark.skipif(os.sep == "\\", reason="names are bytes on POSIX alone")
def test_names_that_are_not_utf_8(tmp_path, writers, counts):
    ecg = writers["EDF"](tmp_path, counts[:500], 500)
    strange = os.fsencode(tmp_path) + b"/m\xfcller\n.edf"
    os.rename(ecg, strange)  # noqa: PTH104
    (found,) = recordings([tmp_path]).files
    assert os.fsencode(found) == strange
    assert read(found).source.endswith("m\\xfcller\\x0a.edf")
    assert os.fsencode(path_of(read(found).source)) == strange
    with pytest.raises(Unreadable, match=r"m\\xfcller") as raised:
        read(found, sampling_rate=3)
    str(raised.value).encode()
