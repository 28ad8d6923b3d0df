"""Fine-tuning: what a training takes over from other weights, what it tells of them, and which it refuses."""

import csv
import dataclasses
import json
import shutil

import jsonschema
import numpy as np
import onnxruntime
import pytest
import torch
from safetensors.torch import load_file

from twelvelead import weights
from twelvelead.data.create import create
from twelvelead.data.store import write_store
from twelvelead.errors import TwelveLeadError, Unreadable
from twelvelead.training.forms import load_windowed
from twelvelead.training.initial import load_initial
from twelvelead.training.module import Training, build
from twelvelead.training.recipe import Recipe
from twelvelead.training.run import train
from twelvelead.weights import Contract, file
from twelvelead.weights.suitability import role, seen_folds

SETTINGS = """
task = "labels"
train_folds = [1, 2, 3, 4]
validation_folds = [5]
epochs = 3
batch_size = 16
schedule = "one_cycle"
average_decay = 0.0
learning_rate = 1e-3
"""


def silent(line):
    pass


@pytest.fixture(scope="module")
def own_store(generated_store, tmp_path_factory):
    """The generated recordings as anybody's: a folder of files, a table with other classes, and five folds."""
    folder = tmp_path_factory.mktemp("own")
    rows = []
    for row, signal in enumerate(generated_store.signals):
        np.save(folder / f"{row}.npy", signal / 1000)
        kind = int(np.flatnonzero(~np.isnan(generated_store.likelihoods[row]))[0])
        rows.append([f"{row}.npy", row // 2, int(kind == 4), int(kind == 3), int(kind != 3)])
    with (folder / "table.csv").open("w", newline="") as stream:
        csv.writer(stream).writerows([["file", "patient_id", "HYP", "wide", "narrow"], *rows])
    return create(folder, folder / "table.csv", folder / "store", rate=100, folds=5, sampling_rate=100, unit="mV").store


@pytest.fixture
def recipe_file(tmp_path):
    """recipe_file(text) -> a TOML file of the settings above and these."""

    def write(text=""):
        path = tmp_path / "mine.toml"
        path.write_text(SETTINGS + text)
        return path

    return write


@pytest.fixture(scope="module")
def tuned(tiny_run, own_store, tmp_path_factory):
    """A finished fine-tuning of the tiny weights on the own store, and what was said."""
    folder = tmp_path_factory.mktemp("tuned")
    (folder / "mine.toml").write_text(SETTINGS)
    said = []
    train(Recipe.load(folder / "mine.toml", str(tiny_run)), own_store, folder / "run", said.append)
    return folder / "run", said


def refused(call, *args):
    with pytest.raises(TwelveLeadError) as caught:
        call(*args)
    assert "\n" not in str(caught.value)
    return str(caught.value)


def test_fine_tuned_weights_answer_in_the_classes_of_the_store(tuned, own_store):
    run, said = tuned
    contract = Contract.load(run / "weights")
    assert (contract.classes, contract.task) == (("HYP", "wide", "narrow"), "labels")
    assert any(line.endswith("outputs taken over: HYP; new: wide, narrow") for line in said)
    ecg = own_store.signals[:8].astype(np.float32) / 1000
    features = own_store.features[:8]
    session = onnxruntime.InferenceSession(file(run, "onnx"))
    given = session.run(["probabilities"], {"ecg": ecg, "features": features})[0]
    with torch.inference_mode():
        expected = load_windowed(run)(torch.from_numpy(ecg), torch.from_numpy(features))[0]
    assert given.shape == (8, 3)
    np.testing.assert_allclose(given, expected, atol=1e-5, rtol=0)


def test_run_and_contract_tell_what_the_weights_came_from(tuned, tiny_run, generated_store):
    run, _ = tuned
    contract, before = Contract.load(run / "weights"), Contract.load(tiny_run / "weights")
    digest = before.files["safetensors"]["sha256"]
    for recipe in (contract.recipe, json.loads((run / "run.json").read_text())["recipe"]):
        assert (recipe["initial"], recipe["initial_sha256"]) == (str(tiny_run), digest)
        assert (recipe["model"], recipe["window"]) == (before.model, before.window / 100)
    (step,) = contract.data["initial"]
    assert (step["weights"], step["sha256"], step["train_folds"]) == ("tiny", digest, list(range(1, 9)))
    assert step["data"] == before.data
    schema = json.loads((weights.SHIPPED / "contract.schema.json").read_text())
    jsonschema.validate(json.loads((run / "weights" / "contract.json").read_text()), schema)


def test_the_recipe_of_the_run_is_the_recipe_again(tuned, tiny_run, own_store):
    run, _ = tuned
    said = []
    train(Recipe.load(run / "recipe.toml"), own_store, run, said.append)
    train(Recipe.load(run / "recipe.toml", str(tiny_run)), own_store, run, said.append)
    assert [line.split(": ")[1] for line in said] == [
        "this training has finished; its weights are in " + str(run / "weights")
    ] * 2


def test_every_parameter_is_taken_over_and_the_outputs_by_name(tiny_run, recipe_file):
    recipe = Recipe.load(recipe_file(), str(tiny_run))
    state = load_file(file(tiny_run, "safetensors"))
    torch.manual_seed(3)
    model = build(recipe, classes=4, sampling_rate=100, leads=12).model
    before = {name: value.clone() for name, value in model.state_dict().items()}
    assert load_initial(model, recipe, ("new", "MI", "NORM")) == ("MI", "NORM")
    for name, value in model.state_dict().items():
        if not name.startswith("output."):
            torch.testing.assert_close(value, state[name], atol=0, rtol=0)
            continue
        torch.testing.assert_close(value[[1, 2]], state[name][[1, 0]], atol=0, rtol=0)
        torch.testing.assert_close(value[[0, 3]], before[name][[0, 3]], atol=0, rtol=0)  # 3: of an auxiliary task


def test_the_same_classes_start_as_the_weights_themselves(tiny_run, tiny_windowed, recipe_file, millivolts):
    recipe = Recipe.load(recipe_file(), str(tiny_run))
    windowed = build(recipe, classes=5, sampling_rate=100, leads=12).eval()
    load_initial(windowed.model, recipe, ("NORM", "MI", "STTC", "CD", "HYP"))
    ecg, features = map(torch.from_numpy, millivolts(np.arange(4)))
    with torch.inference_mode():
        torch.testing.assert_close(windowed(ecg, features)[0], tiny_windowed(ecg, features)[0], atol=1e-6, rtol=0)


@pytest.mark.usefixtures("epochs_only")
def test_an_interrupted_fine_tuning_ends_as_an_unbroken_one(tiny_run, own_store, recipe_file, same_end, tmp_path):
    recipe = Recipe.load(recipe_file(), str(tiny_run))
    train(recipe, own_store, tmp_path / "unbroken", silent)
    step = Training.training_step

    def breaking(self, batch, number):
        if (self.current_epoch, number) == (1, 1):
            raise KeyboardInterrupt
        return step(self, batch, number)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Training, "training_step", breaking)
        with pytest.raises(KeyboardInterrupt):
            train(recipe, own_store, tmp_path / "run", silent)
    said = []
    train(recipe, own_store, tmp_path / "run", said.append)
    assert "going on from epoch-0.ckpt" in said
    same_end(tmp_path / "run", tmp_path / "unbroken")


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ('architecture = "resnet1d"', "architecture is 'resnet1d', but the initial weights {} have 'reference'"),
        ("window = 5.12", "window is 5.12, but the initial weights {} have 2.56"),
        ("stride = 0.64", "stride is 0.64, but"),
        ("metadata = false", "metadata is False, but the initial weights {} have True; take metadata out"),
        ("[model]\nunits = 9", "model.units is 9, but the initial weights {} have 8; take model.units out"),
        ("[model]\ndepth = 9", "model.depth is 9, but the initial weights {} do not set it"),
        (f'initial_sha256 = "{64 * "0"}"', "means other weights than {} holds now (SHA-256 differs)"),
    ],
)
def test_a_recipe_that_contradicts_the_weights_is_refused(tiny_run, recipe_file, text, fault):
    path = recipe_file(f'initial = "{tiny_run}"\n' + text)
    message = refused(Recipe.load, path)
    assert message.startswith(f"{path}: ")
    assert fault.format(tiny_run) in message


