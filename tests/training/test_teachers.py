"""Labels softened by other weights: who judges which record, what the training then sees, and what is refused."""

import dataclasses
import json

import jsonschema
import numpy as np
import pytest

from twelvelead.data.tasks import labels
from twelvelead.errors import TwelveLeadError, Unreadable
from twelvelead.training import teachers
from twelvelead.training.data import StoreData, Whole
from twelvelead.training.forms import load_windowed, predict, write_safetensors
from twelvelead.training.initial import ancestors
from twelvelead.training.module import Training
from twelvelead.training.run import train
from twelvelead.training.teachers import ask_teachers, require_teachers
from twelvelead.weights import SHIPPED, Contract, find, sha256
from twelvelead.weights.suitability import seen_folds

FOLDS = (1, 2, 3)


def silent(line):
    pass


@pytest.fixture(scope="module")
def teacher(tiny_run, tmp_path_factory):
    """teacher(sign, **changes) -> a folder of weights like those of `tiny_run`, with another contract and, where the
    sign is -1, with the opposite answers."""

    def made(sign=1, **changes):
        folder = tmp_path_factory.mktemp("teacher")
        windowed = load_windowed(tiny_run)
        windowed.model.output.weight.data *= sign
        write_safetensors(windowed, folder / "weights.safetensors", {})
        files = {"safetensors": {"name": "weights.safetensors", "sha256": sha256(folder / "weights.safetensors")}}
        dataclasses.replace(Contract.load(find(tiny_run)), **{"files": files, **changes}).save(folder)
        return str(folder)

    return made


@pytest.fixture(scope="module")
def pair(teacher):
    """Two teachers that differ: one trained on folds 1 and 2, the other on folds 2 and 3."""
    return teacher(train_folds=(1, 2)), teacher(-1, train_folds=(2, 3))


@pytest.fixture
def student(tiny_recipe, generated_store):
    """student(*teachers, **settings) -> the recipe that they teach, and its data."""

    def made(*names, **settings):
        settings = {"train_folds": FOLDS, "batch_size": 8, "teachers": list(names), **settings}
        recipe = tiny_recipe(**settings)
        return recipe, StoreData(recipe, generated_store, labels(generated_store))

    return made


def judged(weights, data):
    raw = predict(load_windowed(weights), data.store.signals, data.store.features, data.train_records)
    return Contract.load(find(weights)).calibrated(raw)


def test_a_record_is_judged_by_those_that_did_not_train_on_its_fold_and_else_by_all(pair, student, tmp_path):
    _, data = student(*pair, precision="float32")
    said = []
    given = ask_teachers(data, tmp_path / "teachers.npy", said.append)
    one, two = (judged(weights, data) for weights in pair)
    assert np.abs(one - two).max() > 0.01
    fold = np.asarray(data.store.column("fold"))[data.train_records][:, None]
    expected = np.select([fold == 1, fold == 2, fold == 3], [two, (one + two) / 2, one])
    assert given.dtype == np.float32
    np.testing.assert_allclose(given, expected, atol=1e-6)
    assert said == [f"teacher {n} of 2: {weights} judges 20 records" for n, weights in enumerate(pair, 1)]


def test_bfloat16_is_used_where_the_processor_has_it_and_the_recipe_lets_it(pair, student, tmp_path, monkeypatch):
    monkeypatch.setattr(teachers, "bfloat16", lambda device: device == "cpu")
    answers = {}
    for precision in ("auto", "float32"):
        _, data = student(pair[0], precision=precision)
        answers[precision] = ask_teachers(data, tmp_path / precision, silent)
    difference = np.abs(answers["auto"] - answers["float32"]).max()
    assert 0 < difference < 0.02
    np.testing.assert_allclose(answers["float32"], judged(pair[0], data), atol=1e-6)


def test_labels_are_softened_on_the_training_records_and_nowhere_else(student):
    _, data = student("any", teacher_weight=0.25)
    hard = data.labels.values.astype(np.float32)
    said = np.random.default_rng(0).random((len(data.train_records), 5), np.float32)
    data = data.softened(said)
    np.testing.assert_allclose(data.targets[data.train_records], 0.75 * hard[data.train_records] + 0.25 * said)
    others = np.setdiff1d(np.arange(len(data.store)), data.train_records)
    np.testing.assert_array_equal(data.targets[others], hard[others])
    np.testing.assert_array_equal(data.labels.targets, hard)
    _, _, validated = Whole(data.store.signals, data.store.features, data.labels, data.validation_records)[0]
    np.testing.assert_array_equal(validated, hard[data.validation_records])


def test_what_is_trained_on_cannot_be_changed_and_is_softened_once(student):
    _, recorded = student("any", teacher_weight=0.5)
    hard = recorded.targets.copy()
    said = np.full((len(recorded.train_records), 5), 0.5, np.float32)
    softened = recorded.softened(said)
    np.testing.assert_array_equal(recorded.targets, hard)
    np.testing.assert_array_equal(softened.softened(said).targets, softened.targets)
    with pytest.raises(ValueError, match="read-only"):
        softened.targets[:] = 0


