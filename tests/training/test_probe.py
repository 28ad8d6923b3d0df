"""Few records: a probe of frozen weights; a fine-tuning that begins with it, counts steps and thaws from the top."""

import csv
import dataclasses

import numpy as np
import onnxruntime
import pytest
import torch
from safetensors.torch import load_file
from scipy.special import expit, logit

from twelvelead.data.create import create
from twelvelead.data.folds import shared_out
from twelvelead.data.tasks import labels
from twelvelead.errors import TwelveLeadError
from twelvelead.evaluation.comparison import compare
from twelvelead.evaluation.metrics import auroc as auroc_of
from twelvelead.training.checkpoints import BEST
from twelvelead.training.crops import Crops
from twelvelead.training.data import StoreData
from twelvelead.training.folder import write_log
from twelvelead.training.folds import train_each
from twelvelead.training.forms import load_windowed
from twelvelead.training.module import Training
from twelvelead.training.probe import PROBE, STRENGTHS, _fit, fit_last_layer
from twelvelead.training.recipe import Recipe
from twelvelead.training.run import is_better, prepare, take_best, train
from twelvelead.weights import Contract, file

RATES = {"learning_rate": 3e-3, "layer_rate": 0.1, "unfreeze": 0.6, "steps": 9, "epochs": 3, "batch_size": 16}


def silent(line):
    pass


