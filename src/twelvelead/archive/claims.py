"""Who works on a share of a table in a place without locks: an object that its owner renews.

Clocks of machines differ, so nobody reads another's: a claim is alive while it changes under the eyes of whoever waits.
"""

import json
import logging
import os
import secrets
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any

from twelvelead.errors import Conflict, TwelveLeadError

if TYPE_CHECKING:
    from twelvelead.archive.places import Place

RENEWAL = 5.0
"""Seconds after which an owner renews its claim."""

STALE = 30.0
"""Seconds without a change after which a claim is taken over."""

LOOK = 2.0
"""Seconds between two looks at another's claim."""


class Claim:
    """A share that is ours; where the system itself holds it, there is nothing to do."""

    def renew(self) -> None:
        """To be called now and then, and by who commits a part.

        Raises:
            Conflict: the claim is another's by now.
        """


class RenewedClaim(Claim):
    """A share that is ours as long as an object in the place says so.

    Args:
        place: where the object lies.
        name: of the object.
    """

    def __init__(self, place: "Place", name: str) -> None:
        self._place, self._name = place, name
        self._token = secrets.token_hex(8)
        self._owner = f"process {os.getpid()} on {socket.gethostname()}"
        self._renewed = 0.0
        self._count = 0
        self._one_at_a_time = threading.Lock()
        self._is_given_up = threading.Event()

    def take(self) -> None:
        """Wait until nobody else has it, and take it.

        Raises:
            TwelveLeadError: another process is at work.
        """
        while not self._place.create(self._name, self._content()):
            self._outwait()
        self._renewed = time.monotonic()
        threading.Thread(target=self._keep, daemon=True).start()

    def _keep(self) -> None:
        """Renew it whatever the owner is at: going through a million inputs of other shards takes a while."""
        while not self._is_given_up.wait(1.0):
            with suppress(TwelveLeadError):  # the owner hears of it when it commits
                self.renew()

    def _outwait(self) -> None:
        """Wait until the claim of another is given up, or remove it when it has not changed for `STALE` seconds."""
        before, begun, has_told = self._place.read(self._name), time.monotonic(), False
        while before is not None and time.monotonic() < begun + STALE:
            time.sleep(LOOK)
            now = self._place.read(self._name)
            if now is None:
                return
            if now != before:
                raise TwelveLeadError(
                    f"{self._place.shown}: {_owner(now)} is at work there; wait until it ends, name another folder "
                    "or take another shard"
                )
            if not has_told and time.monotonic() > begun + 2 * RENEWAL:
                has_told = True
                said = f"{_owner(now)} seems to have died there; {STALE:g} s without a sign of it are waited for"
                logging.getLogger("twelvelead").warning(f"twelvelead: {self._place.shown}: {said}")
        self._place.remove(self._name)

    def renew(self) -> None:
        with self._one_at_a_time:
            if time.monotonic() - self._renewed < RENEWAL or self._is_given_up.is_set():
                return
            held = self._place.read(self._name)
            if _said(held).get("token") != self._token:
                raise Conflict(f"{self._place.shown}: {_owner(held)} has taken the work over; nothing more is written")
            self._count += 1
            self._place.write(self._name, self._content())
            self._renewed = time.monotonic()

    def give_up(self) -> None:
        """Let others have it, if it is still ours."""
        self._is_given_up.set()
        with self._one_at_a_time:
            self._remove()

    def _remove(self) -> None:
        held = self._place.read(self._name)
        if _said(held).get("token") == self._token:
            self._place.remove(self._name)

    def _content(self) -> bytes:
        said = {"owner": self._owner, "token": self._token, "renewed": round(time.time()), "count": self._count}
        return json.dumps(said).encode()


def _owner(content: bytes | None) -> str:
    return str(_said(content).get("owner", "another process"))


def _said(content: bytes | None) -> dict[str, Any]:
    """What a claim says; nothing where there is none, or none that can be read."""
    with suppress(ValueError):
        found = json.loads(content or b"")
        return found if isinstance(found, dict) else {}
    return {}


@contextmanager
def claimed(place: "Place", what: str) -> Iterator[Claim]:
    """Own a share while the block runs.

    Args:
        place: of the table.
        what: the share, as files are called after it.

    Raises:
        TwelveLeadError: another process is at work on it.
    """
    claim = RenewedClaim(place, f"_claim-{what}.json")
    claim.take()
    try:
        yield claim
    finally:
        claim.give_up()
