"""Each caution and each rule of urgency holds where it is meant to, and not beside it."""

from dataclasses import replace

import pytest

from twelvelead.ecg.finding import Finding
from twelvelead.reading import cautions, urgency
from twelvelead.reading.compose import compose

FAST_WIDE = {"heart_rate_per_minute": 130.0, "qrs_ms": 150.0, "p_waves": False, "pr_ms": None}
SCATTERED = {"rr_irregularity": 0.2, "p_waves": False, "pr_ms": None}
CHILD = {"age": 2.0}

GRAVE = (Finding("electrodes", "warn", "electrodes probably interchanged"),)

CAUTIONS = {
    "recording-doubtful": [({"findings": GRAVE}, True), ({"findings": (Finding("age", "warn", "old"),)}, False)],
    "lbbb-masks": [
        ({"present": ["CLBBB", "IMI"], "qrs_ms": 150.0}, True),
        ({"present": ["CLBBB"], "possible": ["INVT"], "qrs_ms": 150.0}, True),
        ({"present": ["CLBBB", "LVH"], "qrs_ms": 150.0}, False),
        ({"present": ["CRBBB", "IMI"], "qrs_ms": 150.0}, False),
    ],
    "pacing-masks": [({"present": ["PACE", "INJAS"]}, True), ({"present": ["PACE"]}, False)],
    "pre-excitation-masks": [({"present": ["WPW", "QWAVE"]}, True), ({"present": ["WPW", "PVC"]}, False)],
    "wide-tachycardia-masks": [
        (dict(present=["AMI"], **FAST_WIDE), True),
        (dict(classes={"MI": 0.9}, statements=False, **FAST_WIDE), True),
        (dict(present=["AMI"], **FAST_WIDE | {"qrs_ms": 120.0}), False),
        (dict(present=["AMI"], **FAST_WIDE | {"heart_rate_per_minute": 100.0}), False),
        (dict(present=["PVC"], **FAST_WIDE), False),
        (dict(present=["AMI"], person=CHILD, **FAST_WIDE), False),
    ],
    "strain": [({"present": ["LVH", "ISCAL"]}, True), ({"present": ["RVH", "ISCAL"]}, False)],
    "qt-in-wide-qrs": [
        ({"qrs_ms": 120.0, "qtc_fridericia_ms": 455.0}, True),
        ({"qrs_ms": 120.0, "qtc_fridericia_ms": 455.0, "person": {"sex": "female"}}, False),
        ({"qrs_ms": 118.0, "qtc_fridericia_ms": 455.0}, False),
        ({"qrs_ms": None, "qtc_fridericia_ms": 455.0}, False),
    ],
    "pr-not-long": [
        ({"present": ["1AVB"], "pr_ms": 150.0}, True),
        ({"present": ["LPR"], "pr_ms": 199.0}, True),
        ({"present": ["1AVB"], "pr_ms": 200.0}, False),
        ({"present": ["1AVB"], "pr_ms": None}, False),
        ({"present": ["2AVB"], "pr_ms": 150.0}, False),
    ],
    "pr-in-complete-block": [
        ({"present": ["3AVB"]}, True),
        ({"present": ["3AVB"], "p_waves": False}, False),
        ({"present": ["3AVB"], "p_waves": None}, False),
    ],
    "sinus-irregular": [
        (dict(present=["SR"], **SCATTERED), True),
        ({"present": ["SR"], "rr_irregularity": 0.2}, False),
        (dict(present=["SR"], **SCATTERED | {"rr_irregularity": 0.08}), False),
        (dict(present=["SARRH"], **SCATTERED), False),
    ],
    "fibrillation-regular": [
        ({"present": ["AFIB"], "p_waves": False}, True),
        (dict(present=["AFIB"], **SCATTERED), False),
        ({"present": ["AFIB", "PACE"], "p_waves": False}, False),
    ],
    "fibrillation-p-waves": [({"present": ["AFIB"]}, True), ({"present": ["AFIB"], "p_waves": False}, False)],
    "qt-not-long": [
        ({"present": ["LNGQT"]}, True),
        ({"present": ["LNGQT"], "qtc_bazett_ms": 450.0}, False),
        ({"present": ["LNGQT"], "qtc_bazett_ms": 450.0, "person": {"sex": "female"}}, True),
    ],
    "tachycardia-slow": [
        ({"present": ["STACH"], "heart_rate_per_minute": 99.0}, True),
        ({"present": ["SVTAC"], "heart_rate_per_minute": 99.0}, True),
        ({"present": ["STACH"], "heart_rate_per_minute": 100.0}, False),
    ],
    "bradycardia-fast": [
        ({"present": ["SBRAD"], "heart_rate_per_minute": 61.0}, True),
        ({"present": ["SBRAD"], "heart_rate_per_minute": 60.0}, False),
        ({"present": ["SBRAD"], "heart_rate_per_minute": 61.0, "person": CHILD}, False),
    ],
    "block-narrow": [
        ({"present": ["CLBBB"]}, True),
        ({"present": ["CRBBB"], "qrs_ms": 120.0}, False),
        ({"present": ["IRBBB"]}, False),
    ],
    "left-anterior-axis": [
        ({"present": ["LAFB"]}, True),
        ({"present": ["LAFB"], "axis_degrees": -50.0}, False),
    ],
    "left-posterior-axis": [
        ({"present": ["LPFB"]}, True),
        ({"present": ["LPFB"], "axis_degrees": 110.0}, False),
        ({"present": ["LPFB"], "axis_degrees": -150.0}, False),
    ],
}

