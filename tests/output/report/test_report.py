import csv
import json
import re
from dataclasses import replace

import numpy as np
import pytest
from rich.console import Console
from sklearn.metrics import f1_score, hamming_loss, roc_auc_score

from twelvelead import TwelveLeadError, load
from twelvelead.data.ptbxl.statements import read_statements
from twelvelead.data.ptbxl.table import read_table
from twelvelead.data.store import write_store
from twelvelead.data.tasks import labels
from twelvelead.ecg.quality import Finding
from twelvelead.evaluation.predictions import Predictions
from twelvelead.inference.scoring import Scored, gate_findings, score_folds
from twelvelead.output.report import evaluation, table, write
from twelvelead.weights.matching import Shared

PNG = b"\x89PNG\r\n\x1a\n"
CLASSES = ("NORM", "MI", "STTC", "CD", "HYP")
WHOSE = {"name": "mine", "sha256": "0" * 64, "contract_sha256": "1" * 64}
FIGURES = ("confusion", "roc", "precision-recall", "reliability", "thresholds", "cooccurrence")


@pytest.fixture(scope="module")
def engine(tiny_run):
    return load(tiny_run)


@pytest.fixture(scope="module")
def evaluated(engine, generated_store):
    """evaluated(fold, protocol, operating_point, store=, findings=) -> the evaluation of the tiny weights."""

    def run(fold=9, protocol="drop", operating_point="f1", store=generated_store, findings=None):
        scored = score_folds(engine, store, fold)
        found = gate_findings(engine.contract, store, scored.records) if findings is None else findings
        hashes = {"sha256": engine.sha256, "contract_sha256": "c0ffee"}
        whose = {"name": engine.contract.name, **hashes}
        return evaluation(store, scored, found, protocol, operating_point, whose, "twelvelead evaluate mine")

    return run


@pytest.fixture(scope="module")
def written(evaluated, tmp_path_factory):
    """The evaluation of fold 9 and the folder it was written to."""
    found = evaluated()
    folder = tmp_path_factory.mktemp("report") / "fold9"
    write(found, folder)
    return found, folder


@pytest.fixture(scope="module")
def uncertain_store(generated_store, tmp_path_factory):
    """uncertain_store(likelihood, **columns) -> 40 generated records of fold 9, every second one this likely."""
    counter = iter(range(100))

    def make(likelihood, notes=None, unlabelled=0):
        rows = np.arange(40)
        likelihoods = np.array(generated_store.likelihoods[rows])
        likelihoods[::2] = np.where(np.isnan(likelihoods[::2]), np.nan, likelihood)
        if likelihood == 0:
            likelihoods[np.isfinite(likelihoods)] = 0
        likelihoods[:unlabelled] = np.nan
        columns = {
            name: np.array(generated_store.column(name)[rows]) for name in ("ecg_id", "patient_id", "age", "sex")
        }
        return write_store(
            tmp_path_factory.mktemp("uncertain") / str(next(counter)),
            iter(generated_store.signals[rows]),
            columns=columns | {"fold": np.full(40, 9)} | (notes or {}),
            likelihoods=likelihoods,
            statements=generated_store.statements,
            tasks=generated_store.tasks,
            sampling_rate=100,
            source=generated_store.source,
            synthetic=True,
        )

    return make


def text_of(renderable):
    console = Console(width=160, no_color=True)
    with console.capture() as captured:
        console.print(renderable)
    return captured.get()


def test_everything_is_written(written):
    found, folder = written
    names = {path.name for path in folder.iterdir()}
    confusion = {f"confusion_{name}.png" for name in CLASSES}
    assert names == {"metrics.json", "predictions.npz", "report.html", "report.md", "pictures"} | confusion
    assert all((folder / name).read_bytes().startswith(PNG) for name in confusion)
    assert json.loads((folder / "metrics.json").read_text()) == found.values
    pictures = {path.name for path in (folder / "pictures").iterdir()}
    assert {f"{name}.svg" for name in FIGURES} <= pictures
    linked = set(re.findall(r"\(pictures/([^)]+)\)", (folder / "report.md").read_text()))
    assert linked == pictures


