"""Places: whole files, who owns what, and nothing that lets anybody in."""

import errno
import json
import os
import subprocess
import sys

import pytest

from twelvelead.archive import claims
from twelvelead.archive.places import LocalPlace, Place, RemotePlace
from twelvelead.errors import Conflict, MissingExtra, TwelveLeadError
from twelvelead.naming import is_url, shown_url

fsspec = pytest.importorskip("fsspec")


@pytest.fixture(params=["local", "memory"])
def place(request, tmp_path):
    return Place.of(tmp_path / "table" if request.param == "local" else f"memory://{tmp_path}/table")


@pytest.fixture
def remote(tmp_path):
    return Place.of(f"memory://{tmp_path}/table")


@pytest.fixture
def clock(monkeypatch):
    """Time that passes while somebody sleeps; what is put into `then` happens then."""

    class Clock:
        now = 100.0
        then = staticmethod(lambda: None)

        def sleep(self, seconds):
            self.now += seconds
            self.then()

    clock = Clock()
    monkeypatch.setattr(claims.time, "monotonic", lambda: clock.now)
    monkeypatch.setattr(claims.time, "sleep", clock.sleep)
    return clock


def test_what_is_written_is_there_and_what_is_not_is_none(place):
    assert place.names("") == []
    assert place.read("part-1") is None
    place.remove("part-1")
    place.write("part-1", b"one")
    place.write("part-1", b"two")
    place.write("other", b"")
    assert place.names("part-") == ["part-1"]
    assert place.read("part-1") == b"two"
    place.remove("part-1")
    assert place.names("") == ["other"]


def test_the_first_who_creates_a_file_has_it(place):
    assert place.create("name", b"first")
    assert not place.create("name", b"second")
    assert place.read("name") == b"first"
    assert place.names("") == ["name"]


def test_where_there_are_no_hard_links_the_first_has_it_too(tmp_path, monkeypatch):
    def link(*names):
        raise PermissionError(errno.EPERM, "Operation not permitted")

    monkeypatch.setattr(os, "link", link)
    test_the_first_who_creates_a_file_has_it(Place.of(tmp_path / "table"))


def test_a_file_is_no_place(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(TwelveLeadError, match="file: a file; name a folder"):
        Place.of(tmp_path / "file")


def test_a_share_has_one_owner_and_others_stand_beside_it(place, clock):
    def owned_again():
        with place.owning("1-of-2"):
            pass

    clock.then = lambda: place.write(
        "_claim-1-of-2.json", os.urandom(4).hex().join(['{"owner": "process 7", "x": "', '"}']).encode()
    )
    with place.owning("1-of-2"), place.owning("2-of-2"), pytest.raises(TwelveLeadError, match="is at work there; wait"):
        owned_again()


def test_a_share_of_which_nobody_renews_the_claim_is_taken_over(remote, clock, caplog):
    for content in (json.dumps({"owner": "process 7 on ward", "token": "old"}).encode(), b"torn"):
        remote.write("_claim-1.json", content)
        begun = clock.now
        with remote.owning("1"):
            assert claims.STALE <= clock.now - begun <= claims.STALE + claims.LOOK
    assert "process 7 on ward seems to have died there" in caplog.text
    assert remote.names("") == []


def test_an_owner_renews_its_claim_and_stops_when_it_is_another_s(remote, clock):
    with remote.owning("1") as claim:
        first = remote.read("_claim-1.json")
        claim.renew()
        assert remote.read("_claim-1.json") == first
        clock.now += claims.RENEWAL
        claim.renew()
        assert remote.read("_claim-1.json") != first
        remote.write("_claim-1.json", json.dumps({"owner": "process 7 on ward", "token": "new"}).encode())
        clock.now += claims.RENEWAL
        with pytest.raises(Conflict, match="process 7 on ward has taken the work over; nothing more is written"):
            claim.renew()
    assert json.loads(remote.read("_claim-1.json"))["token"] == "new"


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (PermissionError(13, "AccessDenied for key AKIASECRET"), "no permission; check the credentials"),
        (FileNotFoundError("The specified bucket does not exist"), "no such file, folder or bucket"),
        (OSError("https://user:AKIASECRET@host is down"), "OSError; check address, credentials and network"),
    ],
)
def test_what_a_library_says_becomes_one_line_without_its_words(remote, monkeypatch, error, said):
    def fail(*given, **named):
        raise error

    for name in ("pipe_file", "cat_file", "ls"):
        monkeypatch.setattr(remote._files, name, fail)
    asked = [lambda: remote.write("a", b""), lambda: remote.create("a", b"")]
    if not isinstance(error, FileNotFoundError):
        asked += [lambda: remote.read("a"), lambda: remote.names("")]
    for ask in asked:
        with pytest.raises(TwelveLeadError, match=said) as told:
            ask()
        assert "AKIASECRET" not in str(told.value)
        assert str(told.value).startswith(f"{remote.shown}: cannot be ")


def test_what_cannot_be_a_place_is_told_in_one_line(monkeypatch):
    with pytest.raises(TwelveLeadError, match="nowhere://host/a: no kind of address that is known"):
        Place.of("nowhere://user:secret@host/a")
    monkeypatch.setitem(sys.modules, "fsspec", None)
    with pytest.raises(MissingExtra, match=r"s3://bucket/a: an address needs the extra \[archive\]"):
        Place.of("s3://bucket/a")


def test_which_texts_are_urls(tmp_path):
    assert isinstance(Place.of(f"file://{tmp_path}"), LocalPlace)
    assert isinstance(Place.of("memory://a"), RemotePlace)
    for text in ("s3://b/k", "simplecache::s3://b/k", "https://h/x"):
        assert is_url(text)
    for text in ("a/b", "a::b.dcm", "C:/a", "C:\\a", "/a://b", "file:///a"):
        assert not is_url(text)


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("https://user:secret@host:8080/a/b.dcm?X-Signature=secret#x", "https://host:8080/a/b.dcm"),
        ("simplecache::https://user:secret@host/a?token=1", "simplecache::https://host/a"),
        ("s3://bucket/a?b#c@d", "s3://bucket/a?b#c@d"),
        ("ftp://name@host", "ftp://host"),
        ("s3://bucket/a\u202eb", "s3://bucket/a\\u202eb"),
    ],
)
def test_urls_are_shown_without_what_lets_in(url, shown):
    assert shown_url(url) == shown


def test_a_folder_of_another_process_is_refused(tmp_path):
    code = (
        "import sys, time; from twelvelead.archive.places import Place\n"
        "with Place.of(sys.argv[1]).owning('1'): print('in', flush=True); time.sleep(60)"
    )
    process = subprocess.Popen([sys.executable, "-c", code, str(tmp_path)], stdout=subprocess.PIPE)
    try:
        assert process.stdout.readline() == b"in\n"
        with pytest.raises(TwelveLeadError, match=f"process {process.pid} on"), Place.of(tmp_path).owning("1"):
            pass
        with Place.of(tmp_path).owning("2"):
            pass
    finally:
        process.kill()
        process.communicate()
    with Place.of(tmp_path).owning("1"):
        pass
