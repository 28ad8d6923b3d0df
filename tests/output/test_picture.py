from dataclasses import replace

import numpy as np
import pytest

from twelvelead import TwelveLeadError
from twelvelead.ecg.leads import LEADS
from twelvelead.ecg.measure import Measurements
from twelvelead.ecg.paper import BOTTOM, HEIGHT, LEFT, RIGHT
from twelvelead.ecg.quality import Finding
from twelvelead.ecg.synthetic import synthetic_ecg
from twelvelead.inference.interpretation import Attribution, ClassResult, Estimate, Interpretation, Piece
from twelvelead.output.page import MOST_ROWS, NOTICE, shown
from twelvelead.output.picture import page, write_picture

WEIGHTS, CONTRACT = "0123456789abcdef" * 4, "fedcba9876543210" * 4


def result(name, probability, threshold, conformal, **more):
    return ClassResult(name, probability, threshold, probability >= threshold, conformal, **more)


@pytest.fixture
def answer():
    worth = {
        "sensitivity": Estimate(0.71, 0.6, 0.8),
        "specificity": Estimate(0.96, 0.95, 0.97),
        "prevalence": 0.25,
        "positive_predictive_value": 0.84,
        "negative_predictive_value": 0.92,
    }
    return Interpretation(
        ecg=replace(synthetic_ecg("st_elevation"), source="ward/mine [1].csv", age=63.0, sex="female"),
        classes=(
            result("NORM", 0.002, 0.48, ("absent",), **worth),
            result("MI", 0.97, 0.55, ("present",), **worth),
            result("HYP", 0.34, 0.5, ("absent", "present"), **worth),
        ),
        operating_point="accuracy",
        attention=np.full(250, 1 / 250, np.float32),
        weights="reference",
        sha256=WEIGHTS,
        contract_sha256=CONTRACT,
        synthetic=False,
        error_rate=0.1,
        certainty=0.6,
        certainty_rank=0.7,
        pieces=(Piece(0.0, 10.0, (0.002, 0.97, 0.34)),),
    )


def texts(sheet):
    return [text.get_text() for text in sheet.axes[0].texts]


@pytest.mark.parametrize(("suffix", "start"), [(".png", b"\x89PNG"), (".svg", b"<?xml"), (".PDF", b"%PDF-")])
def test_the_suffix_chooses_the_format(answer, tmp_path, suffix, start):
    write_picture(answer, tmp_path / f"ecg{suffix}", label="SYNTHETIC ECG")
    assert (tmp_path / f"ecg{suffix}").read_bytes().startswith(start)
    assert [path.name for path in tmp_path.iterdir()] == [f"ecg{suffix}"]


def test_what_cannot_be_written_is_said(answer, tmp_path):
    with pytest.raises(TwelveLeadError, match=r"ecg\.gif: no such kind of picture"):
        write_picture(answer, tmp_path / "ecg.gif")
    (tmp_path / "file").touch()
    with pytest.raises(TwelveLeadError, match="cannot be written"):
        write_picture(answer, tmp_path / "file" / "ecg.png")
    with pytest.raises(TwelveLeadError, match="layout 9x9 is not available"):
        write_picture(answer, tmp_path / "ecg.png", layout="9x9")
    assert [path.name for path in tmp_path.iterdir()] == ["file"]


def test_all_that_a_reader_needs_is_on_the_page(answer):
    words = " | ".join(texts(page(answer, label="SYNTHETIC ECG")))
    for part in (
        "SYNTHETIC ECG",
        "female · 63 years",
        "mine [1].csv",
        "MI, myocardial infarction | 0.97 | present | 0.71 | 0.96 | 0.84 | 0.92",
        "NORM, normal ECG | <0.01 | absent",
        "HYP, hypertrophy | 0.34 | uncertain",
        "Operating point: accuracy",
        "error rate of 10%",
        "Nothing found.",
        "model reference",
        WEIGHTS,
        CONTRACT,
        NOTICE,
        "Read by",
        "Date",
        "Signature",
    ):
        assert part in words
    assert "ward" not in words
    assert "leave it to the reader" not in words


