from dataclasses import replace
from datetime import date, datetime

import numpy as np
import pytest

from twelvelead import Refused, TwelveLeadError
from twelvelead.ecg.leads import LEADS
from twelvelead.ecg.measure import Measurements
from twelvelead.ecg.paper import HEIGHT, LEFT, RIGHT, figure_of
from twelvelead.ecg.quality import Finding
from twelvelead.ecg.record import Identity
from twelvelead.ecg.synthetic import synthetic_ecg
from twelvelead.inference.interpretation import NOTICE, Attribution, ClassResult, Estimate, Interpretation, Piece
from twelvelead.inference.shown import show_probability, show_spread
from twelvelead.output.page import MOST_ROWS
from twelvelead.output.picture import draw, draw_answer, draw_recording

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


def page(answer, **how):
    return figure_of(draw_answer(answer, **how)[0])


def texts(sheet):
    return [text.get_text() for text in sheet.axes[0].texts]


@pytest.mark.parametrize(("suffix", "start"), [(".png", b"\x89PNG"), (".svg", b"<?xml"), (".PDF", b"%PDF-")])
def test_the_suffix_chooses_the_format(answer, tmp_path, suffix, start):
    draw(answer, tmp_path / f"ecg{suffix}", label="SYNTHETIC ECG")
    assert (tmp_path / f"ecg{suffix}").read_bytes().startswith(start)
    assert [path.name for path in tmp_path.iterdir()] == [f"ecg{suffix}"]


def test_what_cannot_be_written_is_said(answer, tmp_path):
    with pytest.raises(TwelveLeadError, match=r"ecg\.gif: no such kind of picture"):
        draw(answer, tmp_path / "ecg.gif")
    (tmp_path / "file").touch()
    with pytest.raises(TwelveLeadError, match="cannot be written"):
        draw(answer, tmp_path / "file" / "ecg.png")
    with pytest.raises(TwelveLeadError, match="layout 9x9 is not available"):
        draw(answer, tmp_path / "ecg.png", layout="9x9")
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
    whole = words.replace(" | ", " ")
    assert "Abnormal ECG. Urgency: urgent (infarction of undetermined age)." in whole
    assert "Myocardial infarction probable (0.97). Hypertrophy possible (0.34)." in whole
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


MEASURED = Measurements(72.4, (65, 80), qrs_ms=92, withheld={"pr_ms": "no P wave found"})


def test_findings_and_measurements_are_printed(answer):
    noisy = replace(answer, findings=(Finding("muscle-noise", "warn", "muscle noise in V1 [strong]"),))
    words = " | ".join(texts(page(replace(noisy, measurements=MEASURED))))
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
    assert any(word.startswith(f"{71 - MOST_ROWS} less probable classes are in the JSON") for word in words)


def test_a_prevalence_of_ones_own_and_an_unsure_answer(answer):
    given = replace(answer.classes[1], prevalence=0.05, prevalence_given=True)
    unsure = replace(answer, classes=(answer.classes[0], given), certainty_rank=0.05)
    words = " ".join(texts(page(unsure)))
    assert "a prevalence of MI 0.05, else that of this fold" in words
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
    assert "TRAINED ON SYNTHETIC ECGs: the answer means nothing" in words


def longest(answer, ecg=None):
    """An answer with the longest texts that are likely."""
    sentence = "lead V2 may be interchanged with V3, look at the R waves, and record again with the electrodes checked "
    findings = (
        Finding("electrodes", "warn", sentence * 2),
        *(Finding(f"noise-{k}", "warn", f"sentence {k}: " + sentence) for k in "abcdefghi"),
    )
    ecg = replace(
        ecg or answer.ecg,
        source="ward/" + "a-very-long-name-of-a-file-" * 6 + ".xml",
        device="General Electric Company, Model MAC 5500 HD with a long description of its software " * 2,
        filters="0.05-150 Hz, notch 50 Hz, muscle filter 35 Hz, baseline filter 0.5 Hz, adaptive, " * 2,
        sha256="ab" * 32,
    )
    return replace(
        answer,
        ecg=ecg,
        findings=findings,
        certainty_rank=0.01,
        synthetic=True,
        members=tuple("abcde"),
        classes=tuple(replace(one, spread=0.031) for one in answer.classes),
        measurements=MEASURED,
    )


