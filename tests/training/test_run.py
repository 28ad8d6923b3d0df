"""What a training leaves, and what it refuses before or while it goes on."""

import csv
import json
from dataclasses import replace

import numpy as np
import pytest
import torch

from twelvelead.data.store import write_store
from twelvelead.errors import MissingExtra, TwelveLeadError, Unreadable
from twelvelead.evaluation.metrics import evaluate
from twelvelead.evaluation.predictions import Predictions
from twelvelead.training import synthetic
from twelvelead.training.crops import Crops
from twelvelead.training.folder import claim
from twelvelead.training.module import Training
from twelvelead.training.recipe import Recipe
from twelvelead.training.run import train
from twelvelead.weights import Contract, find


def silent(line):
    pass


def store_like(store, path, rows=slice(None), likelihoods=None, **changes):
    """A copy of some rows of a store with other columns."""
    names = ("ecg_id", "patient_id", "fold", "age", "sex")
    return write_store(
        path,
        [np.array(signal) for signal in store.signals[rows]],
        columns={name: np.array(store.column(name)[rows]) for name in names} | changes,
        likelihoods=np.array(store.likelihoods[rows]) if likelihoods is None else likelihoods,
        statements=store.statements,
        tasks=store.tasks,
        sampling_rate=store.sampling_rate,
        source=store.source,
        synthetic=True,
    )


def refused(recipe, store, folder):
    """The one line with which a training is refused; nothing is left behind."""
    with pytest.raises(TwelveLeadError) as caught:
        train(recipe, store, folder, silent)
    assert not folder.exists()
    assert "\n" not in str(caught.value)
    return str(caught.value)


def test_a_finished_run_holds_all_that_is_promised(tiny_run, tiny_recipe, log_rows, generated_store):
    names = {path.name for path in tiny_run.iterdir()}
    assert names == {
        *(
            "recipe.toml",
            "run.json",
            "log.csv",
            "tensorboard",
            "checkpoints",
            "curves.png",
            "predictions.npz",
            "weights",
        )
    }
    assert {path.name for path in (tiny_run / "weights").iterdir()} == {
        *("contract.json", "tiny.onnx", "tiny.safetensors")
    }
    assert Recipe.load(tiny_run / "recipe.toml") == tiny_recipe()
    about = json.loads((tiny_run / "run.json").read_text())
    assert (about["seed"], about["synthetic"], about["trained"]) == (0, True, True)
    assert {"python", "twelvelead", "torch", "lightning", "numpy", "device"} <= about["versions"].keys()
    (machine,) = about["hardware"]
    assert machine.keys() == {"processor", "cores", "threads", "accelerator", "precision"}
    assert machine["processor"]
    assert machine["cores"] >= 1
    with (tiny_run / "log.csv").open(newline="") as stream:
        seconds = [float(row["seconds"]) for row in csv.DictReader(stream)]
    assert about["training_seconds"] == pytest.approx(sum(seconds))
    assert [row["epoch"] for row in log_rows(tiny_run)] == ["0", "1"]
    assert any((tiny_run / "tensorboard").glob("events.out.tfevents.*"))


def test_the_contract_describes_the_run(tiny_run, tiny_recipe, generated_store):
    contract = Contract.load(tiny_run / "weights")
    recipe = tiny_recipe()
    assert (contract.name, contract.architecture, contract.unit) == ("tiny", "reference", "mV")
    assert contract.classes == ("NORM", "MI", "STTC", "CD", "HYP")
    assert contract.leads == generated_store.leads
    assert (contract.sampling_rate, contract.minimum_samples, contract.attention_samples) == (100, 256, 4)
    assert (contract.window, contract.stride) == (recipe.window * 100, recipe.stride * 100) == (256, 124)
    assert contract.synthetic
    assert contract.data["hash"] == generated_store.data_hash
    assert (contract.train_folds, contract.validation_folds) == (tuple(range(1, 9)), (9,))
    assert Recipe.from_dict(contract.recipe, "contract") == recipe
    assert set(contract.thresholds) == {"accuracy", "f1", "youden", "sensitivity=0.95"}


