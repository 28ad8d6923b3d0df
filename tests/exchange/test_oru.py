"""Messages parse, keep hostile texts in their fields, and say no more than the report."""

import re
from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from twelvelead.exchange.oru import escape, message
from twelvelead.exchange.report import Identity


@pytest.fixture(scope="module")
def parse():
    hl7 = pytest.importorskip("hl7")
    return lambda report: hl7.parse(message(report).decode())


def segments(report, name):
    return [line.split("|") for line in message(report).decode().split("\r") if line.startswith(name)]


def values(report, code):
    return [fields[5] for fields in segments(report, "OBX") if fields[3].startswith(f"{code}^")]


def test_two_parsers_read_every_kind_of_report(parse, a_report, a_refused, signed_of):
    parser = pytest.importorskip("hl7apy.parser")
    for report in (
        a_report(("SR", "IMI", "DIG"), ("LVH",)),
        a_report(identity=None, page=None, pr_ms=None),
        a_refused(),
        a_report(status="final", signed=signed_of("AFIB", text="as before\nno change")),
    ):
        parsed = parser.parse_message(message(report).decode(), find_groups=True)
        assert parsed.validate()
        assert parsed.name == "ORU_R01"
        assert parse(report).segment("MSH")[9][0][0][0] == "ORU"


def test_a_strict_parser_finds_no_fault_but_in_results_whose_type_it_does_not_know(a_report):
    parser, consts = pytest.importorskip("hl7apy.parser"), pytest.importorskip("hl7apy.consts")
    lines = []
    for line in message(a_report(("SR", "IMI"), ("LVH",))).decode().split("\r"):
        fields = line.split("|")
        if fields[0] == "OBX":  # it takes every OBX-5 for a string of 199 characters
            fields[2], fields[5] = "ST", "1"
        lines.append("|".join(fields))
    parsed = parser.parse_message("\r".join(lines), validation_level=consts.VALIDATION_LEVEL.STRICT)
    assert parsed.validate()


def test_the_header_states_version_and_characters(a_report):
    (header,) = segments(a_report(), "MSH")
    assert header[8] == "ORU^R01^ORU_R01"
    assert header[11] == "2.5.1"
    assert header[17] == "UNICODE UTF-8"
    addressed = message(a_report(), sender=("A|B", ""), receiver=("EHR", "")).decode()
    assert addressed.split("|")[2:5] == ["A\\F\\B", "", "EHR"]


def test_who_it_is(a_report):
    (person,) = segments(a_report(), "PID")
    assert person[3] == "0815^^^&1.2.276.0.76.4.1&ISO"
    assert person[5] == "Doe^Jane^^^Dr"  # XPN has the suffix before the prefix
    assert person[7:9] == ["19500203", "F"]
    (visit,) = segments(a_report(), "PV1")
    assert visit[19] == "V-7"
    (order,) = segments(a_report(), "OBR")
    assert order[2] == "A-42"
    assert order[7] == "20260102091500"
    assert values(a_report(), "110180") == ["1.2.3.4"]
    assert not segments(a_report(identity=None), "PID")


def test_an_issuer_that_is_no_oid_is_a_namespace(a_report):
    (person,) = segments(a_report(identity=Identity(patient_id="7", issuer="WARD&7")), "PID")
    assert person[3] == "7^^^WARD\\T\\7"
    assert person[5] == "^^^^^^U"


def test_status_of_order_and_results(a_report, signed_of):
    for status, letter in (("preliminary", "P"), ("final", "F"), ("corrected", "C")):
        signed = None if status == "preliminary" else signed_of("SR")
        report = a_report(status=status, signed=signed)
        (order,) = segments(report, "OBR")
        assert order[25] == letter
        assert {fields[11] for fields in segments(report, "OBX")} == {letter}


def test_measurements_have_loinc_and_ucum(a_report):
    report = a_report(pr_ms=None, withheld={"pr_ms": "no P wave found"})
    found = {fields[3].split("^")[0]: fields for fields in segments(report, "OBX") if fields[2] == "NM"}
    assert found["8867-4"][5:7] == ["72", "/min^per minute^UCUM"]
    assert found["8625-6"][5] == ""
    assert found["8625-6"][11] == "X"


def test_what_is_uncertain_is_equivocal_and_never_has_the_code_of_the_finding(a_report):
    report = a_report(("SR",), ("LVH",))
    assert "164873001" not in message(report).decode()
    assert [value for value in values(report, "8601-7") if value.startswith("370359005^")]
    asserted = message(a_report(("SR", "LVH"))).decode()
    assert "164873001^Left ventricular hypertrophy^SCT^LVH^" in asserted


def test_a_refused_recording_is_non_diagnostic_with_the_reason(a_refused):
    assert values(a_refused(), "18810-2") == ["122753^Non-diagnostic ECG^DCM"]
    assert "lead V2 is flat" in message(a_refused()).decode()
    assert "jane-doe" not in message(a_refused()).decode()


def test_the_page_and_what_the_report_is(a_report):
    assert values(a_report(), "28010-7")[0].startswith("^application^pdf^Base64^JVBERi0")
    assert "decision aid, not a medical device" in message(a_report()).decode().lower()


def test_a_repeat_is_the_same_and_a_later_version_is_the_same_order(a_report, signed_of):
    before = a_report(("AFIB",))
    assert message(before) == message(a_report(("AFIB",)))
    after = replace(before, made=before.made + timedelta(hours=1), status="final", signed=signed_of("AFIB"))
    assert segments(before, "OBR")[0][3] == segments(after, "OBR")[0][3]
    assert segments(before, "MSH")[0][9] != segments(after, "MSH")[0][9]


HOSTILE = st.text(
    st.characters(exclude_categories=("Cs",)) | st.sampled_from("|^&~\\\r\n\x0b\x1c\x85\u2028<>"), max_size=60
)


@settings(deadline=None)
@given(HOSTILE)
def test_an_escaped_text_is_one_value_and_comes_back(text):
    hl7 = pytest.importorskip("hl7")
    escaped = escape(text)
    assert not set(escaped) & set("|^&~\r\n")
    assert escaped == "".join(escaped.splitlines())
    parsed = hl7.parse(f"MSH|^~\\&|A\rOBX|1|ST|{escaped}|end")
    assert str(parsed.segment("OBX")[4]) == "end"
    assert unescaped(escaped) == text


def unescaped(text):
    plain = {"E": "\\", "F": "|", "S": "^", "T": "&", "R": "~"}
    return re.sub(
        r"\\(?:([EFSTR])|X([0-9A-F]+))\\",
        lambda found: plain[found[1]] if found[1] else bytes.fromhex(found[2]).decode(),
        text,
    )


@settings(max_examples=50, deadline=None)
@given(HOSTILE, HOSTILE, HOSTILE)
def test_no_text_can_begin_a_field_or_a_segment(a_report, signed_of, name, number, text):
    identity = Identity(name=name, patient_id=number, issuer=text, order=name, encounter=number)
    report = a_report(identity=identity, status="final", signed=signed_of("SR", text=text, author=name))
    ordinary = a_report(
        identity=Identity("n", "i", "s", order="o", encounter="e"), status="final", signed=signed_of("SR", text="t")
    )
    kinds = [[line.split("|")[0] for line in message(one).decode().split("\r")] for one in (report, ordinary)]
    assert set(kinds[0]) <= set(kinds[1])
    assert kinds[0].count("OBX") <= kinds[1].count("OBX")
    (order,) = segments(report, "OBR")
    assert order[25] == "F"
