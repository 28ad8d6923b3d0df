"""What is put into a watched folder is taken once it is whole, and moved away once it is kept."""

import io
import os
import shutil
from pathlib import Path

import numpy as np
import pytest

from hospital import as_file, ecg_object, until
from twelvelead.ecg.synthetic import synthetic_ecg
from twelvelead.errors import TwelveLeadError
from twelvelead.gateway import folder as folders
from twelvelead.gateway.folder import Watched
from twelvelead.gateway.settings import Folder


@pytest.fixture
def inbox(tmp_path):
    (tmp_path / "in").mkdir()
    return tmp_path / "in"


@pytest.fixture
def made(parts):
    return parts()


@pytest.fixture
def watched(made, inbox):
    """watched(**settings) -> a watched folder, whose files need not lie still."""

    def make(**settings):
        return Watched(Folder(**{"path": inbox, "settle_seconds": 0} | settings), *shared)

    shared = (made.inbox, made.state, made.metrics)
    return make


def left(inbox):
    return sorted(
        str(path.relative_to(inbox)) for path in inbox.rglob("*") if path.is_file() and path.name != "README.txt"
    )


def write_wfdb(folder, name="r"):
    counts = np.rint(synthetic_ecg("normal", sampling_rate=500).signal * 1000).astype("<i2")
    lines = [f"{name} 12 500 {len(counts)}"]
    leads = synthetic_ecg("normal", sampling_rate=500).leads
    lines += [f"{name}.dat 16 1000/mV 16 0 {counts[0, column]} 0 0 {lead}" for column, lead in enumerate(leads)]
    return "\n".join(lines).encode() + b"\n", counts.tobytes()


def test_every_file_is_kept_and_moved_and_the_same_bytes_again_are_kept_once(made, watched, inbox):
    content = as_file(ecg_object())
    (inbox / "ward 3").mkdir()
    (inbox / "ward 3" / "DOE_JANE.dcm").write_bytes(content)
    (inbox / "again.dcm").write_bytes(content)
    watched().look()
    assert left(inbox) == ["done/again.dcm", "done/ward 3/DOE_JANE.dcm"]
    (recording,) = made.recordings()
    assert made.originals() == [content]
    assert made.jobs("report", "queued")[0].recording == recording.id
    with made.ledger.view() as books:
        assert "DOE" not in repr([books.recordings.files(recording.id), list(books.audit.rows())])


def test_a_file_of_a_name_that_is_done_already_is_kept_beside_it(watched, inbox):
    looking = watched()
    for number in range(3):
        (inbox / "ecg.dcm").write_bytes(as_file(ecg_object(instance=f"1.2.{number}")))
        looking.look()
    assert left(inbox) == ["done/ecg-2.dcm", "done/ecg-3.dcm", "done/ecg.dcm"]


def test_a_file_that_is_still_written_is_waited_for(made, watched, inbox, monkeypatch):
    content = as_file(ecg_object())
    now = [100.0]
    monkeypatch.setattr(folders.time, "monotonic", lambda: now[0])
    looking = watched(settle_seconds=2)
    with (inbox / "ecg.dcm").open("wb") as stream:
        for start in range(0, len(content), 40_000):
            stream.write(content[start : start + 40_000])
            stream.flush()
            looking.look()
            now[0] += 1.9
    looking.look()
    assert made.recordings() == ()
    now[0] += 0.2
    looking.look()
    assert made.originals() == [content]


def test_hidden_partial_and_system_files_are_left_alone(made, watched, inbox):
    for name in (".ecg.dcm", "ecg.dcm.part", "~ecg.dcm", "Thumbs.db", "ecg.tmp"):
        (inbox / name).write_bytes(as_file(ecg_object()))
    watched().look()
    assert (made.recordings(), len(left(inbox))) == ((), 5)


def test_the_files_of_a_wfdb_record_are_one_recording_whichever_comes_first(made, watched, inbox, monkeypatch):
    now = [100.0]
    monkeypatch.setattr(folders.time, "monotonic", lambda: now[0])
    header, signal = write_wfdb(inbox)
    looking = watched()
    (inbox / "r.dat").write_bytes(signal)
    looking.look()
    assert left(inbox) == ["r.dat"]
    (inbox / "r.hea").write_bytes(header)
    looking.look()
    assert left(inbox) == ["done/r.dat", "done/r.hea"]
    (recording,) = made.recordings()
    with made.ledger.view() as books:
        assert [file.name for file in books.recordings.files(recording.id)] == ["recording.hea", "r.dat"]
    (inbox / "r.hea").write_bytes(header)
    looking.look()
    assert left(inbox)[-1] == "r.hea"