URGENCY = {
    "complete-av-block": [({"present": ["3AVB"]}, "critical"), ({"possible": ["3AVB"]}, "urgent")],
    "injury-current": [({"present": ["INJIL"]}, "critical"), ({"present": ["ISCIL"]}, None)],
    "infarction-st-elevation": [
        ({"present": ["IMI", "STE_"]}, "critical"),
        ({"present": ["IMI"], "possible": ["STE_"]}, "urgent"),
        ({"present": ["STE_"]}, None),
    ],
    "pre-excited-fibrillation": [({"present": ["AFIB", "WPW"]}, "critical"), ({"present": ["WPW"]}, None)],
    "wide-qrs-tachycardia": [
        (FAST_WIDE, "critical"),
        (dict(present=["STACH"], **FAST_WIDE), None),
        (dict(present=["PACE"], **FAST_WIDE), None),
        (dict(possible=["STACH"], **FAST_WIDE), "critical"),
        (dict(person=CHILD, **FAST_WIDE), None),
    ],
    "pause": [({"heart_rate_range": (19.9, 80.0)}, "critical"), ({"heart_rate_range": (20.0, 80.0)}, None)],
    "second-degree-av-block": [({"present": ["2AVB"]}, "urgent")],
    "supraventricular-tachycardia": [
        ({"present": ["SVTAC"]}, "urgent"),
        ({"present": ["PSVT"]}, "urgent"),
        ({"possible": ["PSVT"]}, "routine"),
    ],
    "fast-fibrillation": [
        ({"present": ["AFIB"], "heart_rate_per_minute": 121.0}, "urgent"),
        ({"present": ["AFLT"], "heart_rate_per_minute": 150.0}, "urgent"),
        ({"present": ["AFIB"], "heart_rate_per_minute": 120.0}, None),
        ({"present": ["AFIB"], "heart_rate_per_minute": None}, None),
    ],
    "fast": [
        ({"heart_rate_per_minute": 151.0}, "urgent"),
        ({"heart_rate_per_minute": 150.0}, None),
        ({"heart_rate_per_minute": 151.0, "person": CHILD}, None),
        ({"heart_rate_per_minute": 151.0, "person": {"age": None}}, "urgent"),
    ],
    "slow": [({"heart_rate_per_minute": 39.0}, "urgent"), ({"heart_rate_per_minute": 40.0}, None)],
    "long-qt": [
        ({"qtc_fridericia_ms": 501.0}, "urgent"),
        ({"qtc_fridericia_ms": 500.0}, None),
        ({"qtc_fridericia_ms": 501.0, "qrs_ms": 140.0}, None),
    ],
    "long-qt-wide-qrs": [
        ({"qtc_fridericia_ms": 551.0, "qrs_ms": 140.0}, "urgent"),
        ({"qtc_fridericia_ms": 550.0, "qrs_ms": 140.0}, None),
    ],
    "infarction": [
        ({"present": ["PMI"]}, "urgent"),
        ({"possible": ["PMI"]}, "routine"),
        ({"classes": {"MI": 0.9}}, "routine"),
        ({"classes": {"MI": 0.9}, "statements": False}, "urgent"),
    ],
    "ischaemia": [({"present": ["ISC_"]}, "urgent"), ({"present": ["NST_"]}, None)],
    "fibrillation": [({"present": ["AFIB"]}, "routine"), ({"present": ["SR"], "possible": ["AFIB"]}, None)],
    "pre-excitation": [({"present": ["WPW"]}, "routine")],
    "paced": [({"present": ["PACE"]}, "routine")],
}


