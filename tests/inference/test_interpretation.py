import itertools
import json
from dataclasses import replace
from datetime import date, datetime
from pathlib import Path

import jsonschema
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from twelvelead import __version__
from twelvelead.ecg.measure import Measurements
from twelvelead.ecg.quality import Finding
from twelvelead.ecg.record import Identity
from twelvelead.ecg.synthetic import synthetic_ecg
from twelvelead.inference import interpretation as interpretation_module
from twelvelead.inference.interpretation import NOTICE, Attribution, ClassResult, Estimate, Interpretation, Piece

SCHEMA = Path(interpretation_module.__file__).with_name("interpretation.schema.json")
VALIDATOR = jsonschema.Draft202012Validator(json.loads(SCHEMA.read_text(encoding="utf-8")))
ECG_10_S = synthetic_ecg("normal", seed=1, sampling_rate=100)


def interpretation(attention, ecg=ECG_10_S, **entries):
    weights = None if attention is None else np.asarray(attention, np.float32) / np.sum(attention)
    entries = {
        "ecg": ecg,
        "classes": (
            ClassResult("NORM", 0.9, 0.5, True, ("present",), Estimate(0.9, 0.8, 0.95), prevalence=0.4),
            ClassResult("MI", 0.1, 0.3, False, ("absent",)),
        ),
        "operating_point": "accuracy",
        "attention": weights,
        "weights": "tiny",
        "sha256": "0" * 64,
        "contract_sha256": "1" * 64,
        "synthetic": True,
        "error_rate": 0.1,
        "certainty": 0.81,
        "certainty_rank": 0.6,
        "pieces": (Piece(0.0, 10.0, (0.9, 0.1)),),
    } | entries
    return Interpretation(**entries)


def test_looked_at_finds_the_peaks():
    attention = np.full(250, 1e-4)
    attention[[20, 100, 103, 240]] = [1, 2, 2, 0.5]
    (a, b, c) = interpretation(attention).looked_at()
    assert a[0] <= 20 * 0.04 < a[1]
    assert b[0] <= 100 * 0.04 < 103 * 0.04 < b[1]
    assert c[0] <= 240 * 0.04 < c[1]
    assert [round(share, 2) for _, _, share in (a, b, c)] == [0.18, 0.72, 0.09]


@given(
    attention=st.lists(st.floats(0, 1, width=32), min_size=1, max_size=60).filter(lambda values: sum(values) > 1e-3),
    spans=st.integers(1, 8),
    seconds=st.floats(0.01, 20),
)
def test_stretches_do_not_overlap_and_lie_within_the_recording(attention, spans, seconds):
    found = interpretation(attention).looked_at(spans, seconds)
    assert 1 <= len(found) <= spans
    times = [time for start, end, _ in found for time in (start, end)]
    assert times[0] >= 0
    assert times[-1] <= 10 + 1e-9
    assert all(one <= other + 1e-9 for one, other in itertools.pairwise(times))
    assert all(end > start for start, end, _ in found)
    assert sum(share for _, _, share in found) <= 1 + 1e-5


def test_as_plain_values():
    noisy = Finding("muscle-noise", "warn", "lead V1 is noisy", {"V1": 0.3})
    values = interpretation(np.ones(250), findings=(noisy,)).to_dict()
    assert json.loads(json.dumps(values, allow_nan=False)) == values
    assert values["classes"]["NORM"] == {
        "probability": 0.9,
        "decision": "present",
        "threshold": 0.5,
        "present": True,
        "conformal_set": ["present"],
        "sensitivity": {"value": 0.9, "low": 0.8, "high": 0.95},
        "specificity": None,
        "prevalence": 0.4,
        "prevalence_given": False,
        "positive_predictive_value": None,
        "negative_predictive_value": None,
        "spread": None,
    }
    assert values["duration_s"] == 10
    assert values["attention"]["seconds_per_value"] == pytest.approx(0.04)
    assert len(values["attention"]["values"]) == 250
    assert len(values["attention"]["most"]) == 3
    assert values["findings"] == [
        {
            "code": "muscle-noise",
            "severity": "warn",
            "message": "lead V1 is noisy",
            "values": {"V1": 0.3},
            "grave": False,
        }
    ]
    assert values["certainty"] == {"value": 0.81, "rank": 0.6, "abstains": False}
    assert values["pieces"] == [{"start_s": 0, "end_s": 10, "probabilities": {"NORM": 0.9, "MI": 0.1}}]
    assert values["model"] == {
        "name": "tiny",
        "members": [],
        "sha256": "0" * 64,
        "contract_sha256": "1" * 64,
        "as_shipped": False,
        "trained_on_synthetic_ecgs": True,
    }
    assert values["product"] == {"name": "twelvelead", "version": __version__}
    assert values["notice"] == NOTICE


