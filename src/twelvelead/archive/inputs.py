"""What is to be answered: one recording of an archive, by what it is called and where it lies."""

from hashlib import blake2b
from typing import NamedTuple

from twelvelead.ecg.record import Sex
from twelvelead.errors import TwelveLeadError
from twelvelead.naming import Naming, is_url, shown_url


class Input(NamedTuple):
    """One recording to be answered. A plain tuple, so that millions go to other processes and machines cheaply.

    Attributes:
        source: what its row is called, unique in an archive; it can be printed and holds no credentials.
        address: the path or URL that opens it, or the container that holds it; it may hold credentials, so it is not
            shown.
        member: its name in a container, an identifier and never a path; None for a file of its own.
        age, sex: of a manifest, where it has them: in years; None where it does not say.
        copied: of the columns of a manifest that were asked for, in their order; None for an empty cell.
    """

    source: str
    address: str
    member: str | None = None
    age: float | None = None
    sex: Sex | None = None
    copied: tuple[str | None, ...] = ()


def source_of(naming: Naming, address: str, member: str | None = None) -> str:
    """What a recording is called after where it lies: its path or URL, and its name in a file of many."""
    if is_url(address):
        return naming.identifier(shown_url(address) + ("" if member is None else f"#{member}"))
    return naming(address) if member is None else naming.member(address, member)


def digest(source: str) -> int:
    """128 bits that stand for a source, the same in every process, on every machine and in every version."""
    return int.from_bytes(blake2b(source.encode("utf-8", "surrogateescape"), digest_size=16).digest(), "big")


class Shard(NamedTuple):
    """One of the equal shares of an archive, which need not know of each other.

    Attributes:
        number: from 1.
        total: of all shares.
    """

    number: int = 1
    total: int = 1

    @classmethod
    def parse(cls, text: str) -> "Shard":
        """The k-th of n from "k/n".

        Raises:
            TwelveLeadError: it is no such text, or k is not from 1 to n.
        """
        number, slash, count = text.partition("/")
        if not (slash and _is_whole(number) and _is_whole(count)):
            raise TwelveLeadError(f"--shard {text[:40]}: write k/n, as in 1/4 for the first of four")
        shard = cls(int(number), int(count))
        if not 1 <= shard.number <= shard.total:
            raise TwelveLeadError(f"--shard {text}: k goes from 1 to n; add 1 to an index that starts at 0")
        return shard

    def holds(self, source_digest: int) -> bool:
        """Whether an input is its, by the `digest` of its source."""
        return source_digest % self.total == self.number - 1

    @property
    def name(self) -> str:
        """As files are called after it, "0001-of-0004"."""
        return f"{self.number:04}-of-{self.total:04}"

    def __str__(self) -> str:
        return f"shard {self.number}/{self.total}"


WHOLE = Shard()
"""An archive that is not shared."""


def _is_whole(text: str) -> bool:
    return text.isascii() and text.isdecimal() and len(text) <= 9