def flat(table):
    return [(name, given, expected) for name, cases in table.items() for given, expected in cases]


def test_every_rule_is_tried():
    assert CAUTIONS.keys() == {rule.id for rule in cautions.RULES}
    assert URGENCY.keys() == {rule.id for rule in urgency.RULES}


@pytest.mark.parametrize(("name", "given", "expected"), flat(CAUTIONS))
def test_a_caution(answer, name, given, expected):
    findings = {"findings": given["findings"]} if "findings" in given else {}
    reading = compose(replace(answer(**{key: value for key, value in given.items() if key != "findings"}), **findings))
    (found,) = [one for one in reading.cautions if one.id == name] or [None]
    assert (found is not None) == expected
    if found is not None:
        assert found.statements or found.measurements or name == "recording-doubtful"
        assert found.text in reading.text
        assert reading.to_dict()["sources"].keys() >= set(found.sources)


@pytest.mark.parametrize(("name", "given", "expected"), flat(URGENCY))
def test_a_rule_of_urgency(answer, name, given, expected):
    found = compose(answer(**given)).urgency
    assert next((one.level for one in found.rules if one.id == name), None) == expected
    if expected is not None:
        assert urgency.LEVELS.index(found.level) <= urgency.LEVELS.index(expected)


def test_the_most_urgent_rule_gives_the_level_and_is_named(answer):
    found = compose(answer(["SR", "PACE", "IMI", "INJIN"])).urgency
    assert (found.level, found.text) == ("critical", "Urgency: critical (injury current).")
    assert [one.id for one in found.rules] == ["injury-current", "infarction", "paced"]
    assert found.to_dict()["rules"][0] == {
        "level": "critical",
        "id": "injury-current",
        "text": "injury current",
        "statements": {"INJIN": 0.95},
        "measurements": {},
        "sources": ["part6", "acs"],
    }


def test_without_a_rule_the_conclusion_decides(answer):
    assert compose(answer(["NORM", "SR"])).urgency.level == "normal"
    assert compose(answer(["NORM", "SR", "PAC"])).urgency.level == "routine"
    assert compose(answer(["SR", "LVH"])).urgency.text == "Urgency: routine."


def test_what_is_only_possible_is_called_so(answer):
    assert compose(answer([], ["3AVB"])).urgency.text == "Urgency: urgent (possible third-degree AV block)."


def test_rules_that_could_not_be_tried_are_named(answer):
    assert compose(answer()).urgency.untested == ()
    found = compose(answer(["SR"], not_assessed=["3AVB"], heart_rate_per_minute=None)).urgency.untested
    assert set(found) == {"complete-av-block", "wide-qrs-tachycardia", "fast-fibrillation", "fast", "slow"}
    assert "paced" in compose(answer(statements=False)).urgency.untested


def test_a_caution_changes_no_probability(answer):
    given = answer(["CLBBB", "IMI"])
    values = compose(given).to_dict()
    assert values["cautions"]
    sentences = [one for section in values["sections"] for one in section["sentences"]]
    assert {"IMI": 0.95} in [one["statements"] for one in sentences]


def test_a_caution_states_what_was_measured(answer):
    (found,) = [one for one in compose(answer(["1AVB"], pr_ms=150.0)).cautions if one.id == "pr-not-long"]
    assert found.text == "The measured PR interval is not longer than 200 ms (PR 150 ms)."
    assert (found.statements, found.measurements) == ({"1AVB": 0.95}, {"pr_ms": 150.0})
