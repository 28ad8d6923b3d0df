"""A reading says what a cardiologist writes."""

import json
from dataclasses import replace
from pathlib import Path

import jsonschema
import pytest

from twelvelead.ecg.finding import Finding
from twelvelead.errors import Refused
from twelvelead.inference import interpretation
from twelvelead.inference.interpretation import ClassResult
from twelvelead.reading.compose import compose, compose_refused

SCHEMA = Path(interpretation.__file__).with_name("interpretation.schema.json")


def said(reading, section):
    return next((one.text for one in reading.sections if one.name == section), "")


@pytest.mark.parametrize(
    ("present", "possible", "section", "words"),
    [
        (["SR"], [], "rhythm", "Sinus rhythm, 72/min."),
        (["SR", "STACH"], [], "rhythm", "Sinus tachycardia, 72/min."),
        (["SBRAD", "SARRH"], [], "rhythm", "Sinus bradycardia, 72/min. Sinus arrhythmia."),
        (["AFIB", "SVARR"], [], "rhythm", "Atrial fibrillation, 72/min."),
        ([], ["AFIB"], "rhythm", "Possible atrial fibrillation, 72/min."),
        (["PACE", "AFIB"], [], "rhythm", "Paced rhythm, 72/min. Atrial fibrillation."),
        ([], [], "rhythm", "Rhythm not determined, ventricular rate 72/min."),
        (["SR", "AFIB"], [], "rhythm", "Uncertain: sinus rhythm or atrial fibrillation, 72/min."),
        ([], ["SR", "AFLT"], "rhythm", "Uncertain: sinus rhythm or atrial flutter, 72/min."),
        (["SR"], ["AFIB"], "rhythm", "Sinus rhythm, 72/min."),
        (["1AVB"], [], "conduction", "First-degree AV block (PR 160 ms)."),
        (["1AVB", "LPR"], [], "conduction", "First-degree AV block (PR 160 ms)."),
        (["LPR"], ["1AVB"], "conduction", "Possible first-degree AV block. Prolonged PR interval (PR 160 ms)."),
        (["CLBBB", "ABQRS"], [], "conduction", "Complete left bundle branch block (QRS 92 ms)."),
        (
            ["CLBBB", "ILBBB"],
            [],
            "conduction",
            "Uncertain: complete left bundle branch block or incomplete left bundle branch block.",
        ),
        (
            ["CRBBB", "LAFB"],
            [],
            "conduction",
            "Complete right bundle branch block (QRS 92 ms). Left anterior fascicular block.",
        ),
        (
            ["LNGQT"],
            [],
            "intervals",
            "PR 160 ms, QRS 92 ms, QT 380 ms, QTc Bazett 416 ms, QTc Fridericia 404 ms. "
            "Prolonged QT interval (QTc Fridericia 404 ms).",
        ),
        (["IMI"], [], "infarction", "Inferior myocardial infarction, age undetermined."),
        (["IMI", "ILMI", "QWAVE"], [], "infarction", "Inferolateral myocardial infarction, age undetermined."),
        (["ASMI", "IMI"], [], "infarction", "Anteroseptal and inferior myocardial infarction, age undetermined."),
        (
            ["ASMI", "IMI", "LMI"],
            [],
            "infarction",
            "Anteroseptal, lateral and inferior myocardial infarction, age undetermined.",
        ),
        (
            ["ASMI"],
            ["IMI"],
            "infarction",
            "Anteroseptal myocardial infarction, age undetermined. Possible inferior myocardial infarction, age "
            "undetermined.",
        ),
        (["INJAS", "INJIN"], [], "infarction", "Anteroseptal and inferior subendocardial injury."),
        (
            ["ISCAL", "ISCIN", "ISC_", "NST_"],
            [],
            "st_t",
            "ST/T changes suggesting anterolateral and inferior ischaemia.",
        ),
        (["INVT", "TAB_", "NT_"], [], "st_t", "T wave inversion."),
        (["LVH", "VCLVH"], [], "hypertrophy", "Left ventricular hypertrophy."),
        (["PVC", "PRC(S)"], [], "ectopy", "Ventricular premature complexes."),
        ([], ["PVC"], "ectopy", "Possible ventricular premature complexes."),
    ],
)
def test_a_section_says(answer, present, possible, section, words):
    assert said(compose(answer(present, possible)), section) == words