def test_the_predictions_are_of_the_validation_fold_and_give_the_stated_metrics(tiny_run, generated_store):
    contract = Contract.load(tiny_run / "weights")
    predictions = Predictions.load(tiny_run / "predictions.npz")
    fold_9 = np.flatnonzero(generated_store.column("fold") == 9)
    np.testing.assert_array_equal(predictions.ecg_id, generated_store.column("ecg_id")[fold_9])
    assert (predictions.folds, predictions.protocol) == ((9,), "drop")
    values = evaluate(predictions.labels, predictions.probabilities, contract.thresholds_at("f1"), predictions.classes)
    assert contract.metrics["macro_auroc"] == pytest.approx(values["macro_auroc"])
    assert contract.metrics["macro_f1_at_f1"] == pytest.approx(values["macro_f1"])


def test_a_finished_run_says_so_and_is_left_alone(tiny_run, tiny_recipe, generated_store):
    before = {path: path.stat().st_mtime_ns for path in tiny_run.rglob("*") if path.is_file()}
    said = []
    assert train(tiny_recipe(), generated_store, tiny_run, said.append) == tiny_run / "weights"
    assert said == [f"{tiny_run}: this training has finished; its weights are in {tiny_run / 'weights'}"]
    assert {path: path.stat().st_mtime_ns for path in tiny_run.rglob("*") if path.is_file()} == before


def test_another_recipe_or_other_data_is_refused_in_a_run_folder(tiny_run, tiny_recipe, generated_store, tmp_path):
    with pytest.raises(TwelveLeadError, match=r"another recipe \(differs in epochs, seed\); name another folder"):
        train(tiny_recipe(epochs=3, seed=1), generated_store, tiny_run, silent)
    other = store_like(generated_store, tmp_path / "other", age=np.full(100, 50.0))
    with pytest.raises(TwelveLeadError, match="other data than"):
        train(tiny_recipe(), other, tiny_run, silent)


def test_a_folder_that_is_no_run_is_refused(tiny_recipe, generated_store, tmp_path):
    (tmp_path / "thesis.txt").write_text("three years of work")
    with pytest.raises(TwelveLeadError, match="exists and is not a run"):
        train(tiny_recipe(), generated_store, tmp_path, silent)
    with pytest.raises(TwelveLeadError, match="exists and is not a run"):
        train(tiny_recipe(), generated_store, tmp_path / "thesis.txt", silent)
    assert [path.name for path in tmp_path.iterdir()] == ["thesis.txt"]


@pytest.mark.parametrize(
    "text",
    ["", "[]", '{"format": "twelvelead-run", "version": 3}', '{"format": "twelvelead-run", "version": 3, "recipe": 3}'],
)
def test_a_damaged_run_is_named(tiny_recipe, generated_store, tmp_path, text):
    (tmp_path / "run.json").write_text(text)
    with pytest.raises(Unreadable, match=r"run\.json: damaged; name another folder"):
        train(tiny_recipe(), generated_store, tmp_path, silent)


@pytest.mark.parametrize(
    ("changes", "fault"),
    [
        ({"version": 2}, "a run of run format 2, and this twelvelead goes on with format 3"),
        ({"version": None}, "a run of run format None"),
        ({"format": None}, "a run from before runs had a format"),
        ({"format": None, "versions": {}}, "the one that began it (twelvelead of another version)"),
    ],
)
def test_a_run_of_another_version_says_so_and_what_to_do(
    tiny_run, tiny_recipe, generated_store, tmp_path, changes, fault
):
    about = json.loads((tiny_run / "run.json").read_text())
    assert (about["format"], about["version"]) == ("twelvelead-run", 3)
    about = {name: value for name, value in (about | changes).items() if value is not None or name == "version"}
    (tmp_path / "run.json").write_text(json.dumps(about))
    with pytest.raises(Unreadable) as caught:
        train(tiny_recipe(), generated_store, tmp_path, silent)
    message = str(caught.value)
    assert message.startswith(f"{tmp_path / 'run.json'}: ")
    assert fault in message
    assert "go on with the one that began it (twelvelead" in message
    assert "or name another folder" in message
    assert "\n" not in message
    assert [path.name for path in tmp_path.iterdir()] == ["run.json"]


@pytest.mark.usefixtures("epochs_only")
def test_a_damaged_best_checkpoint_is_named(tiny_recipe, generated_store, tmp_path):
    train(tiny_recipe(), generated_store, tmp_path / "run", silent)
    (tmp_path / "run" / "checkpoints" / "best.ckpt").write_bytes(b"PK")
    with pytest.raises(Unreadable, match=r"best\.ckpt: missing or damaged"):
        train(tiny_recipe(), generated_store, tmp_path / "run", silent)


