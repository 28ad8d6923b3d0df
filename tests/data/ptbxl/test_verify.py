import pytest
from hypothesis import given
from hypothesis import strategies as st
from typer.testing import CliRunner

from twelvelead.cli.ptbxl import app
from twelvelead.data.ptbxl.release import inside, read_records, read_sums
from twelvelead.data.ptbxl.verify import verify
from twelvelead.errors import TwelveLeadError, Unreadable

GLUED = "RECORDS: line 6 has 2 paths glued together (records100/00000/00006_lrrecords500/00000/00001_hr), read apart"


def test_a_whole_folder_and_its_zip(release, release_zip):
    for source in (release, release_zip):
        found = verify(source)
        assert (found.files, found.faults, found.notes) == (28, {}, (GLUED,))


def test_each_bad_and_each_missing_file_is_named(release):
    low = release / "records100/00000"
    (low / "00001_lr.dat").write_bytes(b"short")
    (low / "00002_lr.hea").unlink()
    (release / "ptbxl_database.csv").write_text("other")
    faults = {
        "ptbxl_database.csv": "other bytes than published",
        "records100/00000/00001_lr.dat": "other bytes than published",
        "records100/00000/00002_lr.hea": "missing",
    }
    assert verify(release).faults == faults
    assert list(verify(release, (500,)).faults) == ["ptbxl_database.csv"]
    run = CliRunner().invoke(app, ["verify", str(release)])
    assert isinstance(run.exception, TwelveLeadError)
    assert "3 of 28 files are bad or missing" in str(run.exception)
    for file, fault in faults.items():
        assert f"{release}/{file}: {fault}" in run.output


def test_a_rate_that_is_not_there_is_missing_only_when_asked_for(release):
    for file in (release / "records500/00000").iterdir():
        file.unlink()
    found = verify(release)
    assert (found.files, found.faults) == (16, {})
    assert "records500: nothing of it is there; not checked" in found.notes
    assert len(verify(release, (100, 500)).faults) == 12


def test_no_list_to_check_against(release, tmp_path):
    (release / "SHA256SUMS.txt").unlink()
    with pytest.raises(Unreadable, match=r"holds no readable SHA256SUMS\.txt"):
        verify(release)
    with pytest.raises(Unreadable, match="no such folder"):
        verify(tmp_path / "nowhere")


def test_records_with_its_glued_line():
    paths, notes = read_records(b"records100/00000/00001_lr\nrecords100/21000/21837_lrrecords500/00000/00001_hr\n")
    assert paths == ["records100/00000/00001_lr", "records100/21000/21837_lr", "records500/00000/00001_hr"]
    (note,) = notes
    assert "line 2 has 2 paths glued together" in note
    assert read_records(b"a\n\nb") == (["a", "b"], ())


@given(st.binary(max_size=300))
def test_any_bytes_are_no_list(content):
    with pytest.raises(Unreadable) as caught:
        read_sums(content, "SHA256SUMS.txt")
    assert "\n" not in str(caught.value)


@given(st.lists(st.sampled_from(["..", ".", "a", "/", "", "c:", "\\", "~", "b.dat"]), max_size=5).map("/".join))
def test_no_path_climbs_out(path):
    import os.path

    try:
        kept = inside(path)
    except ValueError:
        return
    assert os.path.normpath(f"/base/{kept}").startswith("/base")


def test_the_real_copy(ptbxl_folder):
    found = verify(ptbxl_folder)
    assert (found.files, found.faults, found.notes) == (802, {}, ())
