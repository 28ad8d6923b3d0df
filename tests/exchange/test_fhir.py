"""Bundles are R4, say no more than the report, and replace themselves."""

import json
from base64 import b64decode
from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from twelvelead.exchange.fhir import bundle
from twelvelead.exchange.report import Identity


def resources(report, kind):
    return [one["resource"] for one in bundle(report)["entry"] if one["resource"]["resourceType"] == kind]


def the_report(report):
    (found,) = resources(report, "DiagnosticReport")
    return found


def codes_in(value):
    """(system, code) of every coding anywhere in it."""
    return {(one["system"], one["code"]) for one in _walk(value) if {"system", "code"} <= one.keys()}


def _walk(value):
    if isinstance(value, dict):
        yield value
    for one in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        yield from _walk(one)


@pytest.fixture(scope="module")
def valid():
    """Checks a bundle against the model of R4B."""
    resource = pytest.importorskip("fhir.resources.R4B.bundle", reason="no fhir.resources")
    return lambda report: resource.Bundle.model_validate_json(json.dumps(bundle(report)))


def test_every_kind_of_report_is_r4b(valid, a_report, a_refused, signed_of):
    valid(a_report(("SR", "AFIB", "IMI", "DIG"), ("LVH",)))
    valid(a_report(identity=None, page=None))
    valid(a_report(pr_ms=None, withheld={"pr_ms": "no P wave found"}))
    valid(a_refused())
    valid(a_report(status="final", signed=signed_of("AFIB", text="as before\nno change")))


def test_what_is_sent_twice_is_the_same_resource(a_report):
    once, twice = bundle(a_report(("AFIB",))), bundle(a_report(("AFIB",)))
    assert json.dumps(once) == json.dumps(twice)
    urls = [one["request"]["url"] for one in once["entry"]]
    assert len(set(urls)) == len(urls)
    for one in once["entry"]:
        identifier = one["resource"]["identifier"][0]
        assert one["request"] == {
            "method": "PUT",
            "url": f"{one['resource']['resourceType']}?identifier={identifier['system']}%7C{identifier['value']}",
        }
    places = {one["fullUrl"] for one in once["entry"]}
    assert {one["reference"] for one in _walk(once) if "reference" in one} <= places


def test_the_patient_is_a_reference_by_identifier_and_is_never_created(a_report):
    kinds = {one["resource"]["resourceType"] for one in bundle(a_report())["entry"]}
    assert kinds == {"Device", "Observation", "DiagnosticReport"}
    subject = the_report(a_report())["subject"]
    assert subject["identifier"] == {"value": "0815", "system": "urn:oid:1.2.276.0.76.4.1"}
    assert "reference" not in subject


@pytest.mark.parametrize(
    ("issuer", "told"),
    [
        ("1.2.276.0.76.4.1", {"system": "urn:oid:1.2.276.0.76.4.1"}),
        ("http://hospital.example/ids", {"system": "http://hospital.example/ids"}),
        ("WARD 7", {"assigner": {"display": "WARD 7"}}),
        (None, {}),
    ],
)
def test_an_id_stands_with_its_issuer(a_report, issuer, told):
    subject = the_report(a_report(identity=Identity(patient_id=" 08/15 ", issuer=issuer)))["subject"]
    assert subject["identifier"] == {"value": " 08/15 "} | told


def test_an_id_that_a_string_cannot_hold_is_left_out_not_changed(a_report):
    assert "subject" not in the_report(a_report(identity=Identity(patient_id="08\x0015", name="Doe")))


def test_nobody_is_named_unless_an_identity_is_given(a_report):
    told = json.dumps(bundle(a_report(identity=None)))
    assert not any(word in told for word in ("subject", "Doe", "encounter", "basedOn", "imagingStudy"))


def test_a_statement_is_sent_with_its_codes(a_report):
    observations = resources(a_report(("SR", "IMI")), "Observation")
    found = {one["valueCodeableConcept"]["text"]: one for one in observations if "valueCodeableConcept" in one}
    value = found["Inferior myocardial infarction, age undetermined"]["valueCodeableConcept"]
    assert [one["code"] for one in value["coding"]] == ["164865005", "IMI"]
    assert found["Sinus rhythm"]["code"]["coding"][0]["code"] == "8601-7"


