"""twelvelead tune, and what it makes of mistakes."""

import pytest

SPACE = "learning_rate = {low = 1e-3, high = 1e-2, log = true}\n"


@pytest.fixture
def quick(monkeypatch):
    """Lets a trial be worth its learning rate, without training."""

    def run_trial(trial, recipe, store, folder, say):
        trial.report(recipe.learning_rate, 0)
        return recipe.learning_rate

    monkeypatch.setattr("twelvelead.tuning.search.run_trial", run_trial)


@pytest.fixture
def given(tiny_recipe, generated_store, tmp_path):
    """given(study, *options) -> the arguments of a search of the tiny recipe."""
    (tmp_path / "tiny.toml").write_text(tiny_recipe().to_toml())
    (tmp_path / "space.toml").write_text(SPACE)
    return lambda study, *options: (
        *("tune", tmp_path / "tiny.toml", generated_store.path, tmp_path / study),
        *("--space", tmp_path / "space.toml", *options),
    )


@pytest.mark.usefixtures("quick")
def test_a_search_says_how_each_trial_ended_and_what_comes_next(cli, given, generated_store, tmp_path):
    done = cli(*given("study", "--trials", 2))
    assert (done.code, done.err) == (0, "")
    lines = done.out.splitlines()
    assert lines[0].startswith("1 of 2, trial 0: macro AUROC 0.00")
    assert lines[0].endswith("about 0 min left")
    assert lines[1].startswith("2 of 2, trial 1: macro AUROC 0.00")
    assert lines[1].endswith("the last")
    best = tmp_path / "study" / "best.toml"
    assert lines[2].endswith(f"now: twelvelead train {best} {generated_store.path} RUN")
    again = cli(*given("study", "--trials", 2))
    assert again.out.splitlines() == lines[2:]


def test_ctrl_c_ends_with_130_and_says_that_nothing_is_lost(cli, given, tmp_path, monkeypatch):
    def interrupted(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr("twelvelead.tuning.search.run_trial", interrupted)
    result = cli(*given("study"))
    assert result.code == 130
    assert result.fault == f"{tmp_path / 'study'}: interrupted; the same command goes on where it was"


@pytest.mark.usefixtures("quick")
def test_mistakes_end_with_one_line_and_2(cli, given, tmp_path):
    (tmp_path / "wrong.toml").write_text("learning_rat = {low = 1, high = 2}")
    assert cli(*given("study", "--trials", 1)).code == 0
    for arguments, fault in [
        (given("new", "--space", tmp_path / "wrong.toml"), "unknown setting learning_rat; did you mean learning_rate?"),
        (
            given("new", "--space", "defalt"),
            "defalt: neither a built-in space (attentive, default, optimizer) nor a TOML file",
        ),
        (given("new", "--folds", "8"), "--folds 8: give training and validation folds in the form 1-7:8"),
        (given("new", "--storage", "here"), "--storage: not the URL of a database"),
        (given("study", "--seed", 4), "is another search (differs in seed); name another folder"),
    ]:
        result = cli(*arguments)
        assert result.code == 2, arguments
        assert fault in result.fault, arguments
    assert not (tmp_path / "new").exists()


def test_the_help_says_that_fold_9_is_kept(cli):
    shown = cli("tune", "--help")
    assert shown.code == 0
    assert "trains on folds 1-7 and validates on fold 8" in " ".join(shown.out.split())
