"""XML as it comes: wrapped, with blank lines, in many encodings, with decimal commas; and what would amplify."""

import subprocess
import sys

import numpy as np
import pytest

from twelvelead.errors import Unreadable
from twelvelead.readers import read
from twelvelead.readers.find import recordings
from twelvelead.readers.xml import from_digits, from_list

RATE = 500
KINDS = ("HL7 aECG", "GE MUSE XML", "GE CardioSoft XML", "Philips Sierra XML, plain")


def document(path):
    """The text without its declaration and document type."""
    content = path.read_bytes()
    text = content.decode("utf-16" if content.startswith((b"\xff\xfe", b"\xfe\xff")) else "latin-1")
    return text.partition("?>")[2].partition('<!DOCTYPE RestingECG SYSTEM "restecg.dtd">')[2] or text.partition("?>")[2]


def assert_same(path, counts):
    np.testing.assert_allclose(read(path).signal, counts / 1000, atol=1e-6)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(
    ("before", "after"),
    [
        ('<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/"><s:Body>', "</s:Body></s:Envelope>"),
        ("<Export>" + "<item>text</item>" * 500 + "<payload>", "</payload></Export>"),
        ("\n\n  \r\n", "\n\n"),
        ('\n \n<?xml version="1.0"?>\n', ""),
        ('\ufeff\n<?xml version="1.0" encoding="UTF-8"?>', ""),
    ],
)
def test_wrapped_and_with_blank_lines(writers, counts, tmp_path, kind, before, after):
    path = writers[kind](tmp_path, counts, RATE)
    text = before + document(path) + after
    for encoding in ("utf-8", "utf-16"):
        path.write_bytes(
            text.replace('encoding="UTF-8"', "").removeprefix("\ufeff" * (encoding == "utf-16")).encode(encoding)
        )
        assert_same(path, counts)


def test_several_documents_in_one_are_asked(writers, counts, tmp_path):
    path = writers["GE MUSE XML"](tmp_path, counts[:1000], RATE)
    path.write_text(f"<all>{document(path)}{document(path)}</all>", "utf-8")
    with pytest.raises(Unreadable, match="holds 2 recordings; save each in a file of its own"):
        read(path)


def test_a_wrapped_document_is_found_in_a_folder(writers, counts, tmp_path):
    path = writers["GE MUSE XML"](tmp_path, counts[:1000], RATE)
    path.write_text(f"<Envelope><Body>{document(path)}</Body></Envelope>", "utf-8")
    assert path in recordings([tmp_path]).files


@pytest.mark.parametrize("encoding", ["shift_jis", "euc-jp", "gb2312", "gb18030", "big5", "windows-1252", "koi8-r"])
def test_encodings(writers, counts, tmp_path, encoding):
    path = writers["GE MUSE XML"](tmp_path, counts, RATE)
    text = document(path).replace("é", "日本" if encoding not in ("windows-1252", "koi8-r") else "")
    path.write_bytes(f'<?xml version="1.0" encoding="{encoding}"?>{text}'.encode(encoding))
    assert_same(path, counts)


@pytest.mark.parametrize("micro", ["\u00b5", "\u03bc", "u"])
def test_every_micro_sign(writers, counts, tmp_path, micro):
    for kind, unit in (("HL7 aECG", 'unit="uV"'), ("GE MUSE XML", "MICROVOLTS"), ("GE CardioSoft XML", "uVper")):
        path = writers[kind](tmp_path, counts, RATE)
        text = document(path).replace(unit, unit.replace("uV", micro + "V").replace("MICROVOLTS", micro + "V"))
        for encoding in ("utf-8", "latin-1") if micro != "\u03bc" else ("utf-8",):
            path.write_bytes(f'<?xml version="1.0" encoding="{encoding}"?>{text}'.encode(encoding))
            assert_same(path, counts)


DECIMALS = {
    "HL7 aECG": [('scale value="0.5"', 'scale value="0,5"'), ('increment value="2"', 'increment value="2,0"')],
    "GE MUSE XML": [
        ("<LeadAmplitudeUnitsPerBit>1<", "<LeadAmplitudeUnitsPerBit>1,0<"),
        ("<SampleBase>500<", "<SampleBase>500,0<"),
    ],
    "GE CardioSoft XML": [('perLsb">1<', 'perLsb">1,0<')],
    "Philips Sierra XML, plain": [('resolution="1"', 'resolution="1,00"'), ('persecond="500"', 'persecond="500,0"')],
}


@pytest.mark.parametrize("kind", KINDS)
def test_decimal_commas(writers, counts, tmp_path, kind):
    path = writers[kind](tmp_path, counts, RATE)
    text = document(path)
    for old, new in DECIMALS[kind]:
        assert old in text
        text = text.replace(old, new)
    path.write_text(text, "utf-8")
    assert_same(path, counts)


def test_digits():
    np.testing.assert_array_equal(from_digits("1,5 -2,25\n3", "lead I"), [1.5, -2.25, 3])
    for written in ("1,5 2.5", "1,2,3 4", "1 2 x", "1 2 infinity"):
        with pytest.raises(Exception, match="are not numbers"):
            from_digits(written, "lead I")


def test_lists():
    for written in ("1,2,3", "1, 2,\n3", "1;2;3", " 1 2 3\n", "1,2,\n3,", "1,0 2,0 3,0", "1,0;2,0;3,00"):
        np.testing.assert_array_equal(from_list(written, "lead I"), [1, 2, 3])
    np.testing.assert_array_equal(from_list("1,2,3\n4,5,6", "lead I"), range(1, 7))


DEFAULTS = "".join(f' a{number} CDATA "{"x" * 1000}"' for number in range(100))


@pytest.mark.parametrize("declaration", ["<!ATTLIST a b CDATA 'x'>", f"<!ATTLIST a {DEFAULTS}>", "<!ENTITY a 'b'>"])
def test_declared_attributes_and_entities_are_refused(tmp_path, declaration):
    path = tmp_path / "r.xml"
    path.write_text(f"<!DOCTYPE RestingECG [{declaration}]><RestingECG>{'<a/>' * 50000}</RestingECG>")
    with pytest.raises(Unreadable, match="declares entities or attributes"):
        read(path)


def test_a_document_that_would_amplify_costs_no_memory(tmp_path):
    path = tmp_path / "r.xml"
    path.write_text(f"<!DOCTYPE RestingECG [<!ATTLIST a {DEFAULTS}>]><RestingECG>{'<a/>' * 200000}</RestingECG>")
    code = (
        "import sys, pathlib\n"
        "from twelvelead.readers import read\n"
        "try: read(sys.argv[1])\n"
        "except Exception as error: assert 'declares' in str(error)\n"
        "status = dict(line.split(':', 1) for line in pathlib.Path('/proc/self/status').read_text().splitlines())\n"
        "print(int(status['VmHWM'].split()[0]) >> 10)\n"
    )
    done = subprocess.run([sys.executable, "-c", code, str(path)], capture_output=True, text=True, check=True)
    assert int(done.stdout) < 300
