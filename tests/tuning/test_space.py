"""What a space of a search may hold, and what is drawn from it."""

import itertools

import optuna
import pytest
from hypothesis import given
from hypothesis import strategies as st

from twelvelead.errors import TwelveLeadError, Unreadable
from twelvelead.training.recipe import Recipe
from twelvelead.tuning.search import Options, parse_folds, search_recipe
from twelvelead.tuning.space import Space

optuna.logging.set_verbosity(optuna.logging.ERROR)


def load(folder, text, recipe=None):
    path = folder / "space.toml"
    path.write_text(text, encoding="utf-8")
    return Space.load(path, recipe or Recipe())


def drawn(space, count=20):
    study = optuna.create_study(sampler=optuna.samplers.RandomSampler(seed=0))
    return [space.draw(study.ask()) for _ in range(count)]


@pytest.mark.parametrize(
    ("name", "recipe"),
    [*itertools.product(("default", "optimizer"), ("reference", "resnet1d", "attentive")), ("attentive", "attentive")],
)
def test_the_built_in_spaces_make_recipes(name, recipe):
    base = Recipe.load(recipe)
    space = Space.load(name, base)
    for settings in drawn(space):
        made = space.recipe(base, settings)
        assert made.learning_rate == settings["learning_rate"]
        assert made.model["dropout"] == settings["model.dropout"]


@given(low=st.floats(1e-9, 5), factor=st.floats(1.001, 2), log=st.booleans())
def test_a_drawn_value_lies_in_its_range(low, factor, log):
    base = Recipe()
    values = {"learning_rate": {"low": low, "high": low * factor, "log": log}}
    space = Space.from_dict(values, "here", base)
    for settings in drawn(space, 3):
        assert low <= space.recipe(base, settings).learning_rate <= low * factor


@given(low=st.integers(2, 500), steps=st.integers(1, 20), step=st.integers(1, 9))
def test_a_whole_setting_stays_whole_and_on_its_steps(low, steps, step):
    base = Recipe()
    values = {"batch_size": {"low": low, "high": low + steps * step, "step": step}}
    space = Space.from_dict(values, "here", base)
    for settings in drawn(space, 3):
        size = space.recipe(base, settings).batch_size
        assert type(size) is int
        assert low <= size <= low + steps * step
        assert (size - low) % step == 0


def test_choices_may_be_texts_booleans_numbers_and_lists(tmp_path):
    text = """
        optimizer = {choices = ["adam", "adamw"]}
        class_weights = {choices = [true, false]}
        mixup = {choices = [0, 0.2]}
        [model]
        kernel_sizes = {choices = [[3, 7], [5, 9, 11]]}
        """
    space = load(tmp_path, text)
    made = [space.recipe(Recipe(), settings) for settings in drawn(space)]
    assert {recipe.optimizer for recipe in made} == {"adam", "adamw"}
    assert {recipe.class_weights for recipe in made} == {True, False}
    assert {recipe.mixup for recipe in made} == {0.0, 0.2}
    assert {tuple(recipe.model["kernel_sizes"]) for recipe in made} == {(3, 7), (5, 9, 11)}
    assert all(recipe.model["filters"] == [256, 128] for recipe in made)


def test_what_is_not_drawn_is_the_recipes(tmp_path):
    base = Recipe.from_dict({"gamma": 1.5, "model": {"units": 7}}, "here")
    space = load(tmp_path, "alpha = {low = 0.1, high = 0.9}", base)
    made = space.recipe(base, {"alpha": 0.5})
    assert (made.alpha, made.gamma, made.model["units"]) == (0.5, 1.5, 7)


