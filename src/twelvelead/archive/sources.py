"""What is to be answered, from what the command line names: one input after another, so that memory stays flat."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import Any

from twelvelead.archive import addresses
from twelvelead.archive.inputs import WHOLE, Input, Shard, digest
from twelvelead.archive.manifest import Manifest, is_manifest
from twelvelead.archive.records import is_records, records
from twelvelead.data.containers import kind_of, open_container
from twelvelead.errors import TwelveLeadError
from twelvelead.naming import AS_SHOWN, Naming, is_url, shown_url
from twelvelead.readers.find import Found, each_recording


class Sources:
    """The inputs of a shard of an archive. They may be gone through several times.

    Args:
        names: of files, folders, patterns, URLs of a file or folder (`twelvelead.archive.addresses`), manifests
            (`Manifest`), files RECORDS that list WFDB records, and files of many recordings
            (`twelvelead.data.containers`).
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
        for name in filter(is_url, self._names):
            addresses.require_reachable(name)
        self._opening = opening
        here = [name for name in self._names if not is_url(name)]
        self.lie_here = here == self._names
        self._containers = {name for name in here if kind_of(Path(name)) is not None}
        self._manifests = {
            name: Manifest(Path(name), naming, copied)
            for name in here
            if name not in self._containers and Path(name).is_file() and is_manifest(Path(name))
        }
        if copied and not self._manifests:
            raise TwelveLeadError(f"--copy {','.join(copied)}: copies columns of a manifest; name one")
        counts = [manifest.count(shard) for manifest in self._manifests.values()]
        counts += [sum(1 for _ in self._members(name)) for name in self._names if name in self._containers]
        self.total = sum(counts) if len(counts) == len(self._names) else None

    def __iter__(self) -> Iterator[Input]:
        self.found = Found()
        for name in self._names:
            manifest = self._manifests.get(name)
            if manifest is not None:
                yield from manifest.inputs(self.shard)
                continue
            if name in self._containers:
                yield from self._members(name)
                continue
            for source, address in self._each(name):
                if self.shard.holds(digest(source)):
                    yield Input(source, address, copied=(None,) * len(self.copied))

    def _members(self, name: str) -> Iterator[Input]:
        with open_container(name, **self._opening) as held:
            for member in held:
                source = self.naming.member(name, member)
                if self.shard.holds(digest(source)):
                    yield Input(source, name, member, copied=(None,) * len(self.copied))
            self.found.passed_over += held.passed_over

    def _each(self, name: str) -> Iterator[tuple[str, str]]:
        """What the recordings that a name means are called, and where they lie."""
        if is_url(name):
            for url in addresses.each_recording(name, self.found):
                yield self.naming.identifier(shown_url(url)), url
            return
        for file in records(Path(name)) if is_records(name) else each_recording([name], self.found):
            yield self.naming(file), str(file)