def meetings(sheet):
    """What overlaps on a page: pairs of texts, and texts with lines that are neither grid nor trace."""
    renderer = sheet.canvas.get_renderer()
    met = []
    for axes in sheet.axes:
        mm = axes.transData.inverted()
        texts = [(text.get_text(), mm.transform_bbox(text.get_window_extent(renderer))) for text in axes.texts]
        texts = [(words, (box.x0, box.x1, *sorted((box.y0, box.y1)))) for words, box in texts]
        for words, (left, right, top, bottom) in texts:
            assert left > LEFT - 3, words
            assert right < RIGHT + 3, words
            assert top > 0, words
            assert bottom < HEIGHT - 1, words
        boxes = texts + [
            (f"line {line.get_gid()}", (*sorted(line.get_xdata()[[0, -1]]), *sorted(line.get_ydata()[[0, -1]])))
            for line in axes.lines
            if line.get_gid() is None
        ]
        for number, (words, (left, right, top, bottom)) in enumerate(boxes):
            for others, (other_left, other_right, other_top, other_bottom) in boxes[number + 1 :]:
                if words.startswith("line ") and others.startswith("line "):
                    continue
                slack = 0.35  # what a box has over its letters
                across = min(right, other_right) - max(left, other_left)
                down = min(bottom, other_bottom) - max(top, other_top)
                if (across > slack and down > slack) or (across > slack and down > 0 and "line" in others[:4]):
                    met.append((words, others))
    return met


def wordiest(answer, reading_answer):
    """An answer with as much to say as there can be: every section, cautions, marks."""
    present = """AFIB PACE CLBBB LAFB WPW LNGQT ASMI IPLMI INJAL INJIL STE_ STD_ ISCAS ISCIL INVT LOWT DIG EL ANEUR LVH
    RVH SEHYP LAO/LAE RAO/RAE PVC PAC"""
    said = reading_answer(
        present.split(),
        ["ALMI", "ISCAL"],
        classes={"NORM": 0.9},
        qrs_ms=160.0,
        qtc_fridericia_ms=560.0,
        heart_rate_per_minute=130.0,
    )
    return replace(said, ecg=answer.ecg, attention=answer.attention)


@pytest.mark.parametrize("language", ["en", "de", "es"])
def test_the_longest_reading_overlaps_nothing(answer, reading_answer, language):
    wordy = wordiest(answer, reading_answer)
    for given in (wordy, replace(longest(answer), statements=wordy.statements, measurements=wordy.measurements)):
        (sheet,) = draw_answer(given, language=language)
        assert meetings(figure_of(sheet)) == []


def test_the_reading_stands_at_the_head_with_cautions_and_marks_under_the_ecg(answer, reading_answer, tmp_path):
    given = replace(reading_answer(["SR", "CLBBB", "IMI"]), ecg=answer.ecg)
    sheet = page(given)
    heights = {text.get_text(): text.get_position()[1] for text in sheet.axes[0].texts}
    head = " ".join(words for words, height in heights.items() if height < 23)
    foot = " ".join(words for words, height in heights.items() if height > 150)
    assert head.index("Abnormal ECG. Urgency: urgent (infarction of undetermined age).") < head.index("Sinus rhythm")
    assert "Inferior myocardial infarction, age undetermined." in head
    assert "Cautions" in heights
    assert "Infarction and ST/T statements are unreliable under left bundle branch block." in foot
    assert "MI is called absent" in foot
    german = draw(given, tmp_path / "de.svg", language="de").read_text(encoding="utf-8")
    assert "Kompletter Linksschenkelblock" in german
    assert "Diese deutschen Texte hat noch keine" in german
    with pytest.raises(TwelveLeadError, match="no texts in the language fr; choose one of en, de, es"):
        draw(given, tmp_path / "fr.svg", language="fr")