def test_bars_and_thresholds_stand_at_their_share(answer):
    axes = page(answer).axes[0]
    rows = {text.get_text(): text.get_position()[1] for text in axes.texts}
    bars = [patch for patch in axes.patches if hasattr(patch, "get_width") and patch.get_height() == 3.0]
    for found in answer.classes:
        name = next(text for text in rows if text.startswith(f"{found.name}, "))
        whole, filled = (bar for bar in bars if bar.get_y() == pytest.approx(rows[name] - 2.5))
        assert filled.get_width() / whole.get_width() == pytest.approx(found.probability)
        marks = [line.get_xdata()[0] for line in axes.lines if line.get_ydata()[0] == pytest.approx(rows[name] - 3.1)]
        assert (marks[0] - whole.get_x()) / whole.get_width() == pytest.approx(found.threshold)


def test_findings_and_measurements_are_printed(answer):
    measured = Measurements(72.4, (65, 80), qrs_ms=92, withheld={"pr_ms": "no P wave found"})
    warning = Finding("muscle-noise", "warn", "muscle noise in V1 [strong]")
    words = " | ".join(texts(page(replace(answer, findings=(warning,), measurements=measured))))
    assert "muscle noise in V1 [strong]" in words
    assert "Nothing found." not in words
    assert "HR 72/min (range 65-80)" in words
    assert "QRS 92 ms" in words
    assert "no PR: no P wave found" in words


def test_more_findings_than_the_page_holds_are_counted_off(answer):
    many = tuple(Finding(f"code{k}", "warn", f"sentence {k}: " + "something is wrong here " * 4) for k in range(30))
    sheet = page(replace(answer, findings=many))
    assert "… more in the JSON" in texts(sheet)


def test_of_many_classes_the_most_probable(answer):
    classes = tuple(result(f"C{k}", k / 100, 0.5, ("absent",)) for k in range(71))
    words = texts(page(replace(answer, classes=classes)))
    assert [word for word in words if word in {f"C{k}" for k in range(71)}] == [f"C{k}" for k in range(65, 71)]
    assert any(word.startswith(f"{71 - MOST_ROWS} less probable findings are in the JSON") for word in words)


def test_a_prevalence_of_ones_own_and_an_unsure_answer(answer):
    given = replace(answer.classes[1], prevalence=0.05, prevalence_given=True)
    unsure = replace(answer, classes=(answer.classes[0], given), certainty_rank=0.05)
    words = " ".join(texts(page(unsure)))
    assert "a prevalence of MI 5%, else that of this fold" in words
    assert "leave it to the reader" in words


def test_attribution_of_the_most_probable_class_worth_a_look(answer):
    values = {name: np.ones((12, 25), np.float32) for name in ("NORM", "MI", "HYP")}
    explained = replace(answer, attribution=Attribution(values, tuple(np.linspace(0, 10, 26)), LEADS))
    assert any(text.startswith("what speaks for MI") for text in texts(page(explained)))


def test_no_attention_and_thresholds_of_ones_own(answer):
    bare = tuple(
        replace(one, sensitivity=None, specificity=None, positive_predictive_value=None) for one in answer.classes
    )
    words = texts(page(replace(answer, attention=None, classes=bare, synthetic=True)))
    assert not any("looked" in word for word in words)
    assert "–" in words
    assert "TRAINED ON SYNTHETIC ECGs" in words


def test_nothing_leaves_the_page_and_no_line_of_the_report_meets_another(answer):
    many = tuple(Finding(f"code{k}", "warn", f"sentence {k}: " + "something is wrong here " * 4) for k in range(9))
    members = tuple("abcde")
    sheet = page(replace(answer, findings=many, certainty_rank=0.01, members=members), label="SYNTHETIC ECG")
    sheet.canvas.draw()
    mm = sheet.axes[0].transData.inverted()
    boxes = [(text.get_text(), mm.transform_bbox(text.get_window_extent())) for text in sheet.axes[0].texts]
    for words, box in boxes:
        assert box.x0 > LEFT - 3, words
        assert box.x1 < RIGHT + 3, words
        assert min(box.y0, box.y1) > 0, words
        assert max(box.y0, box.y1) < HEIGHT - 3, words
    report = [(words, box) for words, box in boxes if min(box.y0, box.y1) > BOTTOM + 7]
    for number, (words, box) in enumerate(report):
        for others, other in report[number + 1 :]:
            apart = box.x1 < other.x0 or other.x1 < box.x0
            low, high = sorted((sorted((box.y0, box.y1)), sorted((other.y0, other.y1))))
            assert apart or low[1] < high[0] + 0.4, (words, others)


@pytest.mark.parametrize(("probability", "words"), [(0.0, "<0.01"), (0.004, "<0.01"), (0.5, "0.50"), (0.999, ">0.99")])
def test_no_probability_is_0_or_1(probability, words):
    assert shown(probability) == words