def test_what_does_not_fit_is_refused_before_anything_is_written(tiny_recipe, generated_store, tmp_path):
    run = tmp_path / "run"
    store = str(generated_store.path)
    assert "no fold 11; it holds 1-10" in refused(tiny_recipe(train_folds=[1, 11]), generated_store, run)
    assert f"a window of 10.04 s is longer than the 10 s of the records in {store}" in refused(
        tiny_recipe(window=10.04), generated_store, run
    )
    assert f"a window of 10 s (stretched by up to 0.1) is longer than the 10 s of the records in {store}" in refused(
        tiny_recipe(window=10, stretch=0.1), generated_store, run
    )
    assert "batch_size 81 is more than the 80 records" in refused(tiny_recipe(batch_size=81), generated_store, run)
    assert "no architecture is named 'other'" in refused(
        replace(tiny_recipe(), architecture="other"), generated_store, run
    )
    assert "no task form" in refused(tiny_recipe(task="form"), generated_store, run)


def without_hyp(store, path, folds, to):
    """A copy of a store whose records with HYP in these folds stand in another fold."""
    moved = np.array(store.column("fold"))
    ill = ~np.isnan(store.likelihoods[:, store.statements.index("LVH")])
    moved[ill & np.isin(moved, folds)] = to
    return store_like(store, path, fold=moved)


def test_a_class_that_no_training_record_shows_is_refused(tiny_recipe, generated_store, tmp_path):
    store = without_hyp(generated_store, tmp_path / "store", range(1, 9), 10)
    message = refused(tiny_recipe(), store, tmp_path / "run")
    assert message == f"{store.path}: no record of fold 1-8 is HYP, so this class cannot be learned; choose other folds"


def test_a_validation_fold_of_one_class_alone_is_refused(tiny_recipe, generated_store, tmp_path):
    moved = np.array(generated_store.column("fold"))
    moved[(moved == 9) & np.isnan(generated_store.likelihoods[:, 0])] = 10
    store = store_like(generated_store, tmp_path / "store", fold=moved)
    assert "fold 9 shows every class of the task superclass in none or in all of its records" in refused(
        tiny_recipe(), store, tmp_path / "run"
    )


def test_a_class_that_no_validation_record_shows_is_learned_and_not_measured(
    tiny_recipe, generated_store, log_rows, tmp_path
):
    store, said = without_hyp(generated_store, tmp_path / "store", [9], 8), []
    train(tiny_recipe(epochs=1), store, tmp_path / "run", said.append)
    contract = Contract.load(tmp_path / "run" / "weights")
    assert contract.classes_left_out == ("HYP",)
    assert contract.prevalence[4] == 0
    assert any("; HYP, which all or none of its records show, in no macro mean" in line for line in said)
    predictions = Predictions.load(tmp_path / "run" / "predictions.npz")
    values = evaluate(predictions.labels, predictions.probabilities, contract.thresholds_at("f1"), predictions.classes)
    assert values["classes_left_out"] == ["HYP"]
    aurocs = [values["classes"][name]["auroc"] for name in contract.classes[:4]]
    assert contract.metrics["macro_auroc"] == pytest.approx(np.mean(aurocs), abs=1e-6)
    # without HYP's 0, which torchmetrics counts; the training's network is the average over its steps, as the run's is
    assert float(log_rows(tmp_path / "run")[0]["validation_auroc"]) == pytest.approx(np.mean(aurocs), abs=0.02)
    assert predictions.probabilities[:, 4].mean() == pytest.approx(18 / 82, abs=1e-3)


@pytest.mark.usefixtures("epochs_only")
def test_one_class_that_can_be_measured_is_enough(tiny_recipe, generated_store, log_rows, tmp_path):
    likelihoods = np.array(generated_store.likelihoods)
    likelihoods[generated_store.column("fold") == 9, 1:] = np.nan
    likelihoods[generated_store.column("fold") == 9, 3] = 100
    store = store_like(generated_store, tmp_path / "store", likelihoods=likelihoods)
    train(tiny_recipe(epochs=1), store, tmp_path / "run", silent)
    assert 0 <= float(log_rows(tmp_path / "run")[0]["validation_auroc"]) <= 1