def test_the_settings_of_another_architecture_are_those_of_its_constructor(tmp_path):
    resnet = Recipe.load("resnet1d")
    space = load(tmp_path, "[model]\nfilters = {low = 64, high = 256, log = true}", resnet)
    assert 64 <= space.recipe(resnet, drawn(space, 1)[0]).model["filters"] <= 256
    with pytest.raises(Unreadable, match="model: unknown setting lstm_units"):
        load(tmp_path, "[model]\nlstm_units = {low = 64, high = 256}", resnet)


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("learning_rat = {low = 1, high = 2}", "unknown setting learning_rat; did you mean learning_rate?"),
        ("[model]\ndropuot = {low = 0.1, high = 0.2}", "model: unknown setting dropuot; did you mean dropout?"),
        ("learning_rate = 1e-3", "learning_rate is 0.001; it has to be of the form {low = 1, high = 2}"),
        ("learning_rate = {low = 1e-3}", "learning_rate lacks low or high"),
        ("learning_rate = {low = 1e-3, high = 1e-2, scale = 1}", "learning_rate has scale; it has to be of the form"),
        ("learning_rate = {low = 'a', high = 1}", "low is 'a'; it has to be of the kind of"),
        ("batch_size = {low = 8.5, high = 16}", "low is 8.5; it has to be of the kind of 128"),
        ("loss = {low = 1, high = 2}", 'loss is of the kind of "focal", so it needs choices'),
        ("class_weights = {low = 0, high = 1}", "class_weights is of the kind of true, so it needs choices"),
        ("mixup = {choices = []}", "mixup has choices []; it has to be a list"),
        ("mixup = {choices = [0, 'a']}", "mixup is 'a'; it has to be of the kind of 0.0"),
        ("model = 3", "model is 3; it has to be a table"),
        ("learning_rate = = 3", "not a TOML file"),
    ],
)
def test_unknown_names_and_wrong_forms_name_the_file_and_the_setting(tmp_path, text, fault):
    with pytest.raises(Unreadable) as caught:
        load(tmp_path, text)
    assert str(caught.value).startswith(f"{tmp_path / 'space.toml'}: ")
    assert fault in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("", "an empty space"),
        ("learning_rate = {low = 1e-2, high = 1e-3}", "low has to be below high"),
        ("learning_rate = {low = 1e-2, high = 1e-2}", "low has to be below high"),
        ("learning_rate = {low = nan, high = 1e-2}", "low has to be below high"),
        ("[model]\nscale = {low = 1, high = inf}", "both finite"),
        ("learning_rate = {low = 1e-3, high = 100}", "learning_rate is 100.0; it has to be from 1e-09 to 10"),
        ("mixup = {low = 0, high = 1, log = true}", "starts at 0; with log = true it has to be above 0"),
        ("batch_size = {low = 8, high = 64, log = true, step = 8}", "has log and step"),
        ("batch_size = {low = 8, high = 64, step = 0}", "step 0; it has to be above 0"),
        ("batch_size = {low = 8, high = 65, step = 8}", "no whole number of steps of 8 leads from 8 to 65"),
        ("loss = {choices = ['focal', 'mse']}", "loss is 'mse'; it has to be one of focal"),
        ("mixup = {choices = [0, 0.2, 0.0]}", "mixup has a choice twice"),
        ("seed = {low = 0, high = 9}", "seed cannot be searched: it is luck"),
        ("protocol = {choices = ['drop', 'keep']}", "protocol cannot be searched: it decides what is measured"),
        ("validation_folds = {choices = [[8], [9]]}", "validation_folds cannot be searched"),
        ("architecture = {choices = ['lstm']}", "search each architecture by itself"),
        (
            "stride = {choices = [3, 4]}",
            "contradictory, no draw of it makes a recipe (recipe reference: stride 4 ",
        ),
    ],
)
def test_spaces_out_of_range_or_contradictory_are_refused(tmp_path, text, fault):
    with pytest.raises(TwelveLeadError) as caught:
        load(tmp_path, text)
    assert fault in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_space_of_which_only_some_draws_contradict_is_taken(tmp_path):
    space = load(tmp_path, "stride = {choices = [3.0, 2.0]}\nwindow = {choices = [2.56, 4.0]}")
    assert space.recipe(Recipe(), {"stride": 3.0, "window": 4.0}).stride == 3
    with pytest.raises(TwelveLeadError, match=r"stride 3 is longer than window 2\.56"):
        space.recipe(Recipe(), {"stride": 3.0, "window": 2.56})


def test_an_unknown_space_is_named():
    named = r"defalt: neither a built-in space \(attentive, default, optimizer\) nor a TOML file"
    with pytest.raises(Unreadable, match=named):
        Space.load("defalt", Recipe())


@pytest.mark.parametrize(
    ("text", "folds"),
    [("1-7:8", ((1, 2, 3, 4, 5, 6, 7), (8,))), ("3,1-2:9,10", ((1, 2, 3), (9, 10)))],
)
def test_folds_of_a_search_are_read(text, folds):
    assert parse_folds(text) == folds


@pytest.mark.parametrize("text", ["", "8", "1-7", "1-7:", ":8", "7-1:8", "a:b", "1--3:8", "1-2-3:8", "1:8:9"])
def test_folds_that_are_none_are_refused(text):
    with pytest.raises(TwelveLeadError, match="give training and validation folds in the form 1-7:8"):
        parse_folds(text)


def test_a_search_does_not_validate_on_fold_9_unless_told_to():
    official = Recipe()
    assert search_recipe(official, Options()).validation_folds == (8,)
    assert search_recipe(official, Options()).train_folds == (1, 2, 3, 4, 5, 6, 7)
    own = Recipe.from_dict({"train_folds": [1, 2], "validation_folds": [3]}, "here")
    assert search_recipe(own, Options()) == own
    asked = search_recipe(official, Options(folds=((1,), (9,)), epochs=3))
    assert (asked.train_folds, asked.validation_folds, asked.epochs) == ((1,), (9,), 3)
    with pytest.raises(TwelveLeadError, match="fold 8 is in train_folds and in validation_folds"):
        search_recipe(official, Options(folds=((7, 8), (8,))))
