"""The parts of a multipart body (RFC 2046, 5.1; RFC 7578), all of which is in memory."""

from collections.abc import Iterator

from python_multipart.multipart import parse_options_header

from twelvelead.service.problems import Problem
from twelvelead.service.uploads import MOST, Part

_LARGEST_HEAD = 1 << 14
"""Bytes of the headers of one part."""


def parts_of(content_type: bytes, body: bytes) -> list[Part]:
    """The parts of a multipart body, else the body as the only one.

    Raises:
        Problem: 400, a multipart body that is none; 413, too many parts.
    """
    media, parameters = parse_options_header(content_type)
    if media != b"multipart/form-data":
        return [Part("", body)]
    found = list(_parts(parameters.get(b"boundary", b""), body))
    if not found:
        raise _damaged("without a part")
    return found


def _parts(boundary: bytes, body: bytes) -> Iterator[Part]:
    _, *pieces = (b"\r\n" + body).split(b"\r\n--" + boundary, MOST + 2)
    for number, piece in enumerate(pieces):
        if piece.startswith(b"--"):
            return
        if number == MOST:
            raise Problem(413, "too-large", f"more than {MOST} parts; send them in several requests")
        line, _, rest = piece.partition(b"\r\n")
        head, end, content = (b"\r\n" + rest).partition(b"\r\n\r\n")
        if line.strip(b" \t") or not end or len(head) > _LARGEST_HEAD:
            break
        yield Part(_name(head), content)
    raise _damaged("that contradicts itself")


def _name(head: bytes) -> str:
    """That the client gave the file; "" where there is none."""
    for line in head.split(b"\r\n"):
        field, _, value = line.partition(b":")
        if field.strip().lower() == b"content-disposition":
            return parse_options_header(value.strip())[1].get(b"filename", b"").decode("utf-8", "replace")
    return ""


def _damaged(how: str) -> Problem:
    return Problem(400, "damaged", f"a multipart body {how}; send it again")
