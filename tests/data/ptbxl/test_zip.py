import zipfile

import numpy as np
import pytest
from typer.testing import CliRunner

from twelvelead.cli.ptbxl import app
from twelvelead.data.ptbxl.download_zip import NAME, download_zip
from twelvelead.data.ptbxl.prepare import prepare
from twelvelead.errors import TwelveLeadError, Unreadable

KEY = "/content/ptb-xl/get-zip/1.0.3/"


@pytest.fixture
def get(server, release_zip, tmp_path):
    server.zip = release_zip

    def get(**changes):
        return download_zip(tmp_path / "dest", **{"base_url": server.url, "timeout": 1.0, "attempts": 4} | changes)

    return get


def test_it_arrives_and_is_not_fetched_twice(get, server, release_zip, tmp_path):
    got = get()
    assert (got.files, got.fetched) == (28, 28)
    assert [path.name for path in (tmp_path / "dest").iterdir()] == [NAME]
    assert (tmp_path / "dest" / NAME).read_bytes() == release_zip.read_bytes()
    assert get().fetched == 0
    assert server.asked[KEY] == 1


@pytest.mark.parametrize("fault", ["cut", "stall", "long"])
def test_it_goes_on_where_it_broke_off(get, server, release_zip, tmp_path, fault):
    server.faults = {KEY: [fault, "503", fault]}
    get()
    assert (tmp_path / "dest" / NAME).read_bytes() == release_zip.read_bytes()
    assert server.ranges
    assert all(not wanted.startswith("bytes=0-") for wanted in server.ranges)


def test_a_later_call_goes_on(get, server, release_zip, tmp_path):
    server.faults = {KEY: ["cut"] * 9}
    with pytest.raises(TwelveLeadError, match=r"broke off .*run it again, it goes on there"):
        get(attempts=1)
    held = (tmp_path / "dest" / f"{NAME}.unfinished").stat().st_size
    assert held > release_zip.stat().st_size // 2
    server.faults, server.ranges = {}, []
    get()
    assert server.ranges == [f"bytes={held}-"]
    assert (tmp_path / "dest" / NAME).read_bytes() == release_zip.read_bytes()


def test_damaged_bytes_are_mended_by_their_range(get, server, release_zip, tmp_path):
    server.faults = {KEY: ["flip"]}
    get()
    assert len(server.ranges) == 1
    first, last = server.ranges[0].removeprefix("bytes=").split("-")
    assert int(last) - int(first) < release_zip.stat().st_size / 4
    assert (tmp_path / "dest" / NAME).read_bytes() == release_zip.read_bytes()


def test_what_is_no_zip(get, server, release_zip, tmp_path):
    server.faults = {KEY: ["short"]}
    with pytest.raises(TwelveLeadError, match="not a whole zip"):
        get()
    assert not any((tmp_path / "dest").iterdir())
    with pytest.raises(TwelveLeadError, match="the server answers 404"):
        get(base_url=server.url.replace("ptb-xl", "other"))
    with pytest.raises(TwelveLeadError, match="with --zip name the zip itself"):
        get(base_url="http://127.0.0.1:9/elsewhere/")


@pytest.mark.parametrize("rate", [100, 500])
def test_a_zip_makes_the_store_that_the_folder_makes(release, release_zip, tmp_path, rate):
    from_folder = prepare(release, tmp_path / "a", rate=rate).store
    from_zip = prepare(release_zip, tmp_path / "b", rate=rate).store
    assert from_zip.data_hash == from_folder.data_hash
    for file in (tmp_path / "a").rglob("*.*"):
        assert file.read_bytes() == (tmp_path / "b" / file.relative_to(tmp_path / "a")).read_bytes()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a", "b", "folder", "release.zip"]


def test_a_damaged_record_in_a_zip_is_left_out_and_named(release_zip, tmp_path):
    content = bytearray(release_zip.read_bytes())
    with zipfile.ZipFile(release_zip) as archive:
        info = next(info for info in archive.infolist() if info.filename.endswith("00003_lr.dat"))
    content[info.header_offset + 2000] ^= 0xFF
    release_zip.write_bytes(content)
    made = prepare(release_zip, tmp_path / "store")
    assert made.store.column("ecg_id").tolist() == [1, 2, 4, 5, 6]
    (line,) = made.bad
    assert "release.zip/records100/00000/00003_lr.dat: damaged in the zip" in line
    checked = CliRunner().invoke(app, ["verify", str(release_zip)])
    assert "00003_lr.dat: damaged in the zip" in checked.output
    assert "1 of 28 files are bad or missing" in str(checked.exception)


@pytest.mark.parametrize("share", [0.0, 0.3, 0.9, 0.999])
def test_a_truncated_zip_is_refused_before_anything_is_written(release_zip, tmp_path, share):
    content = release_zip.read_bytes()
    release_zip.write_bytes(content[: int(len(content) * share)])
    with pytest.raises(Unreadable, match=r"release\.zip: not a whole zip") as caught:
        prepare(release_zip, tmp_path / "store")
    assert "\n" not in str(caught.value)
    assert not (tmp_path / "store").exists()


def test_any_damage_to_a_zip_gives_our_error_or_a_store(release_zip, tmp_path):
    whole = release_zip.read_bytes()
    rng = np.random.default_rng(0)
    stored, said = 0, []
    for _ in range(60):
        content = np.frombuffer(whole, np.uint8).copy()
        # the directory of the zip at its end is hit as often as the files before it
        places = rng.integers(0, len(content), 20), len(content) - 1 - rng.integers(0, 4000, 3)
        content[places[int(rng.integers(2))]] ^= rng.integers(1, 255, dtype=np.uint8)
        release_zip.write_bytes(content.tobytes())
        try:
            stored += len(prepare(release_zip, tmp_path / "store").store) > 0
        except TwelveLeadError as error:
            said.append(str(error))
    assert stored
    assert said
    assert not any("\n" in line for line in said)


def test_another_zip(tmp_path):
    path = tmp_path / "other.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("something", "else")
    with pytest.raises(Unreadable, match=r"holds no ptbxl_database\.csv"):
        prepare(path, tmp_path / "store")
    with pytest.raises(Unreadable, match="no such folder"):
        prepare(tmp_path / "nothing.zip", tmp_path / "store")
