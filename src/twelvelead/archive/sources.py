"""What is to be answered, from what the command line names: one input after another, so that memory stays flat."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from types import MappingProxyType
from typing import Any, NamedTuple

from twelvelead.archive import listing
from twelvelead.archive.inputs import WHOLE, Input, Shard, digest, source_of
from twelvelead.archive.kinds import kind_of
from twelvelead.archive.manifest import Manifest
from twelvelead.archive.records import records
from twelvelead.archive.stream import origin
from twelvelead.data.containers import open_container
from twelvelead.errors import TwelveLeadError
from twelvelead.naming import AS_SHOWN, Naming, is_url
from twelvelead.readers.find import Found, each_recording


class _Held(NamedTuple):
    """What a file of many holds: names of its recordings, and how many of a kind are none."""

    members: Sequence[str]
    passed_over: Counter[str]


class Sources:
    """The inputs of a shard of an archive. They may be gone through several times.

    Args:
        names: paths, URLs and patterns of files and folders, manifests (`Manifest`), files RECORDS that list WFDB
            records, and files of many recordings (`twelvelead.data.containers`).
        naming: what recordings are called.
        copied: columns of manifests that go into the rows.
        shard: whose inputs are wanted.
        opening: options of `twelvelead.data.containers.open_container`.

    Attributes:
        copied, shard: as given.
        found: what was passed over, and folders that cannot be opened or hold no recording; filled while one goes
            through.
        total: the inputs, where that is known before one has gone through them; else None.
        lie_here: whether none of them is behind a URL, as far as the names say.

    Raises:
        TwelveLeadError: a manifest or a file of many recordings cannot be read, a manifest names an input twice, there
            is none to copy from, or a URL cannot be listed.
        MissingExtra: what opens a URL is not installed.
    """

    def __init__(
        self,
        names: Sequence[str],
        naming: Naming = AS_SHOWN,
        copied: Sequence[str] = (),
        shard: Shard = WHOLE,
        opening: Mapping[str, Any] = MappingProxyType({}),
    ) -> None:
        self.naming, self.copied, self.shard = naming, tuple(copied), shard
        self.found = Found()
        self._names = [name.removeprefix("file://") for name in names]
        self.lie_here = not any(map(is_url, self._names))
        self._kinds = {name: kind_of(name) for name in self._names}
        self._manifests = {
            name: Manifest(name, naming, copied) for name, kind in self._kinds.items() if kind == "manifest"
        }
        if copied and not self._manifests:
            raise TwelveLeadError(f"--copy {','.join(copied)}: copies columns of a manifest; name one")
        self._held = {name: _held(name, opening) for name, kind in self._kinds.items() if kind == "container"}
        counts = {name: manifest.count(shard) for name, manifest in self._manifests.items()}
        counts |= {name: sum(1 for _ in self._members(name)) for name in self._held}
        self.total = sum(counts[name] for name in self._names) if len(counts) == len(self._kinds) else None

    def __iter__(self) -> Iterator[Input]:
        self.found = Found()
        for name in self._names:
            if name in self._manifests:
                yield from self._manifests[name].inputs(self.shard)
            elif name in self._held:
                self.found.passed_over += self._held[name].passed_over
                yield from self._members(name)
            else:
                for address in self._each(name):
                    source = source_of(self.naming, address)
                    if self.shard.holds(digest(source)):
                        yield Input(source, address, copied=(None,) * len(self.copied))

    def _members(self, name: str) -> Iterator[Input]:
        for member in self._held[name].members:
            source = source_of(self.naming, name, member)
            if self.shard.holds(digest(source)):
                yield Input(source, name, member, copied=(None,) * len(self.copied))

    def _each(self, name: str) -> Iterator[str]:
        """Where the recordings lie that a name means."""
        if self._kinds[name] == "list":
            return records(name)
        if is_url(name):
            return listing.each_recording(name, self.found)
        return map(str, each_recording([name], self.found))


def _held(name: str, opening: Mapping[str, Any]) -> _Held:
    with open_container(origin(name), **opening) as container:
        return _Held(container.members, container.passed_over)
