"""Multipart bodies, held against the parser that reads them byte by byte."""

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

pytest.importorskip("fastapi", reason="the extra [serve] is not installed")

from python_multipart.multipart import MultipartParser, parse_options_header

from twelvelead.service.multipart import parts_of
from twelvelead.service.problems import Problem
from twelvelead.service.uploads import MOST, Part

MEDIA = b'multipart/form-data; boundary="edge"'


def body_of(parts, boundary=b"edge") -> bytes:
    pieces = [
        b'--%s\r\nContent-Type: application/octet-stream\r\nContent-Disposition: form-data; name="file"; filename="%s"'
        b"\r\n\r\n%s\r\n" % (boundary, name.encode(), content)
        for name, content in parts
    ]
    return b"".join(pieces) + b"--" + boundary + b"--\r\n"


def referee(body: bytes) -> list[Part]:
    """The parts as python-multipart finds them."""
    parts, field, value, data = [], bytearray(), bytearray(), bytearray()
    name = ""

    def header_end():
        nonlocal name
        if field.lower() == b"content-disposition":
            name = parse_options_header(bytes(value))[1].get(b"filename", b"").decode("utf-8", "replace")
        field.clear()
        value.clear()

    parser = MultipartParser(
        b"edge",
        {
            "on_part_begin": data.clear,
            "on_header_field": lambda whole, start, end: field.extend(whole[start:end]),
            "on_header_value": lambda whole, start, end: value.extend(whole[start:end]),
            "on_header_end": header_end,
            "on_part_data": lambda whole, start, end: data.extend(whole[start:end]),
            "on_part_end": lambda: parts.append(Part(name, bytes(data))),
        },
    )
    parser.write(body)
    parser.finalize()
    return parts


NAMES = st.text(st.characters(codec="utf-8", exclude_characters='"\\\r\n\0'), min_size=1, max_size=20)
CONTENTS = st.lists(
    st.sampled_from([b"\r\n", b"--", b"\r", b"\n", b"-", b"--edg", b"\r\n\r\n", b"\0\xff", b"x", b"Content-Type: a"])
).map(b"".join)


@given(st.lists(st.tuples(NAMES, CONTENTS), min_size=1, max_size=5))
@example([("r.hea", b""), ("r.dat", b"\r\n--edg\r\n")])
@example([("a/b\u00e9.dcm", b"--edg")])
def test_parts_are_what_the_parser_finds(parts):
    body = body_of(parts)
    assert parts_of(MEDIA, body) == referee(body) == [Part(name, content) for name, content in parts]


def test_what_stands_before_behind_and_after_is_passed_over():
    body = b"a preamble\r\n" + body_of([("x", b"1")]).replace(b"--edge\r\n", b"--edge \t\r\n") + b"an epilogue --edge"
    assert parts_of(MEDIA, body) == [Part("x", b"1")]


def test_parts_without_a_name_or_a_header():
    assert parts_of(MEDIA, b'--edge\r\nContent-Disposition: form-data; name="a"\r\n\r\n1\r\n--edge--') == [
        Part("", b"1")
    ]
    assert parts_of(MEDIA, b"--edge\r\n\r\n1\r\n--edge--") == [Part("", b"1")]


def test_another_body_is_its_only_part():
    assert parts_of(b"application/dicom", b"--edge") == [Part("", b"--edge")]
    assert parts_of(b"", b"") == [Part("", b"")]


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"no boundary at all",
        b"--edge",
        b"--edge\r\n",
        b"--edge--",
        b"--edge\r\nno end of the headers\r\n--edge--",
        b"--edge\r\n\r\n1",
        b"--edge\r\n\r\n1\r\n--edge",
        b"--edge\r\n\r\n1\r\n--edgeless\r\n--edge--",
        b"--edge\r\nX: " + b"y" * (1 << 15) + b"\r\n\r\n1\r\n--edge--",
    ],
)
def test_damaged_bodies(body):
    with pytest.raises(Problem) as refused:
        parts_of(MEDIA, body)
    assert (refused.value.status, refused.value.code) == (400, "damaged")


def test_no_more_parts_than_are_taken():
    assert len(parts_of(MEDIA, body_of([("x", b"1")] * MOST))) == MOST
    with pytest.raises(Problem, match=f"more than {MOST} parts") as refused:
        parts_of(MEDIA, body_of([("x", b"1")] * (MOST + 1)))
    assert refused.value.status == 413
    with pytest.raises(Problem, match=f"more than {MOST} parts"):
        parts_of(MEDIA, b"--edge\r\n\r\n\r\n" * 100_000)