def test_the_metrics_are_plain_numbers_under_their_names(written, engine, generated_store):
    values = written[0].values
    predictions = Predictions.load(written[1] / "predictions.npz")
    y, p = predictions.labels, predictions.probabilities
    decisions = p >= engine.contract.thresholds_at("f1")
    assert values["macro_auroc"] == pytest.approx(roc_auc_score(y, p, average="macro"))
    assert values["macro_f1"] == pytest.approx(f1_score(y, decisions, average="macro", zero_division=0))
    assert values["hamming_loss"] == pytest.approx(hamming_loss(y, decisions))
    assert values["subset_accuracy"] == pytest.approx((y == decisions).all(axis=1).mean())
    assert (values["records"], values["fold"], values["protocol"], values["operating_point"]) == (10, 9, "drop", "f1")
    assert list(values["classes"]) == list(CLASSES)
    assert values["data_hash"] == generated_store.data_hash
    low, high = values["intervals"]["subset_accuracy"]
    assert low <= values["subset_accuracy"] <= high
    assert values["protocols"]["drop"]["metrics"]["macro_auroc"] == values["macro_auroc"]
    assert values["protocols"]["drop"]["intervals"] == values["intervals"]


def test_the_page_says_what_stands_in_the_metrics(written):
    found, folder = written
    page, text = (folder / "report.html").read_text(), (folder / "report.md").read_text()
    for shown in (page, text):
        assert "The ECGs are synthetic" in shown
        assert "Decision aid, not a medical device" in shown
        assert "which also chose" in shown
        assert f"{found.values['subset_accuracy']:.4f}" in shown
        assert "twelvelead evaluate mine" in shown
        for digest in (found.values["weights"]["sha256"], found.values["data_hash"], "c0ffee"):
            assert digest in shown
        for word in ("unknown", "no records", "Confusion matrices", "Subgroups", "The most confident mistakes"):
            assert word in shown
    assert not re.search(r"https?://", re.sub(r'src="data:[^"]*"', "", page))
    assert page.count("<img") == text.count("](pictures/")


def test_every_protocol_has_its_records_and_labels(evaluated, uncertain_store):
    store = uncertain_store(20, unlabelled=4)
    drop = evaluated(store=store).values
    assert {name: under["records"] for name, under in drop["protocols"].items()} == {
        "drop": 36,
        "keep": 40,
        "likely": 18,
    }
    likely = evaluated(store=store, protocol="likely").values
    assert likely["records"] == 18
    assert likely["macro_auroc"] == drop["protocols"]["likely"]["metrics"]["macro_auroc"]
    assert likely["protocols"]["drop"]["metrics"]["macro_auroc"] == drop["macro_auroc"]


@pytest.mark.usefixtures("unpictured")
def test_a_protocol_without_likelihoods_is_not_available_and_the_others_go_on(evaluated, uncertain_store, tmp_path):
    store = uncertain_store(0)
    found = evaluated(store=store)
    likely = found.values["protocols"]["likely"]
    assert likely["available"] is False
    assert likely["reason"].startswith("protocol likely is not available: this copy states no likelihoods")
    write(found, tmp_path)
    assert "not available" in (tmp_path / "report.html").read_text()
    assert "likely: not available" in text_of(table(found.values))
    with pytest.raises(TwelveLeadError, match="likely is not available"):
        evaluated(store=store, protocol="likely")


@pytest.mark.parametrize(
    ("fold", "role"), [(9, "which also chose"), (3, "which trained the weights: no measure"), (10, "held out")]
)
@pytest.mark.usefixtures("unpictured")
def test_the_report_says_what_the_fold_was_to_the_weights(evaluated, tmp_path, fold, role):
    found = evaluated(fold)
    assert found.values["role"].startswith(role)
    assert found.values["trained_fold"] is (fold == 3)
    choices = {choice["what"]: choice["fitted_here"] for choice in found.values["choices"]}
    assert choices == {"calibration (platt)": fold == 9, "thresholds for f1": fold == 9}
    assert f"SYNTHETIC ECGs, fold {fold} ({role}" in " ".join(text_of(table(found.values)).split())
    if fold == 3:
        write(found, tmp_path)
        for name in ("report.html", "report.md"):
            assert "Fold 3 trained these weights" in (tmp_path / name).read_text()


