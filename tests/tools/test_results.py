"""docs/results.md says what the runs in results/ say."""

import csv
from pathlib import Path

import numpy as np
import pytest

import results
import results_figures as numbers
from results_kept import Kept
from results_page import page
from results_picture import picture
from twelvelead.errors import Unreadable
from twelvelead.evaluation.comparison import compare
from twelvelead.evaluation.metrics import auroc
from twelvelead.evaluation.predictions import Predictions

ROOT = Path(__file__).parents[2]
CLASSES = ("A", "B", "C")
INDEX = """
chosen = ["one thing"]
remark = "Slow."
published = [{{model = "theirs", macro_auroc = "0.9", protocol = "keep", source = "a paper"}}]
best_published = {{form = "0.934"}}
[sections.one]
title = "First"
[sections.two]
title = "Second"
text = "Of the second."
{rows}
"""


@pytest.fixture(scope="module")
def kept():
    """The index of the runs that are kept in the repository."""
    if not (ROOT / "results" / "index.toml").is_file():
        pytest.skip("no results/ here; it is in the repository only")
    return numbers.Index.load(ROOT / "results")


@pytest.fixture
def folder(tmp_path):
    """folder(rows, seeds="", **runs) -> the index of a folder of results with generated predictions.

    rows: TOML of the index. runs: name -> (skill, changes of what runs.csv says, changes of the predictions).
    """

    def make(rows, **runs):
        truth = np.random.default_rng(0).random((300, 3)) < (0.5, 0.3, 0)
        truth[:8, 2] = True
        for seed, (name, (skill, about, changes)) in enumerate(runs.items()):
            noise = np.random.default_rng(seed).normal(size=truth.shape)
            fields = {
                "ecg_id": np.arange(300),
                "patient_id": np.arange(300) // 2,
                "labels": truth,
                "probabilities": (1 / (1 + np.exp(1 - skill * truth - noise))).astype(np.float32),
                "classes": CLASSES,
                "folds": (9,),
                "protocol": "drop",
                "thresholds": {"accuracy": (0.5,) * 3, "f1": (0.4,) * 3},
            }
            told = {"task": "superclass", "train_folds": [1, 2, 3, 4, 5, 6, 7, 8], "validation_folds": [9]}
            told |= {"hardware": ["a mill"], "minutes": 12.4, "epochs": 30, "best_epoch": 7} | about
            Kept(tmp_path).add(name, told, Predictions(**fields | changes))
        (tmp_path / "index.toml").write_text(INDEX.format(rows=rows))
        return computed(tmp_path)

    def computed(path):
        index = numbers.Index.load(path)
        for name in index.rows:
            numbers.compute_missing(index, name)
        for name in index.seeds:
            numbers.compute_seeds(index, name)
        return index

    return make


ROWS = """
[runs.good]
section = "one"
change = "the `usual` way"
[runs.better]
section = "one"
change = "with more"
baseline = "good"
[seeds]
"""


def line(text, start):
    (found,) = [line for line in text.splitlines() if line.startswith(start)]
    return [cell.strip() for cell in found.strip("|").split("|")]


def test_the_page_is_what_the_kept_runs_give(kept):
    assert (ROOT / "docs" / "results.md").read_text(encoding="utf-8") == page(kept)


def test_the_kept_figures_are_of_the_kept_predictions(kept):
    for name, row in kept.rows.items():
        about, baseline = kept.about[name], row.get("baseline")
        assert about["predictions_sha256"] == kept.kept.hash(name)
        assert (about["baseline"], about["baseline_sha256"]) == (baseline, baseline and kept.kept.hash(baseline))


def test_the_kept_predictions_hold_ids_and_labels_once(kept):
    files = sorted((kept.kept.folder / "predictions").iterdir())
    assert len(files) == len({(row["task"], *row["validation_folds"]) for row in kept.about.values()})
    assert all(path.stat().st_size < 3_000_000 for path in files)


def test_the_figures_of_the_first_kept_run_come_out_again(kept):
    name = next(iter(kept.rows))
    known, again = numbers.figures(kept, name), numbers.computed(kept.kept.predictions(name))
    for part in ("metrics", "intervals"):
        for metric, value in again[part].items():
            assert known[part][metric] == pytest.approx(value, abs=2e-6)