def test_the_aggregate_is_the_weights_own_where_the_recipe_has_none(tiny_run, recipe_file):
    assert Recipe.load(recipe_file(), str(tiny_run)).aggregate == "probability"
    assert Recipe.load(recipe_file('aggregate = "logit"'), str(tiny_run)).aggregate == "logit"


def test_a_recipe_made_by_hand_has_to_agree_too(tiny_recipe, tiny_run, generated_store, tmp_path):
    message = refused(train, tiny_recipe(initial=str(tiny_run), window=5.12), generated_store, tmp_path / "run", silent)
    assert "window is 5.12, but the initial weights" in message
    assert not (tmp_path / "run").exists()


def test_weights_that_are_not_there_or_damaged_are_named(tiny_run, recipe_file, tmp_path):
    assert "none: neither shipped weights" in refused(Recipe.load, recipe_file(), str(tmp_path / "none"))
    broken = shutil.copytree(tiny_run / "weights", tmp_path / "broken")
    (broken / "tiny.safetensors").write_bytes(b"torn")
    assert "SHA-256 differs" in refused(Recipe.load, recipe_file(), str(broken))
    contract = Contract.load(broken)
    files = contract.files | {
        "safetensors": {"name": "tiny.safetensors", "sha256": weights.sha256(broken / "tiny.safetensors")}
    }
    dataclasses.replace(contract, files=files).save(broken)
    recipe = Recipe.load(recipe_file(), str(broken))
    model = build(recipe, classes=5, sampling_rate=100, leads=12).model
    with pytest.raises(Unreadable, match="does not fit the model in its contract"):
        load_initial(model, recipe, contract.classes)
    with pytest.raises(Unreadable, match="does not fit the model in its contract"):
        load_windowed(broken)