def test_other_data_are_called_so(engine, generated_store, monkeypatch):
    monkeypatch.setattr(engine, "contract", replace(engine.contract, data={"name": "PTB-XL 1.0.3"}))
    scored = score_folds(engine, generated_store, 3)
    found = evaluation(generated_store, scored, [()] * 10, "drop", "f1", WHOSE)
    assert (found.values["role"], found.values["trained_fold"]) == ("other data than trained the weights", False)
    assert found.values["choices"] == []


@pytest.mark.usefixtures("unpictured")
def test_a_class_that_nobody_has_is_named_and_has_no_number(evaluated, uncertain_store, tmp_path):
    store = uncertain_store(100)
    rows = np.flatnonzero(np.isnan(store.likelihoods[:, 4]))
    lacking = write_store(
        tmp_path / "lacking",
        iter(store.signals[rows]),
        columns={name: store.column(name)[rows] for name in ("ecg_id", "patient_id", "fold", "age", "sex")},
        likelihoods=store.likelihoods[rows],
        statements=store.statements,
        tasks=store.tasks,
        sampling_rate=100,
        source="other",
    )
    found = evaluated(store=lacking)
    assert found.values["classes_left_out"] == ["HYP"]
    assert found.values["classes"]["HYP"]["auroc"] is None
    assert any(note.endswith("has them: HYP.") for note in found.values["notes"])
    write(found, tmp_path / "out")
    assert "NaN" not in (tmp_path / "out" / "metrics.json").read_text()
    page = (tmp_path / "out" / "report.html").read_text()
    assert "undefined" in page
    assert ">nan" not in page
    assert "undefined" in text_of(table(found.values))


@pytest.mark.usefixtures("unpictured")
def test_the_gate_is_reported_and_never_applied(evaluated, tmp_path):
    flat, noisy = Finding("flat", "refuse", "flat lead V1"), Finding("powerline", "warn", "50 Hz")
    findings = [(flat, noisy), (noisy,), *[()] * 8]
    found = evaluated(findings=findings)
    gate = found.values["quality_gate"]
    assert (found.values["records"], gate["records"], gate["refused"], gate["warned"]) == (10, 10, 1, 1)
    assert gate["findings"] == {"flat": {"refuse": 1, "warn": 0}, "powerline": {"refuse": 0, "warn": 2}}
    left = {name: group["records"] for name, group in gate["without"].items()}
    assert left == {"without refused": 9, "without refused and warned": 8}
    write(found, tmp_path)
    assert "the gate would refuse 1 and warn of 1 more" in (tmp_path / "report.html").read_text()


def test_subgroups_with_notes_where_the_store_has_them(evaluated, uncertain_store):
    noisy = np.arange(40) < 24
    store = uncertain_store(100, {"static_noise": noisy, "pacemaker": ~noisy, "burst_noise": np.zeros(40, bool)})
    named = {(group["family"], group["name"]): group for group in evaluated(store=store).values["subgroups"]}
    assert named["signal-quality notes", "static noise"]["records"] == 24
    assert named["signal-quality notes", "burst noise"]["note"] == "no records"
    assert named["signal-quality notes", "none"]["records"] == 16
    assert named["pacemaker", "noted"]["records"] == 16
    hidden = named["age and sex", "the same, hidden"]
    assert hidden["records"] == named["age and sex", "given"]["records"] == 40
    without = evaluated().values["subgroups"]
    assert {group["family"] for group in without} == {"age in years", "sex", "classes recorded", "age and sex"}


@pytest.mark.usefixtures("unpictured")
def test_robustness_of_the_same_weights_and_fold_is_shown(written, tmp_path):
    found = written[0]
    stored = {
        "weights": found.values["weights"],
        "data_hash": found.values["data_hash"],
        "fold": 9,
        "records": 10,
        "protocol": "drop",
        "clean": {"value": 0.9, "low": 0.8, "high": 0.95},
        "faults": [
            {
                "name": "clipping",
                "unit": "mV",
                "graded": True,
                "severities": [
                    {"severity": 1.5, "macro_auroc": 0.5, "fall": {"value": 0.4, "low": 0.3, "high": 0.5}},
                    {"severity": 2, "macro_auroc": 0.89, "fall": {"value": 0.01, "low": -0.1, "high": 0.1}},
                ],
            }
        ],
    }
    (tmp_path / "robustness.json").write_text(json.dumps(stored))
    write(found, tmp_path)
    assert "0.400 [0.300, 0.500]" in (tmp_path / "report.html").read_text()
    for spoiled in (json.dumps(stored | {"fold": 8}), json.dumps({"weights": 3}), "{"):
        (tmp_path / "robustness.json").write_text(spoiled)
        write(found, tmp_path)
        page = (tmp_path / "report.html").read_text()
        assert "measure it anew with twelvelead robustness" in page
        assert "0.400 [0.300, 0.500]" not in page


