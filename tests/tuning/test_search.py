"""A search from the first trial to the best recipe, and whatever may come between."""

import csv
import json
import sqlite3

import optuna
import pytest
from optuna.trial import TrialState, create_trial

from twelvelead.data.synthetic import synthetic_store
from twelvelead.errors import TwelveLeadError, Unreadable
from twelvelead.training.module import Training
from twelvelead.training.recipe import Recipe
from twelvelead.tuning.search import Options, tune
from twelvelead.tuning.space import Space
from twelvelead.tuning.study import REASON, finished, place, storage_url

SPACE = {"learning_rate": {"low": 1e-3, "high": 1e-2, "log": True}, "model": {"units": {"choices": [4, 8]}}}


def silent(line):
    pass


def search(recipe, store, folder, *, space=SPACE, say=silent, **options):
    options = {"trials": 3, "grace": 1, "pruner": "none"} | options
    return tune(recipe, Space.from_dict(space, "space", recipe), store, folder, Options(**options), say)


def rows(folder):
    with (folder / "trials.csv").open(newline="") as stream:
        return list(csv.DictReader(stream))


def draws(folder):
    """What was drawn for the trials that count, in their order."""
    return [(row["learning_rate"], row["model.units"]) for row in rows(folder) if row["state"] != "lost"]


@pytest.fixture(scope="module")
def searched(generated_store, tiny_recipe, tmp_path_factory):
    """The folder of a search of three real trainings, and what it said. Not to be changed."""
    folder, said = tmp_path_factory.mktemp("searched") / "study", []
    search(tiny_recipe(), generated_store, folder, say=said.append)
    return folder, said


@pytest.fixture
def undrawn(monkeypatch):
    """Lets a search leave no picture and no shares of the settings, which take longer than all the rest."""
    monkeypatch.setattr("twelvelead.tuning.search.draw", lambda *_, **__: None)
    monkeypatch.setattr("twelvelead.tuning.results.importance", lambda study: {})


@pytest.fixture
def quick(undrawn, monkeypatch):
    """Lets a trial report two epochs and be worth its learning rate, without training; returns the recipes trained."""
    trained = []

    def run_trial(trial, recipe, store, folder, say):
        trained.append(recipe)
        for epoch, share in enumerate((0.5, 1.0)):
            trial.report(share * recipe.learning_rate, epoch)
            if trial.should_prune():
                raise optuna.TrialPruned
        return recipe.learning_rate

    monkeypatch.setattr("twelvelead.tuning.search.run_trial", run_trial)
    return trained


def test_a_search_leaves_all_that_is_promised(searched, tiny_recipe, generated_store):
    folder, said = searched
    names = {path.name for path in folder.iterdir()}
    assert names == {"best.toml", "study.db", "study.json", "study.png", "trials", "trials.csv"}
    table = rows(folder)
    assert [(row["trial"], row["state"], row["epochs"]) for row in table] == [
        ("0", "completed", "2"),
        ("1", "completed", "2"),
        ("2", "completed", "2"),
    ]
    assert len({row["learning_rate"] for row in table}) == 3
    about = json.loads((folder / "study.json").read_text())
    best = max(table, key=lambda row: float(row["validation_auroc"]))
    assert about["best"]["trial"] == int(best["trial"])
    assert about["trials"] == {"completed": 3}
    assert about["search"]["space"] == SPACE
    assert about["search"]["data_hash"] == generated_store.data_hash
    assert (about["search"]["sampler"], about["search"]["pruner"], about["search"]["seed"]) == ("tpe", "none", 0)
    assert {"optuna", "torch", "twelvelead"} <= about["versions"].keys()
    assert len(said) == 4
    assert said[0].startswith("1 of 3, trial 0: macro AUROC 0.")
    assert said[-1].startswith("3 completed; best: trial ")
    assert "on fold 8, which chose it, synthetic ECGs" in said[-1]


