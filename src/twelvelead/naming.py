"""How a file is called in what is printed, drawn, stored and logged.

Names are bytes to the system, and may name patients. So a name is shown with everything that cannot be printed escaped,
in a way that leads back to it; or another text, or a keyed hash, takes its place.
"""

import hashlib
import hmac
import os
import re
import secrets
import sys
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from twelvelead.errors import TwelveLeadError

KEY_VARIABLE = "TWELVELEAD_NAME_KEY"
"""Environment variable that holds the key of hashed names."""

_SHORTEST_KEY = 16
_URL = re.compile(r"(?:[A-Za-z][A-Za-z0-9+.-]*::)*[A-Za-z][A-Za-z0-9+.-]+://")
_OBJECT_STORES = ("s3", "s3a", "gs", "gcs", "az", "abfs", "abfss", "memory", "hdfs")
"""Kinds of URL in which ? and # are letters of a name."""

_ESCAPE = re.compile(r"\\(?:(\\)|x([0-9a-f]{2})|u([0-9a-f]{4})|U([0-9a-f]{8}))")


def shown(path: str | os.PathLike[str]) -> str:
    """A path as it can be printed and stored anywhere: bytes that are not UTF-8 and control characters as \\xff, other
    characters that cannot be printed as \\u202e, a backslash in a name doubled. `path_of` leads back."""
    text = os.fspath(path)
    if text.isprintable() and "\\" not in text:
        return text
    return "".join(map(_escaped, text))


def path_of(name: str) -> Path:
    """The path that `shown` gave the name of."""
    if "\\" not in name or os.sep == "\\":
        return Path(name)
    return Path(_ESCAPE.sub(_plain, name))


def is_url(text: str) -> bool:
    """Whether a text is the address of something on another machine, as in s3://bucket/folder, and no path."""
    return _URL.match(text) is not None and not text.startswith("file://")


def shown_url(url: str) -> str:
    """A URL as it can be printed and stored: without user, password, query and fragment, any of which may let in who
    reads them."""
    return shown("::".join(_bare(link) for link in url.split("::")))


def _bare(url: str) -> str:
    scheme, there, rest = url.partition("://")
    if not there:
        return url
    if scheme.lower() not in _OBJECT_STORES:
        rest = re.split(r"[?#]", rest, maxsplit=1)[0]
    host, slash, path = rest.partition("/")
    return f"{scheme}://{host.rpartition('@')[2]}{slash}{path}"


def _escaped(character: str) -> str:
    number = ord(character)
    if character == "\\":
        return character if os.sep == "\\" else "\\\\"
    if character.isprintable():
        return character
    if 0xDC80 <= number <= 0xDCFF:  # how Python writes a byte that is not UTF-8
        return f"\\x{number - 0xDC00:02x}"
    return f"\\x{number:02x}" if number < 0x80 else f"\\u{number:04x}" if number < 1 << 16 else f"\\U{number:08x}"


def _plain(found: re.Match[str]) -> str:
    backslash, byte, short, long = found.groups()
    if backslash:
        return "\\"
    if byte:
        number = int(byte, 16)
        return chr(number if number < 0x80 else 0xDC00 + number)
    return chr(int(short or long, 16))


@dataclass(frozen=True)
class Naming:
    """What files are called.

    Attributes:
        text: in place of the name of every file; None for none.
        key: of the hashes that stand for names; None for names as `shown`.
    """

    text: str | None = None
    key: bytes | None = None

    def __call__(self, path: str | os.PathLike[str]) -> str:
        """What a file is called."""
        if self.text is not None:
            return self.text
        return shown(path) if self.key is None else hashed(path, self.key)

    def member(self, path: str | os.PathLike[str], name: str) -> str:
        """What a recording is called that has a name in a file of many: FILE#NAME."""
        if self.text is not None:
            return self.text
        if self.key is None:
            return shown(f"{os.fspath(path)}#{name}")
        return _hash(os.fsencode(f"{os.path.abspath(path)}#{name}"), self.key)  # noqa: PTH100 - as of `hashed`

    @property
    def fingerprint(self) -> str | None:
        """What tells one key from another, and nothing else of it; None without a key."""
        return None if self.key is None else hmac.new(self.key, b"fingerprint", hashlib.sha256).hexdigest()[:16]

    def identifier(self, text: str) -> str:
        """What something is called that is no path: the id of a manifest, a URL without credentials."""
        if self.text is not None:
            return self.text
        return shown(text) if self.key is None else _hash(os.fsencode(text), self.key)


AS_SHOWN = Naming()
"""Everything is called what it is called."""


def hashed(path: str | os.PathLike[str], key: bytes) -> str:
    """What stands for a file: "ecg-" and the first 24 hexadecimal digits of HMAC-SHA256 over the bytes of its absolute
    path. Without the key nobody can tell whether a guessed name belongs to it."""
    return _hash(os.fsencode(os.path.abspath(path)), key)  # noqa: PTH100 - links are names of their own


def _hash(name: bytes, key: bytes) -> str:
    return f"ecg-{hmac.new(key, name, hashlib.sha256).hexdigest()[:24]}"


def name_key() -> bytes:
    """The user's key of hashed names: from the environment variable TWELVELEAD_NAME_KEY, else from a file in the user's
    folder of settings, which nobody else can read and which is made at the first use.

    Raises:
        TwelveLeadError: the key is too short to keep names from being guessed, or its file cannot be read or made.
    """
    given = os.environ.get(KEY_VARIABLE)
    if given is not None:
        return _checked(given.encode("utf-8", "surrogateescape"), KEY_VARIABLE)
    file = key_file()
    try:
        with suppress(FileExistsError):
            file.parent.mkdir(parents=True, exist_ok=True)
            descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            with os.fdopen(descriptor, "w") as stream:
                stream.write(secrets.token_hex(32) + "\n")
        return _checked(file.read_bytes().strip(), str(file))
    except OSError as error:
        raise TwelveLeadError(
            f"{file}: {error.strerror or error}; give the key of hashed names in {KEY_VARIABLE}"
        ) from None


def key_file() -> Path:
    """Where the key of hashed names is kept."""
    if sys.platform == "win32":
        return Path(os.environ.get("APPDATA") or Path.home()) / "twelvelead" / "name.key"
    return Path(os.environ.get("XDG_CONFIG_HOME") or Path.home() / ".config") / "twelvelead" / "name.key"


def _checked(key: bytes, where: str) -> bytes:
    if len(key) < _SHORTEST_KEY:
        raise TwelveLeadError(
            f"{where}: a key of {len(key)} bytes does not keep names from being guessed; give at least {_SHORTEST_KEY}"
        )
    return key