def test_a_diverging_loss_ends_the_training_with_a_remedy(tiny_recipe, generated_store, tmp_path):
    recipe = tiny_recipe(model=dict(tiny_recipe().model, scale=1e38))
    with pytest.raises(TwelveLeadError) as caught:
        train(recipe, generated_store, tmp_path / "run", silent)
    assert str(caught.value).startswith(f"{tmp_path / 'run'}: the loss is nan in epoch 1; make learning_rate smaller")
    assert not (tmp_path / "run" / "weights").exists()
    with pytest.raises(Unreadable, match="has not finished; go on with the same train command"):
        find(tmp_path / "run")


@pytest.fixture
def flat_auroc(monkeypatch):
    """Lets every validation give the same AUROC."""

    def logged(self):
        self.auroc.reset()
        self.log("validation_auroc", 0.5)

    monkeypatch.setattr(Training, "on_validation_epoch_end", logged)


@pytest.mark.usefixtures("epochs_only", "flat_auroc")
def test_the_plateau_schedule_lowers_the_rate_when_the_auroc_stands_still(
    tiny_recipe, generated_store, log_rows, tmp_path
):
    recipe = tiny_recipe(epochs=5, plateau_patience=1, plateau_factor=0.5, learning_rate=0.008, patience=10)
    train(recipe, generated_store, tmp_path / "run", silent)
    assert [float(row["learning_rate"]) for row in log_rows(tmp_path / "run")] == [0.008, 0.008, 0.008, 0.004, 0.004]


@pytest.mark.usefixtures("epochs_only", "flat_auroc")
def test_the_constant_schedule_keeps_the_rate(tiny_recipe, generated_store, log_rows, tmp_path):
    recipe = tiny_recipe(epochs=4, schedule="constant", plateau_patience=0, average_decay=0.0)
    train(recipe, generated_store, tmp_path / "run", silent)
    assert [float(row["learning_rate"]) for row in log_rows(tmp_path / "run")] == [3e-3] * 4


@pytest.fixture
def rates(monkeypatch):
    """The learning rate of every step of the training to come."""
    seen = []
    step = Training.training_step

    def watched(self, batch, number):
        seen.append(self.trainer.optimizers[0].param_groups[0]["lr"])
        return step(self, batch, number)

    monkeypatch.setattr(Training, "training_step", watched)
    return seen


@pytest.mark.usefixtures("epochs_only", "flat_auroc")
def test_the_one_cycle_schedule_rises_to_the_rate_and_falls_to_nearly_nothing(
    tiny_recipe, generated_store, tmp_path, rates
):
    train(tiny_recipe(epochs=4, schedule="one_cycle"), generated_store, tmp_path / "run", silent)
    peak = int(np.argmax(rates))
    assert len(rates) == 4 * 5
    assert max(rates) == pytest.approx(3e-3, rel=0.05)
    assert rates[0] == pytest.approx(3e-3 / 25)
    assert rates[-1] < 1e-6
    assert np.all(np.diff(rates[: peak + 1]) > 0)
    assert np.all(np.diff(rates[peak:]) < 0)


@pytest.mark.usefixtures("epochs_only", "flat_auroc")
def test_the_cosine_schedule_falls_from_the_rate_to_0(tiny_recipe, generated_store, log_rows, tmp_path, rates):
    train(tiny_recipe(epochs=3, schedule="cosine"), generated_store, tmp_path / "run", silent)
    steps = np.arange(3 * 5)
    np.testing.assert_allclose(rates, 3e-3 * (1 + np.cos(np.pi * steps / len(steps))) / 2, rtol=1e-6)
    assert float(log_rows(tmp_path / "run")[-1]["learning_rate"]) == pytest.approx(0, abs=1e-12)


@pytest.mark.usefixtures("epochs_only", "flat_auroc")
@pytest.mark.parametrize(("chosen", "kind"), [("auto", torch.bfloat16), ("float32", torch.float32)])
def test_the_recipe_can_ask_for_float32_where_the_device_multiplies_in_bfloat16(
    tiny_recipe, generated_store, tmp_path, monkeypatch, chosen, kind
):
    monkeypatch.setattr("twelvelead.training.speed.bfloat16", lambda device: True)
    kinds, step = set(), Training.training_step

    def watched(self, batch, number):
        convolution = self.windowed.model.blocks[0].conv1
        handle = convolution.register_forward_hook(lambda module, inputs, output: kinds.add(output.dtype))
        value = step(self, batch, number)
        handle.remove()
        assert value.dtype == torch.float32
        return value

    monkeypatch.setattr(Training, "training_step", watched)
    said = []
    train(tiny_recipe(epochs=1, precision=chosen), generated_store, tmp_path / "run", said.append)
    assert kinds == {kind}
    assert said[0].endswith("bf16-mixed" if chosen == "auto" else "32-true")