def test_the_difference_of_the_last_kept_run_with_a_baseline_comes_out_again(kept):
    name, baseline = [(name, row["baseline"]) for name, row in kept.rows.items() if "baseline" in row][-1]
    known, again = numbers.figures(kept, name)["difference"], numbers.compared(kept, name, baseline)
    assert known["baseline"] == baseline
    assert [known["value"], *known["interval"]] == pytest.approx([again["value"], *again["interval"]], abs=2e-6)


def test_a_row_holds_its_figures_its_difference_and_its_cost(folder):
    index = folder(ROWS, good=(2, {}, {}), better=(4, {"hardware": []}, {}))
    one, two = index.kept.predictions("good"), index.kept.predictions("better")
    macro = [auroc(of.labels, of.probabilities).mean() for of in (one, two)]
    text = page(index)
    good, better = line(text, "| `good`: the `usual` way"), line(text, "| `better`: with more")
    assert good[1].startswith(f"{macro[0]:.4f} [")
    assert good[8:] == ["baseline", "7 of 30", "12", "A"]
    (found,) = [
        of
        for of in compare(
            one.labels,
            {"one": one.probabilities, "two": two.probabilities},
            {"one": 0.5, "two": 0.5},
            one.patient_id,
            CLASSES,
        )
        if of.metric == "macro_auroc"
    ]
    assert better[8] == f"**{found.difference:+.4f} [{found.low:+.4f}, {found.high:+.4f}]** to good"
    assert better[11] == "not recorded"
    assert "and 1 things\nbeside:\n\n- one thing\n" in text
    assert text.endswith("| A | a mill |\n\nSlow.\n")
    assert "## Second" not in text


def test_another_fold_and_a_rare_class_are_named(folder):
    fewer = np.random.default_rng(0).random((300, 3)) < (0.5, 0.3, 0)
    rows = """
[runs.good]
section = "two"
change = "form"
[runs.other]
section = "two"
change = "teacher"
[seeds]
"""
    text = page(
        folder(
            rows,
            good=(2, {"task": "form", "epochs": None, "best_epoch": None, "minutes": None}, {}),
            other=(2, {"train_folds": [3, 4, 5, 6], "validation_folds": [1, 2]}, {"folds": (1, 2), "labels": fewer}),
        )
    )
    good = line(text, "| `good`: form")
    assert line(text, "| run |")[2] == "over classes with 10 positives"
    assert good[2].startswith("0.")
    assert good[9:] == ["", "", "A"]
    assert line(text, "| `other`: teacher")[0] == "`other`: teacher; **measured on fold 1-2**, trained on 3-6"
    assert "`form`, fold 9: 300 records of 150 patients, 3 classes. Fewer than 10 records have C 8" in text
    assert "In no macro mean, since none or all records have it: C." in text


def test_seeds_have_a_mean_a_range_and_the_difference_of_means(folder):
    rows = (
        ROWS.replace("[seeds]", "")
        + """
[runs.third]
section = "two"
change = "with more, seed 1"
[seeds.plain]
change = "plain"
runs = ["good"]
[seeds.more]
change = "more"
runs = ["better", "third"]
baseline = "plain"
"""
    )
    index = folder(rows, good=(2, {}, {}), better=(4, {}, {}), third=(4, {}, {}))
    macro = {name: numbers.figures(index, name)["metrics"]["macro_auroc"] for name in index.rows}
    mean = (macro["better"] + macro["third"]) / 2
    low, high = sorted((macro["better"], macro["third"]))
    more = line(page(index), "| more |")
    assert more[1:3] == ["2", f"{mean:.4f} ({low:.4f} to {high:.4f})"]
    assert more[8].startswith(f"**{mean - macro['good']:+.4f} [+")
    assert more[8].endswith("]** to plain")