def test_the_same_evaluation_gives_the_same_files(written, evaluated, tmp_path):
    write(evaluated(), tmp_path)
    for name in ("metrics.json", "report.md", "report.html"):
        assert (tmp_path / name).read_bytes() == (written[1] / name).read_bytes()


def test_many_classes_stay_readable(engine, generated_store, tmp_path, monkeypatch):
    # the matrix of each class alone is tested above
    monkeypatch.setattr("twelvelead.plots.confusion.save_png", lambda figure, path: path.touch())
    names = [f"C{number}/{number}" for number in range(71)]
    rng = np.random.default_rng(0)
    present = rng.random((60, 71)) < np.linspace(0.02, 0.5, 71)
    store = write_store(
        tmp_path / "store",
        iter(generated_store.signals[:60]),
        columns={name: generated_store.column(name)[:60] for name in ("ecg_id", "patient_id", "age", "sex")}
        | {"fold": np.full(60, 10)},
        likelihoods=np.where(present, 100, np.nan).astype(np.float32),
        statements=names,
        tasks={"all": {name: [name] for name in names}},
        sampling_rate=100,
        source="many",
    )
    contract = replace(engine.contract, task="all", classes=tuple(names), thresholds={"f1": (0.5,) * 71})
    probabilities = np.clip(0.6 * present + 0.4 * rng.random(present.shape), 0, 1).astype(np.float32)
    shared = Shared(contract, tuple(range(71)), "all")
    one = np.zeros(60, int)
    scored = Scored(shared, (contract,), one, (10,), np.arange(60), probabilities, None, "held out")
    found = evaluation(store, scored, [()] * 60, "drop", "f1", WHOSE)
    write(found, tmp_path / "out")
    page = (tmp_path / "out" / "report.html").read_text()
    assert "the 11 most frequent of the 71 classes" in page
    assert all(f">{name}</th>" in page for name in names)
    assert (tmp_path / "out" / "confusion_C70_70.png").is_file()
    assert len(page) < 5e6


def test_genuine_likelihoods_and_notes(evaluated, generated_store, shared_ptbxl, tmp_path):
    statements = read_statements(shared_ptbxl / "scp_statements.csv")
    genuine = read_table(shared_ptbxl / "genuine_rows.csv", statements.codes)
    store = write_store(
        tmp_path / "store",
        (generated_store.signals[row % 100] for row in range(len(genuine))),
        columns=dict(genuine.columns) | {"fold": np.full(len(genuine), 9)},
        likelihoods=genuine.likelihoods,
        statements=statements.codes,
        tasks=statements.tasks,
        sampling_rate=100,
        source="genuine rows",
    )
    values = evaluated(store=store).values
    assert values["protocols"]["likely"]["records"] == 401
    positives = {name: of["positives"] for name, of in values["protocols"]["likely"]["metrics"]["classes"].items()}
    assert positives == {"NORM": 257, "MI": 40, "STTC": 74, "CD": 65, "HYP": 29}
    records = {group["name"]: group["records"] for group in values["subgroups"]}
    with (shared_ptbxl / "genuine_rows.csv").open(newline="") as stream:
        rows = list(csv.DictReader(stream))
    drop = set(genuine.columns["ecg_id"][labels(store).scored].tolist())
    for column in ("static_noise", "burst_noise", "baseline_drift", "electrodes_problems"):
        noted = {int(row["ecg_id"]) for row in rows if row[column].strip()}
        assert records[column.replace("_", " ")] == len(noted & drop)


def test_an_unknown_operating_point_is_named(evaluated):
    with pytest.raises(TwelveLeadError, match="operating point 'best'"):
        evaluated(operating_point="best")
