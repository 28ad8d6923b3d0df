"""What a report says, before any standard: of the machine, of a reader, and who may be named."""

from dataclasses import replace
from datetime import datetime
from pathlib import Path

import pytest

from twelvelead.errors import TwelveLeadError
from twelvelead.exchange import codes
from twelvelead.exchange.content import content_of
from twelvelead.exchange.ids import STATEMENTS, study_uid, version_uid
from twelvelead.exchange.report import Identity, Report


def final(signed, **more):
    return {"status": "final", "signed": signed} | more


def test_findings_stand_as_they_are_read_and_a_general_one_not_beside_the_specific(a_report):
    content = content_of(a_report(("STACH", "SR", "IMI", "QWAVE", "ABQRS"), heart_rate_per_minute=110.0))
    assert [finding.key for finding in content.findings] == ["STACH", "IMI"]


def test_rivals_are_one_uncertain_finding(a_report):
    content = content_of(a_report(("SR", "AFIB")))
    assert [finding.certain for finding in content.findings] == [False]
    assert content.findings[0].text.startswith("Uncertain: ")


def test_a_probability_is_never_0_or_1(a_report, reading_answer):
    report = a_report(("SR",))
    report.answer["reading"]["sections"][0]["sentences"][0]["statements"]["SR"] = 0.99999
    assert content_of(report).findings[0].probability == 0.99


def test_a_reader_says_what_holds_in_the_place_of_the_machine(a_report, signed_of):
    statements = ({"code": "AFIB", "text": "since 2019"}, {"text": "Artefact in V2."}, {"code": "IMI", "name": "…"})
    report = a_report(("SR", "LVH"), **final(signed_of(statements=statements, text="Read at the bedside.")))
    content = content_of(report)
    assert [(finding.key, finding.certain, finding.probability) for finding in content.findings] == [
        ("AFIB", True, None),
        ("IMI", True, None),
    ]
    assert content.findings[0].text == "Atrial fibrillation (since 2019)"
    assert content.words == "Read at the bedside.\nArtefact in V2."
    assert content.withdrawn == ("SR", "LVH")
    assert content.cautions == ()
    assert "Dr. Ada Example" in content.conclusion
    assert content.notice == "Decision aid, not a medical device."


@pytest.mark.parametrize(
    ("codes", "overall"),
    [(("NORM", "SR"), "normal"), (("NORM", "1AVB"), "borderline"), (("SR", "IMI"), "abnormal"), ((), None)],
)
def test_the_overall_finding_of_a_reader_follows_from_the_statements(a_report, signed_of, codes, overall):
    assert content_of(a_report(("IMI",), **final(signed_of(*codes)))).overall == overall


def test_measurements_are_the_readers_where_a_mark_was_moved(a_report, signed_of):
    def qrs(measurements):
        content = content_of(a_report(**final(signed_of(measurements=measurements))))
        return next((one.value, one.moved) for one in content.measured if one.quantity == "qrs_ms")

    assert qrs(None) == (92.0, False)
    assert qrs({"qrs_ms": 120.0, "moved": False}) == (92.0, False)
    assert qrs({"qrs_ms": 120.0, "moved": True}) == (120.0, True)
    assert qrs({"pr_ms": 120.0, "moved": True}) == (None, True)


def test_the_least_certain_fifth_is_equivocal_but_what_is_abnormal_stays_abnormal(a_report):
    def overall(*present):
        report = a_report(present)
        report.answer["certainty"]["abstains"] = True
        return content_of(report).overall

    assert overall("SR", "1AVB") == "equivocal"
    assert overall("SR", "IMI") == "abnormal"


def test_a_report_needs_a_reading_times_with_zones_and_a_status_that_fits(a_report, signed_of):
    report = a_report()
    with pytest.raises(TwelveLeadError, match="cannot be read"):
        replace(report, answer=report.answer | {"reading": None})
    with pytest.raises(TwelveLeadError, match="zone"):
        replace(report, made=datetime(2026, 1, 2))
    with pytest.raises(TwelveLeadError, match="without a signature"):
        replace(report, status="final")
    with pytest.raises(TwelveLeadError, match="with a signature"):
        replace(report, signed=signed_of("SR"))


def test_ids_follow_from_the_input_and_the_version(a_report):
    report = replace(a_report(), answer=a_report().answer | {"source_sha256": "ab" * 32}, id="", identity=None)
    assert report.id == "ab" * 32
    assert version_uid(report, "SR") == version_uid(replace(report), "SR")
    assert version_uid(report, "SR") != version_uid(report, "PDF")
    elsewhere = replace(report, made=report.made.astimezone(datetime.now().astimezone().tzinfo))
    assert version_uid(elsewhere, "SR") == version_uid(report, "SR")
    assert study_uid(report) == study_uid(replace(report, made=report.made.replace(year=2027)))
    assert study_uid(replace(report, identity=Identity(study="1.2.3"))) == "1.2.3"


def test_nothing_of_an_identity_is_in_a_repr(a_report):
    report = a_report()
    assert "Jane" not in repr(report)
    assert "0815" not in repr(report)


def test_an_interpretation_makes_its_own_report(reading_answer, a_report):
    interpretation = reading_answer(("SR", "IMI"))
    report = Report.of(interpretation, a_report().made, language="de")
    assert report.identity is None
    assert report.answer["reading"]["language"] == "de"
    assert content_of(report).findings[1].text == "Myokardinfarkt inferior, Alter unbestimmt"


def test_the_page_names_every_code_that_is_sent():
    page = (Path(__file__).parents[2] / "docs" / "exchange.md").read_text(encoding="utf-8")
    sent = [*codes.OVERALL.values(), codes.ECG_STUDY, codes.ECG_REPORT, codes.IMPRESSION, codes.OVERALL_FINDING]
    sent += [code for quantity in codes.QUANTITIES.values() for code in (quantity.loinc, quantity.mdc)]
    assert [code for code in sent if code.value not in page] == []
    assert f"urn:oid:{STATEMENTS}" in page
