"""A second task is learned beside the first, and what ships answers both."""

import csv
import json
import shutil

import numpy as np
import onnxruntime
import pytest
import torch

from twelvelead.data.store import write_store
from twelvelead.errors import TwelveLeadError
from twelvelead.inference.engine import Engine
from twelvelead.inference.refit import refit
from twelvelead.inference.scoring import predict_fold
from twelvelead.models.highpass import HighPass
from twelvelead.training import run as runs
from twelvelead.training.crops import Crops
from twelvelead.training.forms import load_windowed
from twelvelead.training.module import Training
from twelvelead.training.run import train
from twelvelead.weights import Contract, file, find


def silent(line):
    pass


pytestmark = pytest.mark.usefixtures("as_shipped")


@pytest.fixture(scope="module")
def store(generated_store, tmp_path_factory):
    """The generated store with a second task of two classes, of which a part of the records shows none."""
    names = ("ecg_id", "patient_id", "fold", "age", "sex")
    return write_store(
        tmp_path_factory.mktemp("auxiliary") / "store",
        [np.array(signal) for signal in generated_store.signals],
        columns={name: np.array(generated_store.column(name)) for name in names},
        likelihoods=np.array(generated_store.likelihoods),
        statements=generated_store.statements,
        tasks={**generated_store.tasks, "shape": {"WIDE": ["CLBBB"], "TALL": ["LVH", "CLBBB"]}},
        sampling_rate=generated_store.sampling_rate,
        source=generated_store.source,
        synthetic=True,
    )


@pytest.fixture(scope="module")
def trained(store, tiny_recipe, tmp_path_factory):
    """The folder of a finished training with the auxiliary task, what was trained just before it was finished, and
    the targets of all batches."""
    folder = tmp_path_factory.mktemp("auxiliary") / "run"
    kept, targets = {}, []
    finish, step = runs.finish, Training.training_step

    def finishing(training, data, folder, **rest):
        kept["output"] = training.windowed.model.output_layer()
        kept["state"] = {key: value.clone() for key, value in training.windowed.model.state_dict().items()}
        kept["auroc classes"] = training.auroc.num_labels
        return finish(training, data, folder, **rest)

    def watched(self, batch, number):
        targets.append(batch[2].clone())
        return step(self, batch, number)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(runs, "finish", finishing)
        patch.setattr(Training, "training_step", watched)
        train(tiny_recipe(auxiliary_task="shape", aggregate="logit", highpass=0.5), store, folder, silent)
    return folder, kept, torch.cat(targets)


def test_the_targets_of_both_tasks_are_trained_on(trained, store):
    targets = trained[2]
    assert targets.shape[1] == 7
    torch.testing.assert_close(targets[:, :5].sum(dim=1), torch.ones(len(targets)))
    torch.testing.assert_close(targets[:, 5], targets[:, 3])  # CLBBB is CD
    torch.testing.assert_close(targets[:, 6], targets[:, 3] + targets[:, 4])


def test_every_form_answers_both_tasks_with_the_baseline_taken_away(trained, store, millivolts):
    folder, kept, _ = trained
    assert kept["output"].out_features == 7
    windowed = load_windowed(folder)
    ecg, features = millivolts(np.arange(3))
    session = onnxruntime.InferenceSession(str(file(folder, "onnx")), providers=["CPUExecutionProvider"])
    names = [output.name for output in session.get_outputs()]
    assert names == ["probabilities", "attention", "embedding", "statements"]
    answers = []
    for samples, offset in ((1000, 0.0), (640, 0.0), (1000, 0.5)):
        cut = ecg[:, :samples] + np.float32(offset)
        with torch.inference_mode():
            given = windowed(torch.from_numpy(cut), torch.from_numpy(features))
        assert given.statements.shape == (3, 2)
        assert given.embedding.shape == (3, kept["output"].in_features)
        onnx = session.run(names, {"ecg": cut, "features": features})
        for name, values in zip(names, onnx, strict=True):
            np.testing.assert_allclose(values, getattr(given, name), atol=1e-5)
        answers.append(given.probabilities)
    np.testing.assert_allclose(answers[2], answers[0], atol=1e-5)  # an offset is taken away


def test_a_crop_is_trained_on_as_the_weights_see_it(trained, store):
    """The training's crops and the windows of the whole recording are cut from the same filtered signal."""
    highpass = HighPass(0.5, 100)
    crops = Crops(
        store.signals,
        store.features,
        np.zeros((100, 1), np.float32),
        np.arange(100),
        window=256,
        batch_size=100,
        highpass=highpass,
    )
    ((ecg, _, _),) = crops
    order = np.random.default_rng((0, 0)).permutation(np.arange(100))
    starts = np.random.default_rng((0, 0, 1)).integers(0, 1000 - 256 + 1, 100)
    for row in (0, 57):
        whole = highpass(torch.from_numpy(store.millivolts(order[row : row + 1])))
        torch.testing.assert_close(ecg[row], whole[0, starts[row] : starts[row] + 256], atol=1e-5, rtol=0)


