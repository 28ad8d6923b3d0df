import hashlib
import shutil
import signal
import subprocess
import sys
import time

import pytest
from typer.testing import CliRunner

from twelvelead.cli.ptbxl import app
from twelvelead.data.ptbxl import download as module
from twelvelead.data.ptbxl.download import download
from twelvelead.data.ptbxl.prepare import prepare
from twelvelead.errors import TwelveLeadError, Unreadable

COMMON = {"LICENSE.txt", "RECORDS", "SHA256SUMS.txt", "ptbxl_database.csv", "scp_statements.csv"}
FIRST = "records100/00000/00001_lr.dat"
SECOND = "records100/00000/00002_lr.hea"


def files(folder):
    return {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}


def same(folder, other, names):
    return all((folder / name).read_bytes() == (other / name).read_bytes() for name in names)


@pytest.fixture
def get(server, tmp_path):
    """get(*rates, **changes) downloads into tmp_path / "dest" with short waits."""

    def get(*rates, dest=tmp_path / "dest", **changes):
        return download(dest, rates or (100,), **{"base_url": server.url, "timeout": 1.0, "attempts": 4} | changes)

    return get


@pytest.fixture(autouse=True)
def no_proxy(monkeypatch):
    for name in ("http_proxy", "https_proxy", "all_proxy", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)


@pytest.mark.parametrize(
    ("rates", "records", "number"), [((100,), {"100"}, 16), ((500,), {"500"}, 16), ((100, 500), {"100", "500"}, 28)]
)
def test_what_arrives_is_what_was_asked_for(get, release, tmp_path, rates, records, number):
    got = get(*rates)
    assert (got.files, got.fetched) == (number, number)
    there = files(tmp_path / "dest")
    assert {name[7:10] for name in there - COMMON} == records
    assert there >= COMMON
    assert same(release, tmp_path / "dest", there)
    assert len(prepare(tmp_path / "dest", tmp_path / "store", rate=rates[0]).store) == 6


def test_nothing_whole_is_fetched_again(get, server, release, tmp_path):
    get(100)
    server.asked.clear()
    assert get(100).fetched == 0
    assert set(server.asked) == {"SHA256SUMS.txt"}
    dest = tmp_path / "dest"
    (dest / FIRST).write_bytes((dest / FIRST).read_bytes()[:-1] + b"\x77")
    (dest / SECOND).unlink()
    server.asked.clear()
    assert get(100).fetched == 2
    assert dict(server.asked) == {"SHA256SUMS.txt": 1, FIRST: 1, SECOND: 1}
    assert same(release, dest, files(dest))


@pytest.mark.parametrize("fault", ["cut", "stall", "flip", "long", "short", "500"])
def test_a_fault_of_the_network_is_mended(get, server, release, tmp_path, fault):
    server.faults = {FIRST: [fault, fault], "ptbxl_database.csv": [fault]}
    get(100)
    assert server.asked[FIRST] == 3
    dest = tmp_path / "dest"
    assert same(release, dest, files(dest))
    assert not list(dest.rglob(".*"))


@pytest.mark.parametrize("status", ["503", "429"])
def test_a_busy_server_is_obeyed(get, server, release, tmp_path, status):
    server.faults = {FIRST: [status, status]}
    said = []
    get(100, progress=lambda what, *rest: said.append(what))
    first, second, third = server.times[FIRST]
    assert second - first >= 1.0
    assert third - second >= 1.0
    assert same(release, tmp_path / "dest", files(tmp_path / "dest"))
    assert any("busy server" in what for what in said)


def test_faults_everywhere(get, server, release, tmp_path):
    server.faults = {"*": ["cut", None, "flip", "503", None, "short", "long", "500", "cut", None, "429", "flip"]}
    get(100, 500, attempts=12)
    assert same(release, tmp_path / "dest", files(tmp_path / "dest"))


def test_a_file_that_stays_damaged_is_named_and_the_rest_kept(get, server, release, tmp_path):
    server.faults = {FIRST: ["flip"] * 4, SECOND: ["404"]}
    with pytest.raises(
        TwelveLeadError, match=r"2 of 16 files could not be fetched; the first: .*00001_lr\.dat: arrived 4 times"
    ):
        get(100)
    there = files(tmp_path / "dest")
    assert len(there) == 16 + 1 - 2
    assert not there & {FIRST, SECOND}
    assert get(100).fetched == 2