def test_the_value_of_a_trial_is_the_best_epoch_of_its_training(searched):
    folder, _ = searched
    for row in rows(folder):
        run = folder / "trials" / f"{int(row['trial']):04}"
        with (run / "log.csv").open(newline="") as stream:
            values = [float(epoch["validation_auroc"]) for epoch in csv.DictReader(stream)]
        assert float(row["validation_auroc"]) == pytest.approx(max(values))
        trained = Recipe.load(run / "recipe.toml")
        assert (trained.train_folds, trained.validation_folds) == ((1, 2, 3, 4, 5, 6, 7), (8,))
        assert trained.learning_rate == float(row["learning_rate"])
        assert not (run / "checkpoints").exists()


def test_the_best_recipe_is_one_to_train_on_the_official_folds(searched, tiny_recipe):
    folder, _ = searched
    settings = json.loads((folder / "study.json").read_text())["best"]["settings"]
    best, given = Recipe.load(folder / "best.toml"), tiny_recipe()
    assert (best.name, best.learning_rate) == ("tiny-tuned", settings["learning_rate"])
    assert best.model == given.model | {"units": settings["model.units"]}
    assert (best.train_folds, best.validation_folds) == ((1, 2, 3, 4, 5, 6, 7, 8), (9,))
    assert best.epochs == given.epochs


@pytest.mark.usefixtures("undrawn")
def test_an_interrupted_search_goes_on_within_its_trial_and_draws_what_an_unbroken_one_does(
    searched, generated_store, tiny_recipe, tmp_path, monkeypatch
):
    step, done = Training.training_step, []

    def breaking(self, batch, number):
        done.append((self.current_epoch, number))
        if done.count((1, 0)) == 2 and (self.current_epoch, number) == (1, 0):  # the second trial, in its second epoch
            raise KeyboardInterrupt
        return step(self, batch, number)

    with monkeypatch.context() as patch:
        patch.setattr(Training, "training_step", breaking)
        with pytest.raises(KeyboardInterrupt):
            search(tiny_recipe(), generated_store, tmp_path / "study")
    assert [row["state"] for row in rows(tmp_path / "study")] == ["completed", "lost", "waiting"]
    epochs = []
    monkeypatch.setattr(
        Training, "training_step", lambda self, *args: (epochs.append(self.current_epoch), step(self, *args))[1]
    )
    search(tiny_recipe(), generated_store, tmp_path / "study")
    table = rows(tmp_path / "study")
    assert [row["state"] for row in table] == ["completed", "lost", "completed", "completed"]
    assert table[2]["tries_again"] == "1"
    assert epochs[0] == 1, "the first epoch is not trained again"
    assert table[2]["epochs"] == "2"
    assert draws(tmp_path / "study") == draws(searched[0])
    assert [row["validation_auroc"] for row in table if row["state"] == "completed"] == [
        row["validation_auroc"] for row in rows(searched[0])
    ]


@pytest.mark.usefixtures("undrawn")
def test_a_trial_that_diverges_fails_with_its_reason_and_the_search_goes_on(generated_store, tiny_recipe, tmp_path):
    space = {"model": {"scale": {"choices": [4.0, 1e38]}}}
    said = []
    search(tiny_recipe(), generated_store, tmp_path / "study", space=space, say=said.append, sampler="random", seed=1)
    table = rows(tmp_path / "study")
    assert {row["state"] for row in table} == {"completed", "failed"}
    for number, row in enumerate(table):
        assert (row["state"] == "failed") == (row["model.scale"] == "1e+38")
        if row["state"] == "failed":
            assert "the loss is nan in epoch 1" in row["reason"]
            assert "failed, " in said[number]
    failed = json.loads((tmp_path / "study" / "study.json").read_text())["failed"]
    assert list(failed) == [row["trial"] for row in table if row["state"] == "failed"]


def test_a_search_whose_trials_all_fail_says_why(generated_store, tiny_recipe, tmp_path, monkeypatch):
    space = {"batch_size": {"choices": [75, 76]}}
    with pytest.raises(TwelveLeadError) as caught:
        search(tiny_recipe(), generated_store, tmp_path / "study", space=space)
    assert "no trial completed (3 failed); the last failed so: recipe tiny: batch_size 7" in str(caught.value)
    assert not (tmp_path / "study" / "best.toml").exists()
    assert not (tmp_path / "study" / "study.png").exists()


