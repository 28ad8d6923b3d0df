"""What files are called."""

import os
import stat
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from twelvelead.errors import TwelveLeadError
from twelvelead.naming import KEY_VARIABLE, Naming, hashed, key_file, name_key, path_of, shown

POSIX = pytest.mark.skipif(os.sep == "\\", reason="names are bytes on POSIX alone")


@POSIX
@given(st.binary(min_size=1, max_size=40).filter(lambda name: b"\0" not in name))
def test_any_bytes_are_shown_and_lead_back(name):
    path = os.fsdecode(name)
    text = shown(path)
    assert text.isprintable()
    text.encode("utf-8")
    assert os.fspath(path_of(text)) == os.fspath(type(path_of(text))(path))


@POSIX
@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("ecgs/ä.xml", "ecgs/ä.xml"),
        (b"\xff.xml", "\\xff.xml"),
        ("a\nb", "a\\x0ab"),
        ("a\u202eb", "a\\u202eb"),
        ("a\\b", "a\\\\b"),
    ],
)
def test_shown(name, text):
    assert shown(os.fsdecode(name)) == text


@given(st.text(min_size=1).filter(lambda text: text.isprintable() and "\\" not in text))
def test_what_can_be_printed_stays(name):
    assert shown(name) == name


@pytest.fixture
def home(tmp_path, monkeypatch):
    monkeypatch.delenv(KEY_VARIABLE, raising=False)
    for variable in ("XDG_CONFIG_HOME", "APPDATA"):
        monkeypatch.setenv(variable, str(tmp_path / "settings"))
    return tmp_path


def test_the_key_is_made_once_and_for_the_user_alone(home):
    key = name_key()
    assert len(key) == 64
    assert name_key() == key
    if sys.platform != "win32":
        assert stat.S_IMODE(key_file().stat().st_mode) == 0o600
    key_file().write_text("short")
    with pytest.raises(TwelveLeadError, match=r"name\.key: a key of 5 bytes"):
        name_key()


def test_the_key_from_the_environment(home, monkeypatch):
    monkeypatch.setenv(KEY_VARIABLE, "of the hospital, kept safe")
    assert name_key() == b"of the hospital, kept safe"
    assert not key_file().exists()
    monkeypatch.setenv(KEY_VARIABLE, "guess")
    with pytest.raises(TwelveLeadError, match=KEY_VARIABLE):
        name_key()


def test_hashes_are_of_the_path_and_the_key(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    one = hashed("doe.xml", b"k" * 16)
    assert one == hashed(tmp_path / "doe.xml", b"k" * 16)
    assert len({one, hashed("doe.xml", b"j" * 16), hashed("roe.xml", b"k" * 16)}) == 3
    assert "doe" not in one
    assert Naming(key=b"k" * 16)("doe.xml") == one
    assert Naming(text="case 7")("doe.xml") == "case 7"
    assert Naming()("doe.xml") == "doe.xml"