def test_a_server_that_is_not_there(get, tmp_path):
    with pytest.raises(TwelveLeadError, match=r"SHA256SUMS\.txt: .*check the network") as caught:
        get(base_url="http://127.0.0.1:9/files/ptb-xl/1.0.3/", attempts=1)
    assert "\n" not in str(caught.value)
    assert not (tmp_path / "dest").exists()


@pytest.mark.parametrize(
    ("url", "fault"),
    [
        ("ftp://host/files/ptb-xl/1.0.3/", "not an http"),
        ("physionet.org", "not an http"),
        ("http://host/files/ptb-xl/1.0.1/", "names release 1.0.1"),
    ],
)
def test_an_address_that_cannot_be(get, url, fault):
    with pytest.raises(TwelveLeadError, match=fault):
        get(base_url=url)


@pytest.mark.parametrize(
    ("change", "fault"),
    [
        (lambda text: text.replace("records100/00000/00001_lr.dat", "../../outside.dat"), "does not lie in the folder"),
        (lambda text: text.replace("records100/00000/00001_lr.dat", "/etc/outside.dat"), "does not lie in the folder"),
        (lambda text: "<html>\n" + text, "line 1 is '<html>'"),
        (lambda text: "\n".join(line for line in text.splitlines() if "statements" not in line), "does not list scp_"),
        (lambda text: text + text.splitlines()[0].replace("0", "1") + "\n", "listed with two sums"),
        (lambda text: text + f"{'0' * 64} ptbxl_v102_changelog.txt\n", "release 1.0.2"),
        (
            lambda text: text + "".join(f"{'0' * 64} records100/{n:05d}_lr.hea\n" for n in range(21831)),
            "lists 21,837 records, where release 1.0.3 has 21,799",
        ),
    ],
)
def test_a_list_that_cannot_be_is_refused_before_anything_is_written(get, release, tmp_path, change, fault):
    sums = release / "SHA256SUMS.txt"
    sums.write_text(change(sums.read_text()))
    with pytest.raises(Unreadable, match=fault) as caught:
        get(100)
    assert "\n" not in str(caught.value)
    assert not (tmp_path / "dest").exists()
    assert not (tmp_path / "outside.dat").exists()


def test_more_than_the_free_disk_is_asked_for(get, server, tmp_path, monkeypatch):
    usage = shutil.disk_usage(tmp_path)
    monkeypatch.setattr(module.shutil, "disk_usage", lambda path: usage._replace(free=1000))
    asked = []

    def consent(needed, free):
        asked.append((needed > 6 * 24_000, free))
        return False

    with pytest.raises(TwelveLeadError, match=r"needs 0\.0 GB and 0\.0 GB are free"):
        get(100, consent=consent)
    assert asked == [(True, 1000)]
    assert not any((tmp_path / "dest").iterdir())
    assert get(100, consent=lambda needed, free: True).fetched == 16
    assert get(100).fetched == 0


def test_through_a_proxy(get, server, release, tmp_path, monkeypatch):
    """The host is none that can be found: only the proxy can answer for it."""
    monkeypatch.setenv("http_proxy", f"http://user:secret@127.0.0.1:{server.server_address[1]}")
    get(100, base_url="http://ptb-xl.invalid/files/ptb-xl/1.0.3/")
    assert same(release, tmp_path / "dest", files(tmp_path / "dest"))
    assert all(url.startswith("http://ptb-xl.invalid/") for url in server.absolute)
    assert len(server.absolute) == 17
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    get(100, dest=tmp_path / "other")
    assert len(server.absolute) == 17


COMMAND = [sys.executable, "-c", "from twelvelead.cli.main import main; main()", "ptbxl", "download"]


def start(dest, url, before="", **options):
    command = [*COMMAND, str(dest), "--base-url", url]
    command[2] = before + command[2]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, **options)