@pytest.mark.usefixtures("undrawn")
def test_a_poor_trial_is_pruned(generated_store, tiny_recipe, tmp_path, monkeypatch):
    def logged(self):
        self.auroc.reset()
        self.log("validation_auroc", 0.9 if self.recipe.model["units"] == 8 else 0.6)

    monkeypatch.setattr(Training, "on_validation_epoch_end", logged)
    monkeypatch.setattr(
        "twelvelead.tuning.search.pruner", lambda kind, epochs: optuna.pruners.ThresholdPruner(lower=0.7)
    )
    space, said = {"model": {"units": {"choices": [4, 8]}}}, []
    search(tiny_recipe(), generated_store, tmp_path / "study", space=space, say=said.append, sampler="random", seed=1)
    table = rows(tmp_path / "study")
    assert {row["state"] for row in table} == {"completed", "pruned"}
    for number, row in enumerate(table):
        assert (row["state"], row["epochs"]) == (("completed", "2") if row["model.units"] == "8" else ("pruned", "1"))
        if row["state"] == "pruned":
            assert "pruned after 1 epoch at 0.6000" in said[number]
            assert not (tmp_path / "study" / "trials" / f"{number:04}" / "checkpoints").exists()


@pytest.mark.parametrize("kind", ["median", "hyperband"])
def test_the_named_pruners_end_trials(quick, generated_store, tiny_recipe, tmp_path, kind):
    space = {"learning_rate": {"low": 1e-3, "high": 1.0}}
    search(tiny_recipe(epochs=9), generated_store, tmp_path / "study", space=space, pruner=kind, trials=12)
    about = json.loads((tmp_path / "study" / "study.json").read_text())
    assert about["trials"]["pruned"] > 0
    assert about["trials"]["completed"] + about["trials"]["pruned"] == 12
    assert len(about["pruned"]) == about["trials"]["pruned"]


def test_more_trials_may_be_asked_for_later(quick, generated_store, tiny_recipe, tmp_path):
    search(tiny_recipe(), generated_store, tmp_path / "one", trials=3)
    search(tiny_recipe(), generated_store, tmp_path / "two", trials=1)
    search(tiny_recipe(), generated_store, tmp_path / "two", trials=1)
    assert len(rows(tmp_path / "two")) == 1
    search(tiny_recipe(), generated_store, tmp_path / "two", trials=3)
    assert draws(tmp_path / "one") == draws(tmp_path / "two")
    assert len(quick) == 6


def test_another_seed_draws_otherwise(quick, generated_store, tiny_recipe, tmp_path):
    for seed in (0, 1):
        search(tiny_recipe(), generated_store, tmp_path / str(seed), seed=seed)
    assert draws(tmp_path / "0")[0] != draws(tmp_path / "1")[0]


@pytest.mark.usefixtures("quick")
def test_another_search_is_refused(generated_store, tiny_recipe, tmp_path):
    storage = f"sqlite:///{tmp_path / 'shared.db'}"
    search(tiny_recipe(), generated_store, tmp_path / "a", storage=storage, name="s")
    other = synthetic_store(tmp_path / "store", records=100, seed=5)
    wider = {"learning_rate": {"low": 1e-3, "high": 2e-2}}
    for folder, where, remedy in [
        (tmp_path / "a", f"{tmp_path / 'a'}: holds a study that", "name another folder"),
        (tmp_path / "b", f"{storage}: study s", "give another --name"),
    ]:
        for recipe, store, space, options, difference in [
            (tiny_recipe(gamma=1.0), generated_store, SPACE, {}, "is another search (differs in recipe's gamma)"),
            (tiny_recipe(), generated_store, wider, {}, "is another search (differs in space)"),
            (tiny_recipe(), generated_store, SPACE, {"seed": 3}, "is another search (differs in seed)"),
            (tiny_recipe(), generated_store, SPACE, {"epochs": 9}, "is another search (differs in recipe's epochs)"),
            (tiny_recipe(), other, SPACE, {}, "is a search on other data"),
        ]:
            with pytest.raises(TwelveLeadError) as caught:
                search(recipe, store, folder, space=space, storage=storage, name="s", **options)
            assert str(caught.value) == f"{where} {difference}; {remedy}"
            if folder.name == "b":
                assert not folder.exists()
    with pytest.raises(TwelveLeadError, match="holds study s of sqlite"):
        search(tiny_recipe(), generated_store, tmp_path / "a", storage=storage, name="another")


