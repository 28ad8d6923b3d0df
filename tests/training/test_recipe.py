import tomllib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from twelvelead.errors import TwelveLeadError, Unreadable
from twelvelead.models import MODELS, default_settings
from twelvelead.training import recipe as recipes
from twelvelead.training.recipe import Recipe
from twelvelead.weights import Contract, find


def write(folder, text):
    path = folder / "mine.toml"
    path.write_text(text, encoding="utf-8")
    return path


def test_the_defaults_are_the_published_system():
    recipe = Recipe.load("reference")
    assert recipe == Recipe()
    assert (recipe.name, recipe.architecture, recipe.metadata) == ("reference", "reference", True)
    assert recipe.model == {
        "filters": [256, 128],
        "kernel_sizes": [3, 7],
        "pool": 2,
        "lstm_units": 128,
        "ecg_units": 256,
        "metadata_units": 16,
        "units": 128,
        "dropout": 0.25,
        "scale": 4.0,
    }
    assert (recipe.task, recipe.protocol) == ("superclass", "drop")
    assert (recipe.train_folds, recipe.validation_folds) == ((1, 2, 3, 4, 5, 6, 7, 8), (9,))
    assert (recipe.loss, recipe.alpha, recipe.gamma, recipe.class_weights) == ("focal", 0.434, 2.135, True)
    assert (recipe.optimizer, recipe.learning_rate, recipe.schedule) == ("adam", 4.67e-4, "plateau")
    assert recipe.hidden_metadata == 0.1


def test_what_a_file_leaves_out_keeps_its_default(tmp_path):
    recipe = Recipe.load(write(tmp_path, "epochs = 3\ntrain_folds = [1, 2]\n[model]\nfilters = [8, 8]\n"))
    assert (recipe.name, recipe.epochs, recipe.train_folds) == ("mine", 3, (1, 2))
    assert recipe.model == Recipe().model | {"filters": [8, 8]}
    assert recipe.batch_size == Recipe().batch_size