@pytest.mark.parametrize("findings", [(), (Finding("age", "warn", "old", {"age": 120.0}),)])
@pytest.mark.parametrize("explained", [False, True])
def test_the_plain_values_satisfy_the_schema(findings, explained):
    cells = Attribution({"MI": np.zeros((12, 25), np.float32)}, tuple(np.arange(26) * 0.4), ECG_10_S.leads)
    values = interpretation(np.ones(250), findings=findings, attribution=cells if explained else None).to_dict()
    VALIDATOR.validate(values)
    VALIDATOR.validate(interpretation(None).to_dict())
    del values["notice"]
    with pytest.raises(jsonschema.ValidationError):
        VALIDATOR.validate(values)


@pytest.mark.parametrize(
    ("present", "possible", "decision"),
    [
        (True, ("present",), "present"),
        (False, ("absent",), "absent"),
        (True, ("absent",), "uncertain"),
        (False, ("present",), "uncertain"),
        (True, ("absent", "present"), "uncertain"),
        (False, (), "uncertain"),
    ],
)
def test_uncertain_unless_the_operating_point_says_all_that_is_possible(present, possible, decision):
    assert ClassResult("MI", 0.5, 0.5, present, possible).decision == decision


def test_the_least_certain_fifth_is_left_to_a_reader():
    assert interpretation(np.ones(3), certainty_rank=0.19).abstains
    assert not interpretation(np.ones(3), certainty_rank=0.2).abstains


def test_what_is_present_is_shown_else_the_most_probable():
    assert interpretation(np.ones(3)).shown == ("NORM",)
    none = tuple(ClassResult(name, p, 0.9, False, ()) for name, p in (("A", 0.2), ("B", 0.3)))
    assert interpretation(np.ones(3), classes=none).shown == ("B",)


def test_without_attention_nothing_was_looked_at():
    answer = interpretation(None)
    assert (answer.looked_at(), answer.to_dict()["attention"]) == ((), None)


def test_unknown_age_and_sex_are_null():
    values = interpretation(np.ones(250), replace(ECG_10_S, age=None, sex=None)).to_dict()
    assert (values["age"], values["sex"]) == (None, None)


def test_what_is_grave_comes_first_and_before_the_answer():
    grave, other = Finding("inverted", "warn", "looks inverted"), Finding("age", "warn", "old")
    answer = interpretation(None, findings=(other, grave))
    assert answer.findings == (grave, other)
    values = answer.to_dict()
    assert [finding["code"] for finding in values["findings"]] == ["inverted", "age"]
    assert list(values).index("findings") < list(values).index("classes")
    assert values["findings"][0]["grave"]


def test_who_it_is_only_where_the_ecg_was_read_with_it():
    recorded = replace(ECG_10_S, recorded=datetime(2024, 5, 6, 7, 8), device="MAC 55", sha256="a" * 64)
    values = interpretation(None, recorded).to_dict()
    VALIDATOR.validate(values)
    assert values["identity"] is None
    assert "2024" not in json.dumps(values)
    assert (values["device"], values["source_sha256"]) == ("MAC 55", "a" * 64)
    known = replace(recorded, identity=Identity("47", None, "DOE^JANE", date(1960, 1, 2)))
    values = interpretation(None, known).to_dict()
    VALIDATOR.validate(values)
    assert values["identity"] == {
        "name": "DOE^JANE",
        "patient_id": "47",
        "issuer": None,
        "birth_date": "1960-01-02",
        "order": None,
        "study": None,
        "encounter": None,
        "recorded": "2024-05-06T07:08:00",
    }


def test_measurements_and_the_picture_are_fields_of_the_answer():
    measured = Measurements(72.4, (65, 80), qrs_ms=92, withheld={"pr_ms": "no P wave found"})
    values = interpretation(None, measurements=measured, picture="out/a.png").to_dict()
    VALIDATOR.validate(values)
    assert (values["measurements"], values["picture"]) == (measured.to_dict(), "out/a.png")
    bare = interpretation(None).to_dict()
    assert (bare["measurements"], bare["picture"]) == (None, None)


def test_repr_is_what_a_person_wants_to_see():
    findings = (Finding("age", "warn", "old"), Finding("inverted", "warn", "looks inverted"))
    assert repr(interpretation(np.ones(3), findings=findings, certainty_rank=0.1)) == (
        f"{ECG_10_S.source}: 10.0 s at 100 Hz, weights tiny\n"
        "  looks inverted [inverted]\n"
        "  NORM  0.90 present\n"
        "  MI    0.10 absent\n"
        "  1 warning of the quality gate (findings)\n"
        "  among the least certain fifth: leave it to the reader"
    )


def test_a_notebook_shows_the_table_and_the_page_and_nothing_of_the_patient():
    named = replace(ECG_10_S, recorded=datetime(2024, 5, 6), source="ward/<b>DOE</b>.xml")
    class_ = ClassResult("<script>", 0.9, 0.5, True, ("present",))
    html = interpretation(
        None, named, classes=(class_,), findings=(Finding("inverted", "warn", "a < b"),)
    )._repr_html_()
    assert "<script>" not in html
    assert "&lt;script&gt;" in html
    assert "a &lt; b" in html
    assert 'src="data:image/png;base64,' in html
    assert "2024-05" not in html
    assert "DOE" not in html.split("base64,")[0]
