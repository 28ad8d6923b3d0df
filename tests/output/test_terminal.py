"""What a person reads in a terminal of 80 columns."""

from dataclasses import replace

import numpy as np
import pytest
from rich.console import Console

from twelvelead import load
from twelvelead.ecg.quality import Finding
from twelvelead.ecg.synthetic import synthetic_ecg
from twelvelead.inference.interpretation import NOTICE, Attribution, Estimate
from twelvelead.inference.shown import show_probability
from twelvelead.output.terminal import render
from twelvelead.reading.compose import compose


@pytest.fixture(scope="module")
def engine(tiny_run):
    return load(tiny_run)


@pytest.fixture(scope="module")
def answer(engine):
    given = engine.predict(replace(synthetic_ecg("normal", seed=1), source="mine [1].csv", age=63.0, sex="female"))
    worth = {"sensitivity": Estimate(0.71, 0.6, 0.8), "specificity": Estimate(0.96, 0.95, 0.97)}
    return replace(given, classes=tuple(replace(result, **worth) for result in given.classes))


def tables(answer, label=""):
    return render(answer, compose(answer), label, table=True)


def text_of(renderable, width=80):
    console = Console(width=width, no_color=True, highlight=False, markup=False)
    with console.capture() as captured:
        console.print(renderable)
    return captured.get()


def test_every_class_has_a_line_with_probability_decision_and_what_it_is_worth(answer):
    text = text_of(tables(answer, "SYNTHETIC ECG"))
    lines = text.splitlines()
    assert max(map(len, lines)) <= 80
    for part in ("mine [1].csv", "10.0 s at 500 Hz", "63 years, female", "SYNTHETIC ECG"):
        assert part in " ".join(lines[:2])
    for result in answer.classes:
        line = next(line for line in lines if line.startswith(f"{result.name}, "))
        assert f" {show_probability(result.probability)} " in line
        assert f" {result.decision} " in line
        assert f" {result.threshold:.2f} " in line
        assert " 71/96 %" in line
    assert "attention mostly at " in text
    assert "trained on synthetic ECGs: the answer means nothing" in text
    assert NOTICE in text


def test_what_is_unknown_and_what_to_mind_is_said(answer):
    noisy = Finding("muscle-noise", "warn", "lead V1 is [noisy]")
    text = text_of(
        tables(
            replace(
                answer,
                ecg=replace(answer.ecg, age=None, sex=None),
                synthetic=False,
                findings=(noisy,),
                certainty_rank=0.1,
            )
        )
    )
    assert "age unknown, sex unknown" in text
    assert "warning: lead V1 is [noisy] [muscle-noise]" in text
    assert "leave it to the reader" in text
    assert "means nothing" not in text
    assert "leave it to the reader" not in text_of(tables(replace(answer, certainty_rank=0.3)))


def test_a_threshold_of_ones_own_promises_nothing(engine):
    text = text_of(tables(engine.predict(synthetic_ecg("normal"), "0.5")))
    assert text.count("-/- %") == 10


def test_prevalence_measurements_pieces_and_spread_are_shown(engine):
    answer = engine.predict(synthetic_ecg("normal", seconds=31), prevalence={"MI": 0.02})
    worth = {"spread": 0.031, "positive_predictive_value": 0.4, "negative_predictive_value": 0.9}
    classes = tuple(replace(result, **worth) for result in answer.classes)
    text = text_of(tables(replace(answer, classes=classes)))
    words = " ".join(text.split())
    assert "a prevalence of MI 0.02, else that of this fold" in words
    assert "Mean of 6 overlapping pieces of 10 s" in words
    assert f"HR {answer.measurements.heart_rate_per_minute:.0f}/min" in words
    assert text.count("±0.03") == 5
    assert max(map(len, text.splitlines())) <= 80


def test_the_stretches_that_speak_most_are_named(answer):
    values = np.zeros((12, 25), np.float32)
    values[7, 3], values[1, 20] = 2, 1
    cells = Attribution(dict.fromkeys(answer.probabilities, values), tuple(np.arange(26) * 0.4), answer.ecg.leads)
    text = text_of(tables(replace(answer, attribution=cells)))
    for name in answer.shown:
        assert f"{name} mostly from V2 1.2-1.6 s, II 8.0-8.4 s" in text


@pytest.mark.parametrize("columns", [30, 40, 49, 50, 69, 70, 80, 120])
def test_the_names_of_classes_are_whole_however_narrow_the_terminal(answer, columns):
    spread = replace(answer, classes=tuple(replace(result, spread=0.031) for result in answer.classes))
    for shown in (answer, spread):
        lines = text_of(tables(shown), width=columns).splitlines()
        assert max(map(len, lines)) <= columns
        for result in shown.classes:
            (line,) = [line for line in lines if line.split()[:1] in ([result.name], [f"{result.name},"])]
            assert show_probability(result.probability) in line
            assert result.decision in line


def test_what_is_grave_stands_before_the_answer(answer):
    grave = Finding("inverted", "warn", "the whole recording looks inverted")
    other = Finding("muscle-noise", "warn", "lead V1 is noisy")
    text = text_of(tables(replace(answer, findings=(other, grave))))
    places = [text.index(part) for part in ("WARNING: the whole recording", "ECG. Urgency: ", "warning: lead V1")]
    assert places == sorted(places)


@pytest.mark.parametrize("probability", [0.0, 0.0004, 0.9999, 1.0])
def test_no_probability_is_shown_as_0_or_1(answer, probability):
    text = text_of(tables(replace(answer, classes=(replace(answer.classes[0], probability=probability),))))
    assert ("<0.01" if probability < 0.5 else ">0.99") in text
    assert not {"0.00", "1.00", "0.0%", "100.0%"} & set(text.split())


def test_the_reading_is_shown_and_the_tables_only_on_demand(reading_answer):
    given = reading_answer(["CLBBB", "IMI", "STACH"], classes={"MI": 0.9}, not_assessed=["3AVB"])
    reading = compose(given)
    text = text_of(render(given, reading))
    words = " ".join(text.split())
    for section in reading.sections:
        for sentence in section.sentences:
            assert sentence.text in words
    assert "Inferior myocardial infarction, age undetermined. IMI 0.95" in words
    assert f"{reading.conclusion.text} {reading.urgency.text}" in words
    for caution in reading.cautions:
        assert f"! {caution.text}" in words
    for part in ("decision", "sens/spec", "Not assessed", "attention", "Operating point"):
        assert part not in words
    full = text_of(render(given, reading, table=True))
    assert " ".join(text.split())[:200] in " ".join(full.split())
    assert reading.not_assessed_text in " ".join(full.split())
    assert reading.marks[0].text in " ".join(full.split())
    rows = [line.split() for line in full.splitlines()]
    assert ["CLBBB", "0.95", "present", "0.50"] in [row[:4] for row in rows]
    assert max(map(len, full.splitlines())) <= 80


@pytest.mark.parametrize("columns", [30, 50, 80])
def test_a_reading_of_statements_fits_any_terminal(reading_answer, columns):
    given = reading_answer(["IVCD", "IPLMI", "LAO/LAE"], ["PSVT"])
    lines = text_of(render(given, compose(given, "de"), table=True), width=columns).splitlines()
    assert max(map(len, lines)) <= columns
    assert any(line.split()[:3] == ["LAO/LAE", "0.95", "present"] for line in lines)


def test_a_language_that_nobody_has_read_says_so(reading_answer):
    given = reading_answer(["SR"])
    reading = compose(given, "de")
    assert reading.note in " ".join(text_of(render(given, reading)).split())