@given(
    name=st.text(st.characters(blacklist_categories=["Cs", "Cc"], blacklist_characters="/\\"), min_size=1).filter(
        lambda name: name.strip(".")
    ),
    learning_rate=st.floats(1e-9, 10),
    weight_decay=st.floats(0, 10),
    filters=st.lists(st.integers(1, 512), min_size=1, max_size=3),
    folds=st.lists(st.integers(1, 8), min_size=1, unique=True),
    metadata=st.booleans(),
    schedule=st.sampled_from(["plateau", "one_cycle", "cosine", "constant"]),
    teachers=st.lists(st.text(st.characters(blacklist_categories=["Cs"])), max_size=3),
    auxiliary_task=st.text(st.characters(blacklist_categories=["Cs"])).filter(lambda name: name != "superclass"),
    stretch=st.floats(0, 0.5),
)
def test_toml_gives_the_same_recipe_back(tmp_path_factory, name, filters, folds, **settings):
    recipe = Recipe.from_dict(settings | {"name": name, "train_folds": folds, "model": {"filters": filters}}, "here")
    path = tmp_path_factory.mktemp("recipe") / "recipe.toml"
    path.write_text(recipe.to_toml(), encoding="utf-8")
    assert Recipe.load(path) == recipe
    assert Recipe.from_dict(recipe.to_dict(), "here") == recipe


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("epoch = 3", "unknown setting epoch; did you mean epochs?"),
        ("learning_rat = 1e-3", "did you mean learning_rate?"),
        ("xyzzy = 1", "unknown setting xyzzy; there are name, architecture"),
        ("[model]\nfilter = [8, 8]", "model: unknown setting filter; did you mean filters?"),
        ("[model]\nunits = '8'", "model: units is '8'"),
        ("[model]\nfilters = 8", "model: filters is 8"),
        ("[model]\nscale = true", "model: scale is True"),
        ("epochs = '3'", "epochs is '3'; it has to be of the kind of 40"),
        ("epochs = 3.0", "epochs is 3.0"),
        ("epochs = true", "epochs is True"),
        ("metadata = 1", "metadata is 1"),
        ("learning_rate = 'high'", "learning_rate is 'high'"),
        ("train_folds = 3", "train_folds is 3"),
        ("train_folds = [1.5]", "train_folds is [1.5]"),
        ("teachers = 'run'", "teachers is 'run'; it has to be of the kind of []"),
        ("teachers = [1]", "teachers is [1]"),
        ("auxiliary_task = ['all']", "auxiliary_task is ['all']"),
        ("architecture = 'resnet'", "no architecture is named resnet; did you mean resnet1d?"),
        ("architecture = 'gru'", "no architecture is named gru; there are attentive, inception1d"),
        ("architecture = 'resnet1d'\n[model]\nfilter = 64", "model: unknown setting filter; did you mean filters?"),
        ("architecture = 'resnet1d'\n[model]\npool = 2", "model: unknown setting pool; there are filters, stem"),
        ("architecture = 'xresnet1d'\n[model]\ndepth = 50.0", "model: depth is 50.0"),
        ("architecture = 'inception1d'\n[model]\nmodule = 3", "did you mean modules?"),
        ("architecture = 's4d'\n[model]\nstate = 4", "did you mean states?"),
        ("architecture = 'lstm'\n[model]\nunit = 4", "did you mean units?"),
        ("model = 3", "model is 3"),
        ("name = 3", "name is 3"),
    ],
)
def test_unknown_settings_and_wrong_types_name_the_file_and_the_setting(tmp_path, text, fault):
    path = write(tmp_path, text)
    with pytest.raises(Unreadable) as caught:
        Recipe.load(path)
    assert str(caught.value).startswith(f"{path}: ")
    assert fault in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("learning_rate = 0", "learning_rate is 0; it has to be from 1e-09 to 10"),
        ("learning_rate = nan", "learning_rate is nan"),
        ("learning_rate = inf", "learning_rate is inf"),
        ("learning_rate = -1.0", "learning_rate is -1.0"),
        ("alpha = 1.1", "alpha is 1.1"),
        ("epochs = 0", "epochs is 0"),
        ("batch_size = 1", "batch_size is 1"),
        ("seed = -1", "seed is -1"),
        ("hidden_metadata = 2", "hidden_metadata is 2"),
        ("average_decay = 1", "average_decay is 1"),
        ("schedule = 'linear'", "schedule is 'linear'; it has to be one of plateau, one_cycle, cosine, constant"),
        ("aggregate = 'median'", "aggregate is 'median'; it has to be one of probability, logit, maximum"),
        ("precision = 'float16'", "precision is 'float16'; it has to be one of auto, float32"),
        ("auxiliary_task = 'superclass'", "auxiliary_task and task are both superclass"),
        ("auxiliary_weight = -1", "auxiliary_weight is -1; it has to be from 0 to 1000"),
        ("teacher_weight = 1.1", "teacher_weight is 1.1; it has to be from 0 to 1"),
        ("mixup = -0.2", "mixup is -0.2"),
        ("mixup = 101", "mixup is 101"),
        ("mixup = 0.001", "mixup is 0.001; it has to be 0, for none, or from 0.01 to 100"),
        ("lead_dropout = 1.0", "lead_dropout is 1.0; it has to be from 0 to 0.9"),
        ("gain = 1", "gain is 1;"),
        ("stretch = 0.6", "stretch is 0.6"),
        ("noise = nan", "noise is nan"),
        ("wander = -1", "wander is -1"),
        ("label_smoothing = 1", "label_smoothing is 1"),
        ("protocol = 'all'", "protocol is 'all'"),
        ("loss = 'mse'", "loss is 'mse'"),
        ("optimizer = 'sgd'", "optimizer is 'sgd'"),
        ("window = 2.0\nstride = 2.5", "stride 2.5 is longer than window 2 (both in seconds)"),
        ("window = 256", "window is 256, but windows and strides are in seconds, no longer in samples"),
        ("window = 256", "for 100 Hz write: window = 2.56"),
        ("stride = 124", "for 100 Hz write: stride = 1.24"),
        ("window = 0", "window is 0; it has to be from 0.01 to 60"),
        ("train_folds = [1, 9]", "fold 9 is in train_folds and in validation_folds"),
        ("name = '../elsewhere'", "cannot be part of a file name"),
        ("name = ''", "cannot be part of a file name"),
        ("name = '..'", "cannot be part of a file name"),
    ],
)
def test_settings_out_of_range_or_contradictory_are_refused(tmp_path, text, fault):
    with pytest.raises(TwelveLeadError) as caught:
        Recipe.load(write(tmp_path, text))
    assert fault in str(caught.value)
    assert "\n" not in str(caught.value)