def test_an_ensemble_is_no_start(tiny_run, recipe_file, tmp_path):
    folder = shutil.copytree(tiny_run / "weights", tmp_path / "several")
    contract = Contract.load(folder)
    member = {
        name: getattr(contract, name)
        for name in ("architecture", "model", "window", "stride", "highpass", "calibration")
    }
    member |= {"metadata": True, "aggregate": "probability", "scale": 1.0, "weight": 0.5}
    model = {"members": [{**member, "name": name} for name in ("a", "b")]}
    dataclasses.replace(contract, architecture="ensemble", model=model, members=("a", "b")).save(folder)
    message = refused(Recipe.load, recipe_file(), str(folder))
    assert message.startswith(
        f"{folder}: an ensemble of a, b, which share no layers to train on; start from one network"
    )


def copy_of(store, path, source=None, keep=slice(None), samples=slice(None), rate=None, leads=slice(None)):
    """A store of some of the records, samples and leads of another, under another name or rate."""
    names = ("ecg_id", "patient_id", "fold", "age", "sex")
    return write_store(
        path,
        [np.array(signal[samples, leads]) for signal in store.signals[keep]],
        columns={name: np.array(store.column(name)[keep]) for name in names},
        likelihoods=np.array(store.likelihoods[keep]),
        statements=store.statements,
        tasks=store.tasks,
        sampling_rate=rate or store.sampling_rate,
        source=source or store.source,
        leads=store.leads[leads],
    )


def test_a_store_of_another_rate_or_other_leads_is_refused(tiny_run, own_store, recipe_file, tmp_path):
    recipe = Recipe.load(recipe_file(), str(tiny_run))
    for changes, there in [
        ({"rate": 500}, "sampling rate is 500 Hz, but the weights {} need 100 Hz"),
        ({"leads": slice(2)}, "leads are I, II, but the weights {} need I, II, III, aVR"),
    ]:
        store = copy_of(own_store, tmp_path / "other", **changes)
        message = refused(train, recipe, store, tmp_path / "run", silent)
        assert message.startswith(f"{store.path}: {there.format(tiny_run)}")
        assert not (tmp_path / "run").exists()


@pytest.mark.usefixtures("epochs_only")
def test_a_fold_that_trained_the_weights_cannot_choose(tiny_run, generated_store, recipe_file, tmp_path):
    text = (
        SETTINGS.replace('task = "labels"', "epochs_ = 0")
        .replace("epochs_ = 0\n", "")
        .replace("epochs = 3", "epochs = 1")
    )
    path = tmp_path / "mine.toml"
    path.write_text(text)
    recipe = Recipe.load(path, str(tiny_run))
    message = refused(train, recipe, generated_store, tmp_path / "run", silent)
    assert message.startswith(
        f"{generated_store.path}: fold 5 trained the weights {tiny_run}, or weights that they came from"
    )
    assert not (tmp_path / "run").exists()
    # fold 9 chose among the weights' epochs, and trained nothing
    train(dataclasses.replace(recipe, validation_folds=(9,)), generated_store, tmp_path / "unseen", silent)
    other = copy_of(generated_store, tmp_path / "other", keep=slice(0, 98))
    assert "fold 5 trained the weights" in refused(train, recipe, other, tmp_path / "run", silent)
    other = copy_of(generated_store, tmp_path / "elsewhere", source="recordings of another place", keep=slice(0, 98))
    train(recipe, other, tmp_path / "other-data", silent)


def test_folds_are_known_through_what_weights_came_from(tuned, generated_store, own_store):
    fine = Contract.load(tuned[0] / "weights")
    assert seen_folds(fine, own_store) == frozenset(range(1, 5))
    assert seen_folds(fine, generated_store) == frozenset(range(1, 9))
    assert role(fine, generated_store, 9) == "of data that trained the weights these came from, though not this fold"
    assert role(fine, own_store, 5) == "which also chose"


def test_the_built_in_recipe_starts_from_shipped_weights_unless_told_otherwise(tiny_run):
    recipe = Recipe.load("fine-tune")
    shipped = Contract.load(weights.find(recipe.initial))
    assert (recipe.architecture, recipe.model) == (shipped.architecture, shipped.model)
    other = Recipe.load("fine-tune", str(tiny_run))
    assert (other.initial, other.model["units"], other.learning_rate) == (str(tiny_run), 8, recipe.learning_rate)