def test_figures_are_computed_again_when_predictions_change(folder):
    before = numbers.figures(folder(ROWS, good=(2, {}, {}), better=(4, {}, {})), "better")
    index = folder(ROWS, good=(3, {}, {}), better=(4, {}, {}))
    after = numbers.figures(index, "better")
    assert after["metrics"] == before["metrics"]
    assert after["difference"]["value"] < before["difference"]["value"]


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        ("[runs]\n[seeds]", "better has no row in it; add"),
        (ROWS.replace("[seeds]", '[runs.lost]\nsection = "one"\nchange = "x"\n[seeds]'), "lost is not in runs.csv"),
        (ROWS.replace('baseline = "good"', 'baseline = "best"'), "better has the baseline best"),
        (ROWS.replace('section = "one"', 'section = "three"'), "needs a change, and a section of one, two"),
        (ROWS + '[seeds.s]\nchange = "s"\nruns = ["nine"]', "seeds s names nine, which is no run"),
        ("[runs", "cannot be read as the index of results"),
    ],
)
def test_an_index_that_does_not_fit_is_one_line(folder, rows, message):
    with pytest.raises(Unreadable, match=message) as caught:
        folder(rows, good=(2, {}, {}), better=(4, {}, {}))
    assert "\n" not in str(caught.value)


def test_a_run_is_collected_with_what_a_figure_needs(tiny_run, tmp_path):
    kept = Kept(tmp_path / "results")
    results.collect(tiny_run, kept, "tiny")
    about, of = kept.runs["tiny"], Predictions.load(tiny_run / "predictions.npz")
    assert (about["task"], about["train_folds"], about["epochs"]) == ("superclass", list(range(1, 9)), 2)
    assert about["best_epoch"] in (1, 2)
    assert "thread" in about["hardware"][0]
    again = kept.predictions("tiny")
    np.testing.assert_array_equal(again.probabilities, of.probabilities)
    np.testing.assert_array_equal(again.labels, of.labels)
    assert (again.ecg_id.tolist(), again.thresholds) == (of.ecg_id.tolist(), of.thresholds)
    for kind, name in (("recipes", "recipe.toml"), ("logs", "log.csv")):
        (copy,) = (kept.folder / kind).iterdir()
        assert copy.read_text() == (tiny_run / name).read_text()


def test_predictions_of_other_records_are_not_mixed_in(tiny_run, tmp_path):
    kept = Kept(tmp_path / "results")
    results.collect(tiny_run, kept, "tiny")
    of = Predictions.load(tiny_run / "predictions.npz")
    about = kept.runs["tiny"]
    with pytest.raises(Unreadable, match="other has other records or labels"):
        kept.add("other", about, Predictions(**vars(of) | {"labels": ~of.labels}))
    assert list(kept.runs) == ["tiny"]


def test_many_classes_are_kept_in_half_precision(tmp_path):
    rng = np.random.default_rng(0)
    labels = rng.random((2000, 60)) < 0.05
    p = (1 / (1 + np.exp(5 - 4 * labels - rng.normal(size=labels.shape)))).astype(np.float32)
    made = Predictions(np.arange(2000), np.arange(2000), labels, p, tuple(map(str, range(60))), (9,), "drop", "", {})
    kept = Kept(tmp_path)
    kept.add("many", {"task": "all", "train_folds": [1], "validation_folds": [9]}, made)
    small = kept.predictions("many")
    np.testing.assert_allclose(small.probabilities, p, rtol=0.0005)
    np.testing.assert_array_equal(small.labels, labels)
    np.testing.assert_allclose(auroc(labels, small.probabilities), auroc(labels, p), atol=1e-4)


def test_fold_10_is_stated_as_it_was_measured_from_outside(kept):
    text = page(kept)
    with (kept.kept.folder / "fold10.csv").open(newline="") as stream:
        rows = {
            (row["weights"], row["protocol"]): row for row in csv.DictReader(stream) if row["metric"] == "macro_auroc"
        }
    for name in ("reference", "single", "ensemble"):
        drop, keep = (rows[name, protocol] for protocol in ("drop", "keep"))
        shown = [f"{of['value']} [{of['low']}, {of['high']}]" for of in (drop, keep)]
        found = line(text, f"| **`{name}`, version 0.1.0**")
        assert [numbers_in(cell) for cell in found[1:3]] == [numbers_in(cell) for cell in shown]


def numbers_in(cell):
    return [float(part.strip("[],")) for part in cell.split()]


def test_the_picture_is_drawn(folder, tmp_path):
    index = folder(ROWS, good=(2, {"task": "form"}, {}), better=(2.1, {}, {}))
    picture(index, tmp_path / "a.png")
    assert (tmp_path / "a.png").read_bytes().startswith(b"\x89PNG")