def test_every_architecture_has_all_its_settings_in_the_recipe(tmp_path):
    text = "architecture = 'xresnet1d'\nteachers = []\n[model]\ndepth = 50\n"
    recipe = Recipe.load(write(tmp_path, text))
    assert recipe.model == {**default_settings("xresnet1d"), "depth": 50}
    assert recipe.teachers == ()
    assert default_settings("resnet1d")["kernel_sizes"] == [5, 3]
    assert all(Recipe.from_dict({"architecture": name}, "here").model == default_settings(name) for name in MODELS)


@pytest.mark.parametrize(
    ("settings", "lines"),
    [
        ({}, []),
        ({"loss": "cross_entropy"}, []),  # a whole recipe on disk states alpha and gamma too
        ({"loss": "cross_entropy", "alpha": 0.3}, ['alpha has no effect while loss is "cross_entropy"']),
        ({"loss": "asymmetric", "alpha": 0.3, "gamma": 4}, ['alpha has no effect while loss is "asymmetric"']),
        ({"loss": "focal", "alpha": 0.3, "gamma": 4}, []),
        (
            {"schedule": "constant", "plateau_factor": 0.5},
            ['plateau_factor has no effect while schedule is "constant"'],
        ),
        ({"metadata": False, "hidden_metadata": 0.2}, ["hidden_metadata has no effect while metadata is false"]),
        ({"teacher_weight": 0.2}, ["teacher_weight has no effect while teachers is []"]),
        ({"teachers": ["run"], "teacher_weight": 0}, ["teachers has no effect while teacher_weight is 0"]),
        ({"auxiliary_weight": 0.2}, ['auxiliary_weight has no effect while auxiliary_task is ""']),
        ({"auxiliary_task": "all", "auxiliary_weight": 0.2}, []),
        (
            {"schedule": "one_cycle", "epochs": 30},
            [
                "patience 8 may end the training before the schedule one_cycle of 30 epochs; "
                "patience = 30 lets it come down"
            ],
        ),
        (
            {"schedule": "cosine", "epochs": 10},
            [
                "patience 8 may end the training before the schedule cosine of 10 epochs; "
                "patience = 10 lets it come down"
            ],
        ),
        ({"schedule": "cosine", "epochs": 9}, []),  # the first epoch is the best so far, so eight more end it anyway
        ({"schedule": "one_cycle", "epochs": 30, "patience": 30}, []),
        ({"schedule": "plateau", "epochs": 30}, []),
    ],
)
def test_what_is_seldom_meant_is_told_and_not_refused(settings, lines):
    recipe = Recipe.from_dict({"name": "mine", **settings}, "here")
    assert list(recipe.remarks()) == [f"recipe mine: {line}" for line in lines]


@pytest.mark.parametrize("content", [b"epochs = = 3", b"\xff\xfe\x00", b"PK\x03\x04"])
def test_a_file_that_is_not_toml_is_unreadable(tmp_path, content):
    path = tmp_path / "recipe.toml"
    path.write_bytes(content)
    with pytest.raises(Unreadable, match="not a TOML file") as caught:
        Recipe.load(path)
    assert "\n" not in str(caught.value)


def test_an_unknown_recipe_is_named():
    with pytest.raises(
        Unreadable,
        match=r"referense: neither a built-in recipe \(reference, any-leads, attentive, fine-tune, multitask, "
        r"probe, resnet1d, single, statements\) nor",
    ):
        Recipe.load("referense")


def test_what_ships_was_trained_by_its_recipe():
    """The recipes `statements` and `single`, whose weights came one from the other, and their teachers."""
    folder = Path(recipes.__file__).parent / "recipes"
    single, statements = (tomllib.loads((folder / f"{name}.toml").read_text()) for name in ("single", "statements"))
    contract = Contract.load(find("single"))
    assert contract.recipe == contract.recipe | single
    assert {single["auxiliary_task"], statements["auxiliary_task"]} == {contract.statements.task}
    assert statements["highpass"] == contract.highpass
    (started, *others) = contract.data["initial"]
    assert started["weights"] == "statements"
    assert contract.recipe["initial_sha256"] == started["sha256"]
    teachers = [Path(name).name for name in single["teachers"]]
    assert [each["weights"] for each in others] == [each["weights"] for each in contract.data["teachers"]] == teachers
    assert single["teachers"] == statements["teachers"]


def test_another_task_drops_what_knows_only_the_first():
    recipe = Recipe(task="superclass", auxiliary_task="rhythm", teachers=("one",))
    assert recipe.for_task("superclass") == recipe
    changed = recipe.for_task("rhythm")
    assert (changed.task, changed.auxiliary_task, changed.teachers) == ("rhythm", "", ())
    assert recipe.for_task("form").auxiliary_task == "rhythm"