@pytest.mark.parametrize("layout", ["3x4+1", "6x2", "12x1"])
@pytest.mark.parametrize("speed", [25, 50])
def test_no_text_overlaps_anything(answer, layout, speed):
    known = Identity("47110815" * 4, "St. Somewhere of the Long Name", "DOE^JANE^MARIA^DR^" * 4, date(1960, 1, 2), "12")
    identified = replace(answer.ecg, identity=known, recorded=datetime(2024, 5, 6, 7, 8))
    large = replace(answer.ecg, signal=answer.ecg.signal * np.float32(4))
    for given in (answer, longest(answer), longest(answer, identified), longest(answer, large)):
        for sheet in draw_answer(given, layout=layout, speed=speed, stacked=False, label="SYNTHETIC ECG"):
            assert meetings(figure_of(sheet)) == []
    reasons = tuple(
        Finding("flat", "refuse", "flat lead V2: no signal for 10.0 of 10.0 s; check the cable " * k) for k in (1, 3)
    )
    for refused in (None, Refused("a.csv: flat", reasons)):
        for sheet in draw_recording(
            identified, layout=layout, speed=speed, measure=False, refused=refused, stacked=False
        ):
            assert meetings(figure_of(sheet)) == []


def test_what_is_grave_stands_before_the_answer(answer):
    finding = Finding("inverted", "warn", "the whole recording looks inverted; check its signs")
    assert finding.grave
    sheet = page(replace(answer, findings=(finding,)))
    heights = {text.get_text(): text.get_position()[1] for text in sheet.axes[0].texts}
    assert heights["The whole recording looks inverted; check its signs"] < min(
        height for words, height in heights.items() if words.startswith("Abnormal ECG.")
    )
    assert "Nothing else found." in heights


def test_a_refused_recording_is_drawn_with_the_reason_in_the_place_of_the_answer(answer, tmp_path):
    signal = answer.ecg.signal.copy()
    signal[:, 7] = 0
    for refused in (None, Refused("a.csv: flat lead V2", (Finding("flat", "refuse", "flat lead V2: no signal"),))):
        (sheet,) = draw_recording(replace(answer.ecg, signal=signal), measure=False, refused=refused)
        words = texts(figure_of(sheet))
        assert words.index("REFUSED: not fit to interpret") < next(
            place for place, word in enumerate(words) if word.startswith("flat lead V2")
        )
        assert not any("Abnormal" in word for word in words)
    assert (
        draw(replace(answer.ecg, signal=signal), tmp_path / "a.png", measure=False).read_bytes().startswith(b"\x89PNG")
    )


def test_the_spread_of_an_ensemble_is_on_the_page(answer):
    spread = replace(answer, classes=tuple(replace(one, spread=0.031) for one in answer.classes), members=("a", "b"))
    assert texts(page(spread)).count("±0.03") == 3
    assert any("± is the standard deviation" in word for word in texts(page(spread)))
    assert not any("±" in word for word in texts(page(answer)))


def test_files_say_what_they_are_but_not_of_whom(answer, tmp_path):
    known = replace(answer.ecg, identity=Identity(name="DOE^JANE"), recorded=datetime(2024, 5, 6))
    for suffix in (".pdf", ".svg", ".png"):
        unnamed = draw(replace(answer, ecg=replace(known, identity=None)), tmp_path / f"a{suffix}").read_bytes()
        assert b"12-lead ECG" in unnamed or "12-lead ECG".encode("utf-16-be") in unnamed
        assert b"JANE" not in unnamed
        assert b"2024-05" not in unnamed
    assert b"12-lead ECG of DOE^JANE" in draw(replace(answer, ecg=known), tmp_path / "b.pdf").read_bytes()
    svg = (tmp_path / "a.svg").read_text(encoding="utf-8")
    assert ">aVR</text>" in svg
    assert ">Abnormal ECG. Urgency: urgent" in svg


def test_a_pdf_at_twice_the_speed_has_two_pages(answer, tmp_path):
    pdf = draw(answer, tmp_path / "a.pdf", speed=50).read_bytes()
    assert pdf.count(b"/MediaBox") == 2


@pytest.mark.parametrize(
    ("probability", "words"),
    [
        (0.0, "<0.01"),
        (0.0099, "<0.01"),
        (0.01, "0.01"),
        (0.5, "0.50"),
        (0.99, "0.99"),
        (0.991, ">0.99"),
        (1.0, ">0.99"),
    ],
)
def test_no_probability_is_0_or_1(probability, words):
    assert show_probability(probability) == words


def test_a_small_spread_is_not_none():
    assert [show_spread(value) for value in (0.0, 0.004, 0.031)] == ["±<0.01", "±<0.01", "±0.03"]