@pytest.mark.usefixtures("quick")
def test_a_folder_with_something_else_is_refused_and_left_alone(generated_store, tiny_recipe, tmp_path):
    (tmp_path / "thesis.txt").write_text("mine")
    for folder in (tmp_path, tmp_path / "thesis.txt"):
        with pytest.raises(TwelveLeadError, match="exists and is not a study; name another folder"):
            search(tiny_recipe(), generated_store, folder)
    assert [path.name for path in tmp_path.iterdir()] == ["thesis.txt"]
    (tmp_path / "study").mkdir()
    (tmp_path / "study" / "study.json").write_text("{}")
    with pytest.raises(Unreadable, match=r"study\.json: damaged; name another folder"):
        search(tiny_recipe(), generated_store, tmp_path / "study")


def test_what_does_not_fit_the_store_is_refused_before_anything_is_written(generated_store, tiny_recipe, tmp_path):
    for options, fault in [({"folds": ((1, 2), (12,))}, "no fold 12; it holds 1-10")]:
        with pytest.raises(TwelveLeadError, match=fault):
            search(tiny_recipe(), generated_store, tmp_path / "study", **options)
    epochs = {"epochs": {"low": 1, "high": 3}}
    with pytest.raises(TwelveLeadError, match="draws epochs, and --epochs sets them"):
        search(tiny_recipe(), generated_store, tmp_path / "study", space=epochs, epochs=2)
    assert not (tmp_path / "study").exists()


@pytest.mark.parametrize("kind", ["teachers", "initial"])
def test_weights_that_were_taught_the_fold_that_chooses_are_refused_before_anything_is_written(
    generated_store, tiny_run, tiny_recipe, tmp_path, kind
):
    # They were trained on folds 1-8; the official folds make fold 8 choose in a search.
    given = [str(tiny_run)] if kind == "teachers" else str(tiny_run)
    recipe = tiny_recipe(**{kind: given, "train_folds": Recipe.train_folds})
    with pytest.raises(TwelveLeadError, match="fold 8"):
        tune(recipe, Space.load("optimizer", recipe), generated_store, tmp_path / "study", Options(trials=1))
    assert not (tmp_path / "study").exists()


@pytest.mark.parametrize("url", ["nonsense", "journal", "http//x"])
def test_a_storage_that_is_no_database_is_refused(generated_store, tiny_recipe, tmp_path, url):
    with pytest.raises(Unreadable, match="--storage: not the URL of a database"):
        search(tiny_recipe(), generated_store, tmp_path / "study", storage=url)
    assert not (tmp_path / "study").exists()


def test_a_database_that_cannot_be_opened_is_named_without_its_password(
    generated_store, tiny_recipe, tmp_path, monkeypatch
):
    monkeypatch.setattr("twelvelead.tuning.study.time.sleep", lambda seconds: None)
    url = f"postgresql://someone:secret@/db?host={tmp_path}"
    assert storage_url(url, tmp_path).startswith("postgresql+psycopg://someone:secret@")
    with pytest.raises(Unreadable) as caught:
        search(tiny_recipe(), generated_store, tmp_path / "study", storage=url)
    assert "cannot be opened" in str(caught.value)
    assert "\n" not in str(caught.value)
    assert "secret" not in str(caught.value)
    assert not (tmp_path / "study").exists()