@pytest.fixture(scope="module")
def own_store(generated_store, tmp_path_factory):
    """The generated recordings as anybody's, five folds, two classes that the tiny weights do not know."""
    folder = tmp_path_factory.mktemp("own")
    rows = []
    for row, signal in enumerate(generated_store.signals):
        np.save(folder / f"{row}.npy", signal / 1000)
        kind = int(np.flatnonzero(~np.isnan(generated_store.likelihoods[row]))[0])
        rows.append([f"{row}.npy", row // 2, int(kind in (0, 3)), int(kind == 3)])
    with (folder / "table.csv").open("w", newline="") as stream:
        csv.writer(stream).writerows([["file", "patient_id", "this", "wide"], *rows])
    return create(folder, folder / "table.csv", folder / "store", rate=100, folds=5, sampling_rate=100, unit="mV").store


@pytest.fixture(scope="module")
def probe(tiny_run, own_store, tmp_path_factory):
    """A run of the recipe `probe` from the tiny weights, and what was said."""
    said = []
    run = tmp_path_factory.mktemp("probe") / "run"
    train(Recipe.load("probe", str(tiny_run)), own_store, run, said.append)
    return run, said


@pytest.fixture
def tuning(tiny_run):
    """tuning(**settings) -> the recipe `fine-tune` from the tiny weights with these."""
    return lambda **settings: dataclasses.replace(Recipe.load("fine-tune", str(tiny_run)), **(RATES | settings))


def problem(records, seed=0, units=12):
    """An embedding, and labels of two outputs that follow from its first units, the second one rare."""
    rng = np.random.default_rng(seed)
    embedding = rng.normal(size=(records, units)).astype(np.float32) * rng.uniform(0.1, 10, units).astype(np.float32)
    scores = embedding[:, :2] / embedding[:, :2].std(axis=0) + rng.normal(size=(records, 2)) / 2
    return embedding, (scores > [0, 1.3]).astype(np.float32), np.arange(records)


def loss_of(weight, bias, strength, embedding, targets):
    """As it is defined, for the standardised embedding."""
    mean, spread = embedding.mean(axis=0), embedding.std(axis=0)
    w, b = weight * spread, bias + weight @ mean
    share = (targets.sum(axis=0) + 0.5) / (len(targets) + 1)
    p = 1 / (1 + np.exp(-((embedding - mean) / spread @ w.T + b)))
    entropy = -(targets * np.log(p) + (1 - targets) * np.log(1 - p)).mean(axis=0)
    return (entropy + strength / 2 * ((w**2).sum(axis=1) + (b - np.log(share / (1 - share))) ** 2)).sum()


def test_nothing_near_the_fitted_layer_is_better():
    embedding, targets, patients = problem(300)
    found = fit_last_layer(embedding, targets, patients)
    least = loss_of(found.weight, found.bias, found.strength, embedding, targets)
    rng = np.random.default_rng(1)
    for _ in range(20):
        weight = found.weight + rng.normal(size=found.weight.shape) * 0.02 / embedding.std(axis=0)
        assert loss_of(weight, found.bias, found.strength, embedding, targets) > least
        bias = found.bias + rng.normal(size=2) * 0.02
        assert loss_of(found.weight, bias, found.strength, embedding, targets) > least


def test_the_penalty_is_for_the_records_there_are():
    """Twelve units that tell nothing for each one that does: few records bear a strong penalty, many a weak one."""
    few, many = (fit_last_layer(*problem(records, units=24)) for records in (60, 3000))
    assert few.strength > many.strength
    embedding, targets, _ = problem(2000, seed=5, units=24)
    weak = _fit(*problem(60, units=24)[:2], STRENGTHS)[-1]
    by = {"few": (few.weight, few.bias), "weak": weak, "many": (many.weight, many.bias)}
    auroc = {
        name: float(auroc_of(targets[:, :1], expit(embedding @ w[:1].T + b[:1]))[0]) for name, (w, b) in by.items()
    }
    assert auroc["weak"] < auroc["few"] < auroc["many"]


def test_records_of_a_patient_do_not_judge_each_other():
    """Labels that belong to the person and not to what is seen cannot be told of others."""
    rng = np.random.default_rng(3)
    embedding = np.repeat(rng.normal(size=(40, 60)), 4, axis=0) + rng.normal(size=(160, 60)) * 0.01
    targets = np.repeat(rng.random((40, 1)) > 0.5, 4, axis=0).astype(np.float32)
    assert fit_last_layer(embedding, targets, np.repeat(np.arange(40), 4)).loss > 0.6
    assert fit_last_layer(embedding, targets, np.arange(160)).loss < 0.2


def test_an_unknown_label_takes_no_part():
    embedding, targets, _ = problem(100)
    doubled = np.concatenate([targets, targets])
    doubled[100:, 1] = np.nan
    ((weight, bias),) = _fit(np.concatenate([embedding, embedding]), doubled, (0.1,))
    ((expected, share),) = _fit(embedding, targets, (0.1,))
    np.testing.assert_allclose(weight, expected, atol=1e-3, rtol=1e-2)
    np.testing.assert_allclose(bias, share, atol=1e-2)
    assert np.isfinite(fit_last_layer(np.concatenate([embedding, embedding]), doubled, np.arange(200)).loss)


@pytest.mark.usefixtures("epochs_only")
def test_a_probe_learns_from_labels_of_which_some_are_not_known(tiny_run, own_store, checkpoint, tmp_path):
    folder = own_store.path.parent
    heading, *lines = (folder / "table.csv").read_text().split()
    hidden = [line.rsplit(",", 1)[0] + ",-1" if number % 3 == 0 else line for number, line in enumerate(lines)]
    (tmp_path / "table.csv").write_text("\n".join([heading, *hidden]))
    how = {"rate": 100, "folds": 5, "sampling_rate": 100, "unit": "mV"}
    store = create(folder, tmp_path / "table.csv", tmp_path / "store", **how).store
    assert not labels(store, "labels", "keep").known.all()
    train(Recipe.load("probe", str(tiny_run)), store, tmp_path / "run", silent)
    state = checkpoint(tmp_path / "run", "probe")["state_dict"]
    assert all(torch.isfinite(state[f"windowed.model.output.{part}"]).all() for part in ("weight", "bias"))


def test_an_output_without_positives_is_rare_and_finite():
    embedding, targets, patients = problem(100)
    targets[:, 1] = 0
    found = fit_last_layer(embedding, targets, patients)
    answers = 1 / (1 + np.exp(-(embedding @ found.weight.T + found.bias)))
    assert np.isfinite(answers).all()
    assert answers[:, 1].max() < 0.05


@pytest.mark.usefixtures("epochs_only")
def test_a_probe_for_each_fold_is_fitted_without_the_fold_that_it_leaves_out(tiny_run, own_store, checkpoint, tmp_path):
    said = []
    runs = train_each(Recipe.load("probe", str(tiny_run)), own_store, tmp_path / "runs", [2, 5], said.append)
    begins = [line for line in said if "records to train on" in line]
    assert "(fold 1, 4-5), 20 to validate (fold 3)" in begins[0]
    assert "(fold 2-4), 20 to validate (fold 1)" in begins[1]
    first, second = (checkpoint(run, "probe")["state_dict"] for run in runs.values())
    for name, value in first.items():
        assert torch.equal(value, second[name]) == (".output." not in name), name


def test_a_probe_leaves_the_network_as_it_is(probe, tiny_run):
    state, before = load_file(file(probe[0], "safetensors")), load_file(file(tiny_run, "safetensors"))
    for name, value in state.items():
        if not name.startswith("output."):
            torch.testing.assert_close(value, before[name], atol=0, rtol=0, msg=name)
    assert state["output.weight"].shape == (2, 8)


def test_the_weights_of_a_probe_answer_alike_in_every_form(probe, own_store):
    run, said = probe
    contract = Contract.load(run / "weights")
    assert (contract.classes, contract.aggregate) == (("this", "wide"), "probability")  # as the tiny weights have it
    assert (contract.train_folds, contract.validation_folds) == ((1, 2, 3), (4,))
    ecg, features = own_store.signals[:20].astype(np.float32) / 1000, own_store.features[:20]
    windowed = load_windowed(run)
    with torch.inference_mode():
        answers = windowed(torch.from_numpy(ecg), torch.from_numpy(features))
        windowed.aggregate = "logit"
        by_logit = windowed(torch.from_numpy(ecg), torch.from_numpy(features)).probabilities
        fitted = torch.sigmoid(windowed.model.output_layer()(answers.embedding))  # to the mean embedding
    torch.testing.assert_close(by_logit, fitted, atol=1e-5, rtol=0)
    session = onnxruntime.InferenceSession(file(run, "onnx"))
    given = session.run(["probabilities"], {"ecg": ecg, "features": features})[0]
    np.testing.assert_allclose(given, answers.probabilities, atol=1e-5, rtol=0)
    assert any("fold 1-3" in line and "fold 4" in line for line in said)
    assert any(line.startswith("probe: 2 new outputs, strength ") for line in said)


@pytest.mark.usefixtures("epochs_only")
def test_outputs_that_the_weights_know_give_way_only_to_records(tiny_run, generated_store, checkpoint, tmp_path):
    folds = {"train_folds": tuple(range(1, 9)), "validation_folds": (9,)}
    recipe = dataclasses.replace(Recipe.load("probe", str(tiny_run)), task="superclass", **folds)
    before = load_file(file(tiny_run, "safetensors"))["output.weight"]
    for strength, near in ((1e9, True), (1e-3, False)):
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr("twelvelead.training.probe.STRENGTHS", (strength,))
            train(recipe, generated_store, tmp_path / f"{strength}", silent)
        after = checkpoint(tmp_path / f"{strength}", "probe")["state_dict"]["windowed.model.output.weight"]
        assert torch.allclose(after, before, atol=1e-3) == near


def test_a_finished_probe_is_not_made_again(probe, tiny_run, own_store):
    said = []
    train(Recipe.load("probe", str(tiny_run)), own_store, probe[0], said.append)
    assert said == [f"{probe[0]}: this training has finished; its weights are in {probe[0] / 'weights'}"]


def test_an_interrupted_probe_begins_again(probe, tiny_run, own_store, tmp_path):
    def breaking(*_):
        raise KeyboardInterrupt

    recipe = Recipe.load("probe", str(tiny_run))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("twelvelead.training.probe.fit_last_layer", breaking)
        with pytest.raises(KeyboardInterrupt):
            train(recipe, own_store, tmp_path / "run", silent)
    train(recipe, own_store, tmp_path / "run", silent)
    one, two = (load_file(file(run, "safetensors")) for run in (probe[0], tmp_path / "run"))
    assert all(torch.equal(value, two[name]) for name, value in one.items())


@pytest.mark.usefixtures("epochs_only")
def test_an_interrupted_fine_tuning_ends_as_an_unbroken_one(tuning, own_store, same_end, tmp_path):
    train(tuning(), own_store, tmp_path / "unbroken", silent)
    step = Training.training_step

    def breaking(self, batch, number):
        if (self.current_epoch, number) == (1, 2):
            raise KeyboardInterrupt
        return step(self, batch, number)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Training, "training_step", breaking)
        with pytest.raises(KeyboardInterrupt):
            train(tuning(), own_store, tmp_path / "run", silent)
    said = []
    train(tuning(), own_store, tmp_path / "run", said.append)
    assert "going on from epoch-0.ckpt" in said
    same_end(tmp_path / "run", tmp_path / "unbroken")


@pytest.mark.usefixtures("epochs_only")
def test_steps_are_counted_whatever_the_number_of_records(tuning, own_store, log_rows, tmp_path):
    recipe = tuning(batch_size=100)  # of the store's 60 training records
    train(recipe, own_store, tmp_path / "run", silent)
    assert [row["epoch"] for row in log_rows(tmp_path / "run")] == ["-1", "0", "1", "2"]
    last = torch.load(tmp_path / "run" / "checkpoints" / "epoch-2.ckpt", weights_only=True)
    assert last["global_step"] == 9
    crops = Crops(
        own_store.signals,
        own_store.features,
        np.arange(100.0)[:, None],
        np.arange(7),
        window=256,
        batch_size=5,
        batches=7,
    )
    seen = np.concatenate([targets[:, 0].numpy() for _, _, targets in crops]).astype(int)
    assert np.bincount(seen).tolist() == [5] * 7


@pytest.mark.usefixtures("epochs_only")
def test_layers_begin_to_learn_from_the_last_down(tuning, own_store, checkpoint, tmp_path):
    train(tuning(steps=4, epochs=2, unfreeze=1.0, average_decay=0.0), own_store, tmp_path / "run", silent)
    start, half = (checkpoint(tmp_path / "run", name)["state_dict"] for name in ("probe", "epoch-0"))
    learned = {name for name, _ in prepare(tuning(), own_store).training.named_parameters()}
    moved = {name for name in learned if not torch.equal(start[name], half[name])}
    assert {"windowed.model.output.weight", "windowed.model.joined.weight"} <= moved
    assert not any(".blocks." in name for name in moved)


@pytest.mark.usefixtures("epochs_only")
def test_lower_layers_learn_more_slowly(tuning, own_store):
    training = prepare(tuning(schedule="constant"), own_store).training
    groups = training.configure_optimizers().param_groups
    rates = [group["lr"] for group in groups]
    assert (rates[0], rates[-1]) == (3e-3, pytest.approx(3e-4))
    assert np.allclose(np.diff(np.log(rates)), np.diff(np.log(rates))[0])
    assert groups[0]["params"][0] is training.windowed.model.output_layer().weight
    assert sum(len(group["params"]) for group in groups) == len(list(training.parameters()))


def test_a_probe_that_no_epoch_betters_is_the_result(tuning, probe, own_store, tmp_path):
    said = []
    train(tuning(learning_rate=10.0, layer_rate=1.0, unfreeze=0.0), own_store, tmp_path / "run", said.append)
    assert "the probe is the result: no epoch is better by more than chance (one-sided p > 0.05)" in said
    one, two = (load_file(file(run, "safetensors")) for run in (probe[0], tmp_path / "run"))
    assert all(torch.equal(value, two[name]) for name, value in one.items())


@pytest.mark.usefixtures("epochs_only")
def test_an_epoch_is_taken_where_it_is_surely_better(tuning, own_store, checkpoint, monkeypatch, tmp_path):
    recipe, run = tuning(), tmp_path / "run"
    train(recipe, own_store, run, silent)
    kept = {name: checkpoint(run, name) for name in (PROBE, BEST)}
    row = {"train_loss": 1.0, "learning_rate": 1e-3, "seconds": 1.0}
    for probe, epoch, surely, taken in [
        (0.8, 0.7, True, PROBE),
        (0.8, 0.8, True, PROBE),
        (0.8, 0.9, False, PROBE),
        (0.8, 0.9, True, BEST),
    ]:
        write_log(run, [{"epoch": each, "validation_auroc": it, **row} for each, it in ((-1, probe), (0, epoch))])
        monkeypatch.setattr("twelvelead.training.run.is_better", lambda *_, surely=surely: surely)
        begun = prepare(recipe, own_store)
        assert take_best(begun, run) == kept[taken]["epoch"]
        ours = begun.training.state_dict()
        assert all(torch.equal(value, ours[name]) for name, value in kept[taken]["state_dict"].items())


def test_surely_better_is_what_compare_says(generated_store, tiny_recipe):
    """On the validation records, by the classes that they can measure, without the labels that are not known."""
    recipe = tiny_recipe(train_folds=(9, 10), validation_folds=(1, 2, 3, 4, 5, 6, 7, 8))
    given = prepare(recipe, generated_store).data
    records = given.validation_records
    rng = np.random.default_rng(0)
    known, values = np.ones_like(given.labels.known), given.labels.values.copy()
    known[records] = rng.random((len(records), 5)) > 0.2
    values[records, 4] = False
    data = StoreData(recipe, generated_store, dataclasses.replace(given.labels, known=known, values=values & known))
    assert data.measured == [0, 1, 2, 3]
    truth, there = data.labels.values[records], known[records]
    probe = expit(rng.normal(size=truth.shape) + 2 * truth).astype(np.float32)
    patients = np.asarray(generated_store.column("patient_id"))[records]
    found, p = [], []
    for gain in (-1, 0, 0.1, 0.2, 0.3, 1, 3):
        epoch = expit(logit(probe) + rng.normal(size=truth.shape) * 0.3 + gain * truth).astype(np.float32)
        by = {"probe": probe[:, :4], "epoch": epoch[:, :4]}
        names = data.labels.classes[:4]
        all_found = compare(truth[:, :4], by, dict.fromkeys(by, 0.5), patients, names, known=there[:, :4])
        (macro,) = [one for one in all_found if one.metric == "macro_auroc"]
        found.append(is_better(data, probe, epoch))
        p.append(macro.p if macro.difference > 0 else 1)
        assert found[-1] == (p[-1] <= 0.1)  # of two sides
        epoch[~there], epoch[:, 4] = rng.random((~there).sum()), rng.random(len(records))
        assert is_better(data, probe, epoch) == found[-1]
    assert not any(found[:2])
    assert all(found[-2:])
    assert any(0.05 < one <= 0.1 for one in p)
    assert not is_better(data, probe, probe)


def test_one_patient_alone_tells_nothing_apart(generated_store, tiny_recipe, monkeypatch):
    data = prepare(tiny_recipe(), generated_store).data
    labels = data.labels.values[data.validation_records]
    right, wrong = labels.astype(np.float32), (~labels).astype(np.float32)
    assert is_better(data, wrong, right)
    monkeypatch.setattr(type(data.store), "column", lambda store, name: np.zeros(len(store), np.int64))
    assert not is_better(data, wrong, right)


def test_folds_are_shared_out():
    assert shared_out(range(1, 11)) == ((1, 2, 3, 4, 5, 6, 7, 8), (9,))
    assert shared_out([4, 2, 7]) == ((2,), (4,))
    assert shared_out([1, 2]) == ((1,), (2,))


def test_a_store_of_one_fold_is_refused_with_the_way_out(tiny_run, own_store, tmp_path):
    folder = own_store.path.parent
    rows = [
        [*line.split(","), fold]
        for line, fold in zip((folder / "table.csv").read_text().split(), ["fold", *[3] * 100], strict=True)
    ]
    with (tmp_path / "table.csv").open("w", newline="") as stream:
        csv.writer(stream).writerows(rows)
    one = create(folder, tmp_path / "table.csv", tmp_path / "store", rate=100, sampling_rate=100, unit="mV").store
    with pytest.raises(TwelveLeadError, match=r"all records are in one fold.*make the store with --folds 5"):
        train(Recipe.load("probe", str(tiny_run)), one, tmp_path / "run", silent)
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize(
    ("settings", "fault"),
    [
        ({"initial": ""}, 'head is "probe", which needs weights'),
        ({"head": "names", "epochs": 0}, "epochs is 0"),
        ({"steps": 2, "epochs": 3}, "2 steps for 3 epochs"),
        ({"train_folds": (1,)}, "name both, or none"),
    ],
)
def test_settings_that_contradict_each_other_are_refused(tuning, settings, fault):
    with pytest.raises(TwelveLeadError, match=fault):
        tuning(**settings)