def test_the_sections_stand_in_order(answer):
    everything = answer(["PVC", "LVH", "INVT", "IMI", "LNGQT", "LAFB", "SR"])
    assert [one.name for one in compose(everything).sections] == [
        "rhythm", "conduction", "axis", "intervals", "infarction", "st_t", "hypertrophy", "ectopy",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("degrees", "words"),
    [
        (45, "Normal axis (45°)."),
        (-29, "Normal axis (-29°)."),
        (-31, "Left axis deviation (-31°)."),
        (91, "Right axis deviation (91°)."),
        (180, "Right axis deviation (180°)."),
        (-120, "Extreme axis deviation (-120°)."),
        (None, ""),
    ],
)
def test_the_axis(answer, degrees, words):
    assert said(compose(answer(axis_degrees=degrees)), "axis") == words


def test_what_was_withheld_is_not_stated(answer):
    reading = compose(answer(["SR", "1AVB"], pr_ms=None, heart_rate_per_minute=None, qtc_bazett_ms=None))
    assert said(reading, "rhythm") == "Sinus rhythm."
    assert said(reading, "conduction") == "First-degree AV block."
    assert said(reading, "intervals") == "QRS 92 ms, QT 380 ms, QTc Fridericia 404 ms."


def test_a_sentence_carries_the_statements_it_rests_on(answer):
    values = compose(answer(["SR", "CLBBB", "IMI", "ILMI"])).to_dict()
    sentences = {one["text"]: one for section in values["sections"] for one in section["sentences"]}
    assert sentences["Sinus rhythm, 72/min."] == {
        "text": "Sinus rhythm, 72/min.",
        "decision": "present",
        "statements": {"SR": 0.95},
        "classes": {},
        "measurements": {"heart_rate_per_minute": 72.0},
    }
    merged = sentences["Inferolateral myocardial infarction, age undetermined."]
    assert merged["statements"] == {"ILMI": 0.95, "IMI": 0.95}
    assert sentences["Normal axis (45°)."]["measurements"] == {"axis_degrees": 45.0}
    assert values["conclusion"]["statements"] == {"CLBBB": 0.95, "IMI": 0.95, "ILMI": 0.95}
    assert json.loads(json.dumps(values, allow_nan=False)) == values


def test_the_rhythm_is_never_invented(answer):
    none = compose(answer()).sections[0].sentences[0]
    assert none.decision is None
    assert none.statements.keys() >= {"SR", "AFIB", "PACE"}
    unknown = compose(answer(statements=False)).sections[0].sentences[0]
    assert unknown.text == "Rhythm not assessed by these weights, ventricular rate 72/min."


@pytest.mark.parametrize(
    ("present", "possible", "classes", "measured", "level"),
    [
        (["NORM", "SR"], [], {"NORM": 0.9}, {}, "normal"),
        (["NORM", "SARRH"], [], {"NORM": 0.9}, {}, "normal"),
        (["SR"], [], {"NORM": 0.9}, {}, "borderline"),
        (["NORM", "SBRAD"], [], {}, {}, "borderline"),
        (["NORM", "SR"], ["IMI"], {}, {}, "borderline"),
        (["NORM", "SR"], [], {}, {"pr_ms": 215.0}, "borderline"),
        (["NORM", "SR"], [], {}, {"rr_irregularity": 0.2, "p_waves": False}, "borderline"),
        (["NORM", "SR"], ["AFIB"], {}, {}, "normal"),
        (["SR", "IMI"], [], {}, {}, "abnormal"),
        (["SR", "AFIB"], [], {}, {}, "abnormal"),
        (["SR", "NORM"], [], {}, {"heart_rate_range": (15.0, 70.0)}, "abnormal"),
    ],
)
def test_the_conclusion(answer, present, possible, classes, measured, level):
    reading = compose(answer(present, possible, classes=classes, **measured))
    assert reading.level == reading.to_dict()["conclusion"]["level"] == level
    assert reading.conclusion.text == f"{level.capitalize()} ECG."


def test_what_is_doubtful_as_a_whole_is_not_normal(answer):
    given = answer(["NORM", "SR"], classes={"NORM": 0.9})
    assert compose(given).level == "normal"
    doubtful = replace(given, findings=(Finding("inverted", "warn", "looks inverted"),))
    assert (compose(doubtful).level, compose(doubtful).urgency.level) == ("borderline", "routine")
    assert compose(replace(given, certainty_rank=0.1)).level == "borderline"