def test_a_part_whose_other_never_comes_is_dealt_with_in_the_end(made, watched, inbox, monkeypatch):
    now = [100.0]
    monkeypatch.setattr(folders.time, "monotonic", lambda: now[0])
    (inbox / "alone.dat").write_bytes(b"\1\2" * 1000)
    looking = watched()
    looking.look()
    now[0] += folders.PATIENCE_SECONDS + 1
    looking.look()
    assert left(inbox) == ["failed/alone.dat"]
    (listed,) = made.jobs("receive", "dead")
    assert listed.reason.startswith("unknown-format: not a recording of a known kind")


def test_what_is_no_recording_goes_to_the_failures_and_the_rest_goes_on(made, watched, inbox):
    (inbox / "1 letter.pdf").write_bytes(b"%PDF-1.4")
    (inbox / "2 empty.dcm").write_bytes(b"")
    (inbox / "3 ecg.dcm").write_bytes(as_file(ecg_object()))
    watched().look()
    assert left(inbox) == ["done/3 ecg.dcm", "failed/1 letter.pdf", "failed/2 empty.dcm"]
    assert len(made.recordings()) == 1
    assert len(made.jobs("receive", "dead")) == 2


def test_a_file_as_it_states_nothing_is_read_by_the_folder_s_options(made, watched, inbox):
    buffer = io.BytesIO()
    np.save(buffer, (synthetic_ecg("normal", sampling_rate=500).signal * 1000).astype(np.float32))
    (inbox / "ecg.npy").write_bytes(buffer.getvalue())
    watched(options={"sampling_rate": 500, "unit": "uV"}).look()
    reporting = made.reporting()
    with made.running(reporting.run):
        until(lambda: made.recordings()[0].state == "interpreted")


def test_while_nothing_can_be_kept_files_stay(made, watched, inbox, monkeypatch):
    def full(*contents):
        raise TwelveLeadError("no space left", code="not-writable")

    (inbox / "ecg.dcm").write_bytes(as_file(ecg_object()))
    looking = watched()
    monkeypatch.setattr(made.ledger, "begin", full)
    looking.look()
    looking.look()
    assert left(inbox) == ["ecg.dcm"]
    monkeypatch.undo()
    made.inbox.watch()
    looking.look()
    assert left(inbox) == ["done/ecg.dcm"]


def test_what_cannot_be_moved_is_told_and_not_taken_again(made, watched, inbox, monkeypatch):
    def refuse(*arguments):
        raise PermissionError(13, "Permission denied")

    (inbox / "ecg.dcm").write_bytes(as_file(ecg_object()))
    looking = watched()
    monkeypatch.setattr(folders.shutil, "move", refuse)
    for _ in range(3):
        looking.look()
    assert made.state.faults == {"folder in": "files cannot be moved: Permission denied"}
    with made.ledger.view() as books:
        assert sum(row.event.action == "receive" for row in books.audit.rows()) == 1
    monkeypatch.undo()
    looking.look()
    assert (made.state.faults, left(inbox)) == ({}, ["done/ecg.dcm"])


def test_it_runs_until_it_is_told_to_stop_and_other_folders_may_be_named(made, watched, inbox, tmp_path):
    looking = watched(done=tmp_path / "elsewhere", failed=tmp_path / "bad", settle_seconds=0.1)
    with made.running(looking.run):
        (inbox / "ecg.dcm").write_bytes(as_file(ecg_object()))
        until(lambda: (tmp_path / "elsewhere" / "ecg.dcm").exists())
    assert len(made.recordings()) == 1


def test_a_folder_that_is_not_there_is_told_before_anything_starts(watched, tmp_path):
    with pytest.raises(TwelveLeadError, match="no such folder"):
        watched(path=tmp_path / "none")


def test_every_format_of_the_shared_files_is_taken(made, watched, inbox, shared_formats):
    for path in shared_formats.iterdir():
        if path.suffix in (".scp", ".xml", ".dcm", ".hea", ".mat", ".dat", ".xyz") and "invalid" not in path.name:
            shutil.copy(path, inbox / path.name)
    os.sync()
    looking = watched()
    looking.look()
    assert {Path(name).parts[0] for name in left(inbox)} == {"done"}
    with made.running(made.reporting().run):
        until(lambda: all(each.state != "received" for each in made.recordings()), 120)
    assert {each.state for each in made.recordings()} <= {"interpreted", "refused"}
    assert {each.kind for each in made.recordings()} == {"dicom", "scp", "xml", "wfdb"}