def test_ctrl_c_leaves_whole_files_and_the_same_command_goes_on(server, release, tmp_path):
    server.pace = 0.3
    dest = tmp_path / "dest"
    server.faults = {FIRST: ["stall"] * 3}
    child = start(dest, server.url)
    until = time.monotonic() + 30
    while not any(dest.rglob("*_lr.hea")) and time.monotonic() < until:
        time.sleep(0.01)
    child.send_signal(signal.SIGINT)
    begun = time.monotonic()
    _, said = child.communicate(timeout=30)
    assert time.monotonic() - begun < 5
    assert child.returncode == 130
    assert (
        said.splitlines()[-1]
        == f"twelvelead: {dest}: interrupted; the same command goes on, and what has arrived is kept"
    )
    assert "Traceback" not in said
    there = files(dest)
    assert 0 < len(there) < 17
    assert same(release, dest, there)
    server.pace = 0
    server.asked.clear()
    server.faults = {}
    done = start(dest, server.url)
    out, said = done.communicate(timeout=60)
    assert done.returncode == 0, said
    assert "16 files verified" in out
    assert set(server.asked) == {"SHA256SUMS.txt"} | (
        files(release) - there - {n for n in files(release) if "500" in n}
    )
    assert same(release, dest, files(dest))


def test_a_killed_download_leaves_nothing_that_stays(get, server, release, tmp_path):
    dest = tmp_path / "dest"
    (dest / "records100/00000").mkdir(parents=True)
    (dest / "records100/00000/.00001_lr.dat.4711.part").write_bytes(b"half")
    get(100)
    assert not list(dest.rglob(".*"))


def test_a_full_disk(server, release, tmp_path):
    """A limit on the size of files stands in for the disk: writes fail with an error of the system."""
    dest = tmp_path / "dest"
    limit = "import resource; resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, 20_000))\n"
    child = start(dest, server.url, before=limit)
    _, said = child.communicate(timeout=60)
    assert child.returncode == 2
    (line,) = said.splitlines()
    assert "cannot be written (File too large); free some space" in line
    there = files(dest)
    assert not any(name.endswith((".dat", ".part")) for name in there)
    assert same(release, dest, there)


def test_a_disk_that_is_full(server, release, tmp_path):
    dest = tmp_path / "small"
    dest.mkdir()
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=100k", "tmpfs", str(dest)], capture_output=True)
    if mounted.returncode:
        pytest.skip("no permission to mount a small disk")
    try:
        child = start(dest, server.url)
        child.args.append("--yes")
        _, said = child.communicate(timeout=60)
        assert child.returncode == 2
        assert "needs 0.0 GB" in said
        with pytest.raises(TwelveLeadError, match="No space left on device"):
            download(dest, base_url=server.url, consent=lambda needed, free: True)
        there = files(dest)
        assert there
        assert not any(name.endswith(".part") for name in there)
        assert same(release, dest, there)
    finally:
        subprocess.run(["umount", str(dest)], check=True)


def test_two_at_once(get, server, tmp_path):
    server.pace = 0.3
    child = start(tmp_path / "dest", server.url)
    until = time.monotonic() + 30
    while not (tmp_path / "dest/SHA256SUMS.txt").exists() and time.monotonic() < until:
        time.sleep(0.01)
    with pytest.raises(TwelveLeadError, match="another download into it is under way"):
        get(100)
    child.communicate(timeout=60)
    assert child.returncode == 0


def test_the_command(server, release, tmp_path):
    dest = tmp_path / "dest"
    done = CliRunner().invoke(app, ["download", str(dest), "--base-url", server.url, "--rate", "500"])
    assert done.exit_code == 0, done.output
    assert "16 files verified, 16 of them fetched now" in done.output
    assert f"twelvelead ptbxl prepare {dest} STORE --rate 500" in done.output
    checked = CliRunner().invoke(app, ["verify", str(dest)])
    assert checked.exit_code == 0, checked.output
    assert "all 16 files are as published" in checked.output
    assert "records100: nothing of it is there" in checked.output
    assert hashlib.sha256((dest / "RECORDS").read_bytes()).hexdigest() in (dest / "SHA256SUMS.txt").read_text()
