"""HL7 v2.5.1 over MLLP (Transport Specification: MLLP, Release 1), with acknowledgements in original mode."""

import socket
from pathlib import Path

from twelvelead.gateway.delivering import NotDelivered
from twelvelead.gateway.settings import Hl7Destination

_BEGIN, _END = b"\x0b", b"\x1c\r"
_LONGEST_ANSWER = 1 << 16
_LATER = ("206", "207")
"""Of table 0357, what says "later": Application record locked, Application internal error."""

_NEVER = ("200", "201", "202", "203")
"""Of table 0357, what an AR says that will not change: type, event, processing id or version not taken."""


class Hl7Sender:
    """One connection, kept open.

    Args:
        destination: where it goes.
    """

    def __init__(self, destination: Hl7Destination) -> None:
        self._destination = destination
        self._context = destination.context() if destination.tls else None
        self._connection: socket.socket | None = None

    def send(self, file: Path) -> None:
        """See `Sender.send`."""
        content = file.read_bytes()
        reused = self._connection is not None
        try:
            answer = self._exchange(content)
        except OSError:
            if not reused:
                raise NotDelivered("no acknowledgement comes", again=True, away=True) from None
            try:  # the other may have ended it while nothing was sent
                answer = self._exchange(content)
            except OSError:
                raise NotDelivered("no acknowledgement comes", again=True, away=True) from None
        if _acknowledged(answer)[1] != _control_id(content):
            self.close()  # whatever comes next over it may be late too
            raise NotDelivered("the acknowledgement is of another message", again=True, away=True, said=answer)
        _judge(answer)

    def check(self) -> str:
        """Connect."""
        self._connected()
        self.close()
        return "accepts connections"

    def close(self) -> None:
        """End the connection."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def _exchange(self, content: bytes) -> bytes:
        connection = self._connected()
        try:
            connection.sendall(_BEGIN + content + _END)
            answer = b""
            while not answer.endswith(_END):
                more = connection.recv(4096)
                if not more or len(answer) > _LONGEST_ANSWER:
                    raise ConnectionError
                answer += more
        except OSError:
            self.close()
            raise
        return answer[answer.rfind(_BEGIN) + 1 : -len(_END)]

    def _connected(self) -> socket.socket:
        if self._connection is None:
            there = self._destination
            try:
                connection = socket.create_connection((there.host, there.port), timeout=min(there.seconds, 10.0))
                if self._context is not None:
                    connection = self._context.wrap_socket(connection, server_hostname=there.host)
            except OSError as error:
                why = "its certificate is not trusted, or it speaks no TLS" if self._context else "it cannot be reached"
                raise NotDelivered(f"{why} ({type(error).__name__})", again=True, away=True) from None
            connection.settimeout(there.seconds)
            self._connection = connection
        return self._connection


def _control_id(message: bytes) -> bytes:
    """MSH-10."""
    return message.partition(b"\r")[0].split(b"|")[9]


def _segments(answer: bytes) -> dict[bytes, list[bytes]]:
    """Name -> fields of the first of each."""
    return {line[:3]: line.split(b"|") for line in reversed(answer.replace(b"\n", b"\r").split(b"\r"))}


def _acknowledged(answer: bytes) -> tuple[str, bytes]:
    """MSA-1 and 2."""
    fields = [*_segments(answer).get(b"MSA", []), b"", b"", b""]
    return fields[1].decode("ascii", "replace"), fields[2]


def _judge(answer: bytes) -> None:
    """Nothing where a message was accepted.

    Raises:
        NotDelivered: it was not.
    """
    code, _ = _acknowledged(answer)
    if code in ("AA", "CA"):
        return
    fields = [*_segments(answer).get(b"ERR", []), b"", b"", b"", b""]
    error = fields[3].partition(b"^")[0].decode("ascii", "replace")
    error = error if error.isdecimal() and len(error) == 3 else ""
    reason = f"the acknowledgement is {code[:2]}" + (f", error {error}" if error else "")
    if code in ("AE", "CE"):
        raise NotDelivered(reason, again=error in _LATER, said=answer)
    if code in ("AR", "CR"):
        raise NotDelivered(reason, again=error not in _NEVER, said=answer)
    raise NotDelivered("the acknowledgement has no code that is known", again=False, said=answer)
