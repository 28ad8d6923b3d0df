"""A second task is learned beside the first, and nothing of it is left in what ships."""

import csv

import numpy as np
import onnxruntime
import pytest
import torch

from twelvelead.data.store import write_store
from twelvelead.errors import TwelveLeadError
from twelvelead.training import run as runs
from twelvelead.training.forms import load_windowed
from twelvelead.training.module import Training
from twelvelead.training.run import train
from twelvelead.weights import Contract, file, find


def silent(line):
    pass


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
        train(tiny_recipe(auxiliary_task="shape", aggregate="logit"), store, folder, silent)
    return folder, kept, torch.cat(targets)


def test_the_targets_of_both_tasks_are_trained_on(trained, store):
    targets = trained[2]
    assert targets.shape[1] == 7
    torch.testing.assert_close(targets[:, :5].sum(dim=1), torch.ones(len(targets)))
    torch.testing.assert_close(targets[:, 5], targets[:, 3])  # CLBBB is CD
    torch.testing.assert_close(targets[:, 6], targets[:, 3] + targets[:, 4])


def test_what_ships_are_the_first_columns_of_what_was_trained(trained, store, millivolts):
    folder, kept, _ = trained
    assert kept["output"].out_features == 7
    windowed = load_windowed(folder)
    ecg, features = millivolts(np.arange(3))
    with torch.inference_mode():
        given = windowed(torch.from_numpy(ecg), torch.from_numpy(features))[0].numpy()
        windowed.model.output = kept["output"]
        windowed.model.load_state_dict(kept["state"])
        whole = windowed(torch.from_numpy(ecg), torch.from_numpy(features))[0].numpy()
    assert whole.shape == (3, 7)
    np.testing.assert_allclose(given, whole[:, :5], atol=1e-6)
    session = onnxruntime.InferenceSession(str(file(folder, "onnx")), providers=["CPUExecutionProvider"])
    onnx = session.run(["probabilities"], {"ecg": ecg, "features": features})[0]
    np.testing.assert_allclose(onnx, given, atol=1e-5)


def test_the_contract_holds_the_classes_of_the_task_and_how_windows_are_taken_together(trained):
    contract = Contract.load(find(trained[0]))
    assert (contract.task, contract.classes) == ("superclass", ("NORM", "MI", "STTC", "CD", "HYP"))
    assert len(contract.prevalence) == 5
    assert contract.aggregate == load_windowed(trained[0]).aggregate == "logit"
    assert contract.recipe["auxiliary_task"] == "shape"


def test_the_validation_asks_for_the_classes_of_the_task_alone(trained):
    folder, kept, _ = trained
    assert kept["auroc classes"] == 5
    with (folder / "log.csv").open(newline="") as stream:
        last = [float(row["validation_auroc"]) for row in csv.DictReader(stream)]
    assert Contract.load(find(folder)).metrics["macro_auroc"] == pytest.approx(max(last), abs=0.02)


def loss_of(recipe, targets, auxiliary_classes):
    """The loss of one untrained step on the same crops."""
    labels = np.eye(5, dtype=bool)
    training = Training(
        recipe, labels, auxiliary_classes=auxiliary_classes, steps_per_epoch=1, sampling_rate=100, leads=12
    )
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