@pytest.mark.usefixtures("epochs_only")
def test_what_has_no_effect_is_told_when_the_training_starts(tiny_recipe, generated_store, tmp_path):
    said = []
    train(tiny_recipe(epochs=1, teacher_weight=0.9, metadata=False), generated_store, tmp_path / "run", said.append)
    assert "recipe tiny: teacher_weight has no effect while teachers is []" in said


def test_a_run_that_began_before_a_setting_was_there_had_its_default(tiny_run, tiny_recipe, generated_store, tmp_path):
    run = tmp_path / "run"
    run.mkdir()
    about = json.loads((tiny_run / "run.json").read_text())
    for later in ("mixup", "teachers", "aggregate"):
        del about["recipe"][later]
    (run / "run.json").write_text(json.dumps(about))
    claim(run, tiny_recipe(), generated_store)
    with pytest.raises(TwelveLeadError, match=r"differs in mixup"):
        claim(run, tiny_recipe(mixup=0.2), generated_store)


@pytest.mark.usefixtures("epochs_only", "flat_auroc")
def test_training_ends_when_the_auroc_has_not_risen_for_long_enough(tiny_recipe, generated_store, log_rows, tmp_path):
    train(tiny_recipe(epochs=9, patience=2), generated_store, tmp_path / "run", silent)
    assert len(log_rows(tmp_path / "run")) == 3


@pytest.mark.usefixtures("epochs_only")
def test_the_network_learns_and_the_averaged_weights_are_what_is_kept(
    tiny_recipe, generated_store, log_rows, checkpoint, tmp_path
):
    train(tiny_recipe(epochs=8, learning_rate=0.02), generated_store, tmp_path / "run", silent)
    rows = log_rows(tmp_path / "run")
    assert float(rows[-1]["train_loss"]) < 0.85 * float(rows[0]["train_loss"])
    last = checkpoint(tmp_path / "run", "epoch-7")
    name = "windowed.model.output.weight"
    assert not np.allclose(last["state_dict"][name], last["current_model_state"][name])


@pytest.mark.usefixtures("epochs_only")
def test_each_epoch_draws_other_crops(tiny_recipe, generated_store, monkeypatch, tmp_path):
    draws = []
    init = Crops.__init__

    def watched(self, *args, **settings):
        init(self, *args, **settings)
        draws.append((settings["seed"], settings["epoch"], settings["rank"], settings["ranks"]))

    monkeypatch.setattr(Crops, "__init__", watched)
    train(tiny_recipe(epochs=3, seed=7), generated_store, tmp_path / "run", silent)
    assert draws == [(7, 0, 0, 1), (7, 1, 0, 1), (7, 2, 0, 1)]


@pytest.mark.parametrize("folder", ["run", "."])
def test_a_newcomer_gets_a_small_store_beside_the_run_and_a_recipe_cut_down_to_it(tmp_path, monkeypatch, folder):
    monkeypatch.setattr(synthetic, "RECORDS", 100)
    inside = tmp_path / "inside"
    inside.mkdir()
    monkeypatch.chdir(inside)
    run = inside / folder if folder == "run" else synthetic.Path(folder)
    store, recipe = synthetic.prepare_synthetic(run, Recipe())
    assert store.path == (inside / "run-store" if folder == "run" else tmp_path / "inside-store")
    assert (store.synthetic, len(store)) == (True, 100)
    assert recipe.name == "reference-synthetic"
    assert recipe.model == Recipe().model
    assert (recipe.epochs, recipe.batch_size) == (5, 32)
    again, same = synthetic.prepare_synthetic(run, Recipe())
    assert (again.data_hash, same) == (store.data_hash, recipe)
    assert synthetic.prepare_synthetic(run, Recipe(epochs=2, batch_size=8))[1].epochs == 2
    assert synthetic.prepare_synthetic(run, Recipe(auxiliary_task="all"))[1].auxiliary_task == ""


def test_missing_extra_names_the_command_that_mends_it():
    assert str(MissingExtra("Training", "train")) == "Training needs the extra [train]: pip install 'twelvelead[train]'"