def test_the_contract_holds_a_head_for_each_task(trained, store):
    contract = Contract.load(find(trained[0]))
    assert (contract.task, contract.classes) == ("superclass", ("NORM", "MI", "STTC", "CD", "HYP"))
    assert len(contract.prevalence) == 5
    assert contract.aggregate == load_windowed(trained[0]).aggregate == "logit"
    assert contract.recipe["auxiliary_task"] == "shape"
    assert (contract.highpass, contract.embedding) == (0.5, 8)
    head = contract.statements
    assert head is not None
    assert (head.task, head.classes) == ("shape", ("WIDE", "TALL"))
    assert head.positives == {"training": (16, 32), "validation": (2, 4)}
    assert head.assessed == (False, False)  # fewer than the contract asks for
    assert contract.subclasses is None  # not the statements of PTB-XL
    view = contract.of_task("shape")
    assert (view.task, view.classes, view.thresholds) == (head.task, head.classes, head.thresholds)
    with pytest.raises(TwelveLeadError, match="task form: the weights tiny answer superclass, shape"):
        contract.of_task("form")


def test_a_fold_is_scored_on_either_task(trained, store):
    engine = Engine(find(trained[0]))
    found = predict_fold(engine, store, 9, "keep", task="shape")
    assert found.classes == ("WIDE", "TALL")
    assert found.labels.sum() == 6
    saved = predict_fold(engine, store, 9, "drop")
    assert saved.classes == engine.contract.classes


def test_refit_gives_the_contract_that_the_training_wrote(trained, store, tmp_path):
    folder = shutil.copytree(find(trained[0]), tmp_path / "weights")
    before = Contract.load(folder)
    path = folder / "contract.json"
    values = json.loads(path.read_text())
    values["statements"]["calibration"]["slope"] = [2.0, 3.0]
    path.write_text(json.dumps(values))
    after = refit(folder, store)
    for one, other in zip(before.heads, after.heads, strict=True):
        np.testing.assert_allclose(one.calibration["slope"], other.calibration["slope"], rtol=0.05)
        assert one.positives == other.positives


def test_the_validation_asks_for_the_classes_of_the_task_alone(trained):
    folder, kept, _ = trained
    assert kept["auroc classes"] == 5
    with (folder / "log.csv").open(newline="") as stream:
        last = [float(row["validation_auroc"]) for row in csv.DictReader(stream)]
    assert Contract.load(find(folder)).metrics["macro_auroc"] == pytest.approx(max(last), abs=0.02)


def loss_of(recipe, targets, statements):
    """The loss of one untrained step on the same crops."""
    labels = np.eye(5, dtype=bool)
    training = Training(recipe, labels, statements=statements, steps_per_epoch=1, sampling_rate=100, leads=12)
    training.log = lambda *args, **settings: None
    torch.manual_seed(1)
    ecg, features = torch.randn(8, 256, 12) * 0.2, torch.full((8, 2), float("nan"))
    value = training.training_step((ecg, features, targets), 0)
    value.backward()
    return value.item(), training.windowed.model.output.weight.grad


def test_the_auxiliary_task_adds_its_mean_cross_entropy_by_its_weight_and_reaches_the_network(tiny_recipe):
    task = torch.eye(5)[torch.arange(8) % 5]
    shown, hidden = torch.cat([task, torch.ones(8, 2)], dim=1), torch.cat([task, torch.zeros(8, 2)], dim=1)
    weighted = {
        weight: [
            loss_of(tiny_recipe(auxiliary_task="shape", auxiliary_weight=weight), targets, 2)
            for targets in (shown, hidden)
        ]
        for weight in (0.0, 1.0, 3.0)
    }
    (off, gradient), (same, _) = weighted[0.0]
    assert off == same
    assert gradient[5:].abs().max() == 0
    for part in (0, 1):
        once, thrice = weighted[1.0][part][0] - off, weighted[3.0][part][0] - off
        assert once > 0.1
        assert thrice == pytest.approx(3 * once, rel=1e-4)
        assert weighted[1.0][part][1][5:].abs().max() > 1e-4
    assert weighted[1.0][0][0] != pytest.approx(weighted[1.0][1][0], abs=1e-6)


def test_an_auxiliary_task_that_the_store_lacks_is_named(generated_store, tiny_recipe, tmp_path):
    with pytest.raises(TwelveLeadError, match="no task shape; it has superclass"):
        train(tiny_recipe(auxiliary_task="shape"), generated_store, tmp_path / "run", silent)
    assert not (tmp_path / "run").exists()