def test_weights_without_statements_are_read_by_their_classes(answer):
    reading = compose(answer(statements=False, classes={"MI": 0.82, "STTC": 0.4}))
    assert said(reading, "infarction") == "Myocardial infarction probable (0.82)."
    assert said(reading, "st_t") == "ST/T changes possible (0.40)."
    assert (reading.level, reading.marks, reading.not_assessed_text) == ("abnormal", (), "")
    (sentence,) = next(one for one in reading.sections if one.name == "infarction").sentences
    assert sentence.to_dict()["classes"] == {"MI": 0.82}
    assert compose(answer(statements=False, classes={"NORM": 0.9})).level == "normal"


def test_a_class_without_a_statement_is_only_possible(answer):
    reading = compose(answer(["SR"], classes={"MI": 0.8}))
    assert said(reading, "infarction") == "Possible myocardial infarction (0.80), none of its kinds stands out."
    assert (reading.level, [mark.id for mark in reading.marks]) == ("borderline", ["class-without-statement"])


def test_classes_of_ones_own_are_said_by_their_names(answer):
    reading = compose(answer(statements=False, classes={"amyloidosis": 0.7}))
    assert said(reading, "other") == "Amyloidosis probable (0.70)."


def test_classes_that_are_statements_are_read_as_statements(answer):
    given = answer(["AFIB", "IMI"])
    as_classes = compose(type(given)(**{**vars(given), "classes": given.statements, "statements": (), "pieces": ()}))
    assert said(as_classes, "rhythm") == "Atrial fibrillation, 72/min."
    assert as_classes.level == "abnormal"


def test_an_uncertain_statement_is_possible_from_half_its_threshold_on(answer):
    given = answer(["SR"])

    def with_pvc(probability, possible):
        pvc = ClassResult("PVC", probability, 0.4, probability >= 0.4, possible)
        return type(given)(**{**vars(given), "statements": (pvc,)})

    assert said(compose(with_pvc(0.2, ())), "ectopy") == "Possible ventricular premature complexes."
    assert said(compose(with_pvc(0.19, ("absent", "present"))), "ectopy") == ""
    assert said(compose(with_pvc(0.5, ("absent", "present"))), "ectopy") == "Possible ventricular premature complexes."


def test_statements_that_are_not_assessed_are_listed_by_name(answer):
    reading = compose(answer(["SR"], not_assessed=["3AVB", "PSVT"]))
    assert reading.to_dict()["not_assessed"] == {
        "3AVB": "third-degree AV block",
        "PSVT": "paroxysmal supraventricular tachycardia",
    }
    assert reading.not_assessed_text == (
        "Not assessed: third-degree AV block, paroxysmal supraventricular tachycardia."
    )
    assert "third-degree" not in reading.text


def test_what_is_excluded_stays_in_the_dict(answer):
    reading = compose(answer(["3AVB"], ["1AVB"]))
    assert "irst-degree" not in reading.text
    assert reading.to_dict()["unsaid"] == {"1AVB": "3AVB"}


def test_a_refused_recording_is_not_readable_and_says_why():
    flat = Finding("flat", "refuse", "flat lead V2: no signal")
    other = Finding("age", "warn", "age 140 is outside")
    reading = compose_refused(Refused("a.csv: flat lead V2", (other, flat)))
    assert (reading.level, reading.urgency.level) == ("not readable", "not readable")
    assert reading.text == "Not readable: flat lead V2: no signal. Urgency: not readable."
    assert compose_refused(Refused("a.csv: too short"), "de").conclusion.text == "Nicht beurteilbar: too short."
    assert json.loads(json.dumps(reading.to_dict())) == reading.to_dict()


def test_the_plain_values_satisfy_the_schema(answer):
    schema = json.loads(SCHEMA.read_text(encoding="utf-8"))
    validator = jsonschema.Draft202012Validator(schema | {"$ref": "#/$defs/reading"})
    for given in (
        answer(["SR", "NORM"], classes={"NORM": 0.9}),
        answer(["CLBBB", "IMI", "LVH"], ["1AVB"], classes={"NORM": 0.9}, not_assessed=["3AVB"]),
        answer(["3AVB"], ["1AVB"]),
        answer(statements=False, classes={"MI": 0.82}),
    ):
        validator.validate(compose(given, "es").to_dict())
    validator.validate(compose_refused(Refused("a.csv: flat")).to_dict())
    with pytest.raises(jsonschema.ValidationError):
        validator.validate({**compose(answer()).to_dict(), "text": None})