def test_what_is_uncertain_is_equivocal_and_never_has_the_code_of_the_finding(a_report):
    report = a_report(("SR",), ("AFLT", "LVH"))
    sent = codes_in(bundle(report))
    assert ("http://snomed.info/sct", "164873001") not in sent
    assert not any(code in ("LVH", "AFLT") for _, code in sent)
    possible = [
        one["valueCodeableConcept"]
        for one in resources(report, "Observation")
        if one.get("valueCodeableConcept", {}).get("text", "").startswith("Possible")
    ]
    assert possible
    assert all(one["coding"][0]["code"] == "370359005" for one in possible)


def test_measurements_have_loinc_and_ucum_and_reasons_where_withheld(a_report):
    report = a_report(pr_ms=None, withheld={"pr_ms": "no P wave found"})
    found = {one["code"]["coding"][0]["code"]: one for one in resources(report, "Observation")}
    assert found["8867-4"]["valueQuantity"] == {
        "value": 72.0,
        "unit": "/min",
        "system": "http://unitsofmeasure.org",
        "code": "/min",
    }
    assert found["8632-2"]["valueQuantity"]["code"] == "deg"
    assert found["76634-5"]["valueQuantity"]["value"] == 404.0
    assert "valueQuantity" not in found["8625-6"]
    assert found["8625-6"]["dataAbsentReason"]["text"] == "no P wave found"


def test_what_is_unsigned_is_preliminary_throughout_and_says_what_it_is(a_report):
    report = a_report(("AFIB",))
    assert {one["status"] for one in resources(report, "Observation")} == {"preliminary"}
    found = the_report(report)
    assert found["status"] == "preliminary"
    assert "decision aid, not a medical device" in found["conclusion"].lower()


def test_a_refused_recording_is_non_diagnostic_with_the_reason(a_refused):
    found = the_report(a_refused())
    assert found["conclusionCode"][0]["coding"][0]["code"] == "122753"
    assert "lead V2 is flat" in found["conclusion"]
    assert "jane-doe" not in json.dumps(bundle(a_refused()))


def test_a_signed_report_takes_the_place_of_the_preliminary_one(a_report, signed_of):
    before = a_report(("AFIB", "LVH"))
    after = replace(
        before,
        made=before.made + timedelta(hours=1),
        status="final",
        replaces=before.made,
        signed=signed_of("AFIB", "IMI"),
    )
    urls = [{one["request"]["url"] for one in bundle(each)["entry"]} for each in (before, after)]
    assert urls[0] <= urls[1]  # nothing of the preliminary report is left behind
    told = {one["status"] for one in resources(after, "Observation")}
    assert told == {"final", "cancelled"}
    cancelled = [one for one in resources(after, "Observation") if one["status"] == "cancelled"]
    assert len(cancelled) == 1
    assert "valueCodeableConcept" not in cancelled[0]
    assert the_report(after)["resultsInterpreter"][0]["display"] == "Dr. Ada Example"
    assert "probability" not in json.dumps(resources(after, "Observation"))


def test_the_page_is_attached(a_report):
    (form,) = the_report(a_report(page=b"%PDF-1.4 a page"))["presentedForm"]
    assert b64decode(form["data"]) == b"%PDF-1.4 a page"
    assert form["contentType"] == "application/pdf"


def test_a_local_time_is_told_as_a_date_since_fhir_has_no_time_without_zone(a_report):
    assert the_report(a_report(identity=Identity(recorded="2026-01-02T09:15:00")))["effectiveDateTime"] == "2026-01-02"
    zoned = Identity(recorded="2026-01-02T09:15:00+01:00")
    assert the_report(a_report(identity=zoned))["effectiveDateTime"] == "2026-01-02T09:15:00+01:00"
    assert "effectiveDateTime" not in the_report(a_report(identity=Identity(recorded="last Tuesday")))


ANY = st.text(st.characters() | st.sampled_from("\x00\x1b\r\n\t|<>\u2028"), max_size=40)


@settings(max_examples=20, deadline=None)
@example(["\x85"] * 9, "\x85")
@given(st.lists(ANY, min_size=9, max_size=9), ANY)
def test_every_bundle_is_valid_whatever_is_given(valid, a_report, signed_of, texts, said):
    identity = Identity(*texts)
    report = a_report(identity=identity, status="final", signed=signed_of("SR", "x", text=said, author=said))
    valid(report)
    told = the_report(report)
    for name, number in (("subject", identity.patient_id), ("encounter", identity.encounter)):
        assert told.get(name, {}).get("identifier", {}).get("value", number) == number
    json.dumps(bundle(report), ensure_ascii=False).encode()