def test_what_was_judged_is_kept_for_a_training_that_goes_on(pair, student, tmp_path, monkeypatch):
    recipe, data = student(*pair, epochs=2)
    run, cache = tmp_path / "run", tmp_path / "run" / "teachers.npy"
    step, targets = Training.training_step, []

    def breaking(self, batch, number):
        targets.append(batch[2])
        if self.current_epoch == 1:
            raise KeyboardInterrupt
        return step(self, batch, number)

    with monkeypatch.context() as patch:
        patch.setattr(Training, "training_step", breaking)
        with pytest.raises(KeyboardInterrupt):
            train(recipe, data.store, run, silent)
    kept = np.load(cache)
    assert kept.shape == (30, 5)
    assert all(0 < value < 1 for batch in targets for value in batch.flatten().tolist())
    monkeypatch.setattr(teachers, "load_windowed", lambda weights: pytest.fail("the teachers were asked again"))
    monkeypatch.setattr("twelvelead.training.run.finish", lambda training, data, folder, **_: folder / "weights")
    train(recipe, data.store, run, silent)
    np.testing.assert_array_equal(np.load(cache), kept)


@pytest.mark.parametrize(
    "wrong",
    [np.full((29, 5), 0.5), np.full((30, 4), 0.5), np.full((30, 5), np.nan), np.ones((30, 5), int), np.zeros(3)],
    ids=["records", "classes", "nan", "kind", "axes"],
)
def test_a_cache_of_something_else_is_made_anew(pair, student, tmp_path, wrong, monkeypatch):
    _, data = student(pair[0])
    monkeypatch.setattr(teachers, "predict", lambda windowed, signals, features, records: np.full((30, 5), 0.5))
    cache, said = tmp_path / "teachers.npy", []
    np.save(cache, wrong)
    given = ask_teachers(data, cache, said.append)
    assert said[0] == f"{cache}: does not fit this training and is made anew"
    assert np.isfinite(given).all()
    np.testing.assert_array_equal(np.load(cache), given)
    assert ask_teachers(data, cache, silent) is not given


@pytest.mark.parametrize("content", [b"", b"\x93NUMPY\x01\x00", b"PK\x03\x04 no", bytes(300)])
def test_a_damaged_cache_is_made_anew(pair, student, tmp_path, content, monkeypatch):
    _, data = student(pair[0])
    monkeypatch.setattr(teachers, "predict", lambda windowed, signals, features, records: np.full((30, 5), 0.5))
    (tmp_path / "teachers.npy").write_bytes(content)
    assert ask_teachers(data, tmp_path / "teachers.npy", silent).shape == (30, 5)


@pytest.mark.parametrize(
    ("changes", "fault"),
    [
        ({"classes": ("AF", "SR")}, "predicts AF, SR, and the task superclass is NORM, MI, STTC, CD, HYP; choose"),
        ({"classes": ("A", "B", "C", "D", "E", "F", "G")}, "predicts A, B, C, D, E and 2 more, and"),
        ({"leads": ("I", "II")}, "but the weights reference need I, II in this order"),
        ({"sampling_rate": 500}, "but the weights reference need 500 Hz"),
        ({"minimum_samples": 1004}, "but the weights reference need 1004 (10.04 s) at least"),
        ({"train_folds": (1, 9)}, "fold 9 trained the weights reference, or weights that they came from"),
        ({"files": {}}, "has no safetensors file; name a training's own weights, of an ensemble its members"),
    ],
)
def test_weights_that_cannot_teach_are_refused_before_anything_is_written(
    teacher, student, tmp_path, monkeypatch, changes, fault
):
    contract = dataclasses.replace(Contract.load(find(teacher())), **changes)
    monkeypatch.setattr(teachers.Contract, "load", lambda folder: contract)
    recipe, data = student("reference")
    with pytest.raises(TwelveLeadError) as caught:
        train(recipe, data.store, tmp_path / "run", silent)
    assert str(caught.value).startswith(("recipe tiny: teacher reference ", f"{data.store.path}: "))
    assert fault in str(caught.value)
    assert "\n" not in str(caught.value)
    assert not (tmp_path / "run").exists()


def test_what_taught_a_teacher_counts_as_what_taught_its_pupil(teacher, student, generated_store):
    tiny = Contract.load(find(teacher()))
    elder = {"weights": "elder", "sha256": "0" * 64, "train_folds": [4], "data": tiny.data}
    names = teacher(train_folds=(1, 2)), teacher(train_folds=(2, 3), data=tiny.data | {"teachers": [elder]})
    recipe, _ = student(*names)
    found = ancestors(recipe)
    assert found["initial"] == []
    assert [step["train_folds"] for step in found["teachers"]] == [[1, 2], [2, 3], [4]]
    assert all("teachers" not in step["data"] for step in found["teachers"])
    pupil = dataclasses.replace(tiny, train_folds=(1,), data=tiny.data | {"teachers": found["teachers"]})
    assert seen_folds(pupil, generated_store) == {1, 2, 3, 4}
    schema = json.loads((SHIPPED / "contract.schema.json").read_text())
    jsonschema.validate(json.loads(json.dumps(dataclasses.asdict(pupil))), schema)
    assert ancestors(dataclasses.replace(recipe, teacher_weight=0.0))["teachers"] == []


def test_teachers_that_are_not_there_are_named(student, tmp_path):
    _, data = student(str(tmp_path / "nowhere"))
    with pytest.raises(Unreadable, match=r"nowhere: neither shipped weights"):
        require_teachers(data)