@pytest.mark.usefixtures("undrawn")
def test_a_trial_that_another_process_took_over_is_given_up(generated_store, tiny_recipe, tmp_path, monkeypatch):
    """This process was only slow; the other one has declared its trial dead."""
    calls, said = [], []

    def run_trial(trial, recipe, store, folder, say):
        calls.append(trial.number)
        if len(calls) == 1:
            study = optuna.load_study(study_name="study", storage=f"sqlite:///{tmp_path / 'study' / 'study.db'}")
            study.tell(trial.number, state=TrialState.FAIL)
        trial.report(0.5, 0)
        return 0.5

    monkeypatch.setattr("twelvelead.tuning.search.run_trial", run_trial)
    search(tiny_recipe(), generated_store, tmp_path / "study", trials=2, say=said.append)
    assert said[0] == "trial 0: taken over by another process, which had no sign of life from this one"
    assert [row["state"] for row in rows(tmp_path / "study")] == ["lost", "completed", "completed"]


def test_an_error_that_is_no_fault_of_the_settings_ends_the_search_and_the_trial_is_tried_again(
    quick, generated_store, tiny_recipe, tmp_path, monkeypatch
):
    def full(*args):
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr("twelvelead.tuning.search.run_trial", full)
        with pytest.raises(OSError, match="No space left"):
            search(tiny_recipe(), generated_store, tmp_path / "study", trials=1)
    search(tiny_recipe(), generated_store, tmp_path / "study", trials=1)
    first, second = rows(tmp_path / "study")
    assert (first["state"], second["state"], second["tries_again"]) == ("lost", "completed", "0")
    assert first["learning_rate"] == second["learning_rate"]


def test_a_trial_whose_process_died_is_tried_again_when_its_grace_is_over(
    quick, generated_store, tiny_recipe, tmp_path
):
    search(tiny_recipe(), generated_store, tmp_path / "study", trials=1)
    database = sqlite3.connect(tmp_path / "study" / "study.db")
    with database:  # as a SIGKILL would have left it, a minute ago
        database.execute("UPDATE trials SET state = 'RUNNING', datetime_complete = NULL")
        database.execute("DELETE FROM trial_values")
        database.execute("UPDATE trial_heartbeats SET heartbeat = datetime('now', '-60 seconds')")
    database.close()
    search(tiny_recipe(), generated_store, tmp_path / "study", trials=1)
    first, second = rows(tmp_path / "study")
    assert (first["state"], second["state"], second["tries_again"]) == ("lost", "completed", "0")
    assert first["learning_rate"] == second["learning_rate"]


def test_the_last_places_are_not_taken_twice(quick, generated_store, tiny_recipe, tmp_path, monkeypatch):
    """Another process begins a trial between this one's look at the study and its question for a trial."""
    storage = f"sqlite:///{tmp_path / 'study' / 'study.db'}"
    optimize, others = optuna.Study.optimize, []

    def beaten(self, *args, **settings):
        if not others:
            others.append(optuna.load_study(study_name="study", storage=storage))
            trial = others[0].ask()
            others[0].tell(trial, 0.1)
        return optimize(self, *args, **settings)

    monkeypatch.setattr(optuna.Study, "optimize", beaten)
    search(tiny_recipe(), generated_store, tmp_path / "study", trials=1)
    assert [row["state"] for row in rows(tmp_path / "study")] == ["completed", "lost"]
    assert quick == []


def test_trials_that_count_and_their_places():
    study = optuna.create_study(direction="maximize")
    for state, attributes in [
        (TrialState.COMPLETE, {}),
        (TrialState.FAIL, {}),
        (TrialState.FAIL, {REASON: "the loss is nan"}),
        (TrialState.PRUNED, {}),
        (TrialState.RUNNING, {}),
    ]:
        value = 0.5 if state == TrialState.COMPLETE else None
        study.add_trial(create_trial(state=state, value=value, user_attrs=attributes))
    trials = study.get_trials()
    assert finished(trials) == 3
    assert [place(trials, number) for number in range(6)] == [0, 1, 1, 2, 3, 4]


def test_two_names_are_two_studies_of_one_database(quick, generated_store, tiny_recipe, tmp_path):
    storage = f"sqlite:///{tmp_path / 'shared.db'}"
    for name, gamma in (("a", 1.0), ("b", 2.0)):
        search(tiny_recipe(gamma=gamma), generated_store, tmp_path / name, storage=storage, trials=2)
    assert optuna.get_all_study_names(storage) == ["a", "b"]
    assert [recipe.gamma for recipe in quick] == [1.0, 1.0, 2.0, 2.0]
