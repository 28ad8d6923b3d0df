"""twelvelead train and export, and what the command line makes of mistakes."""

import os
import shutil
import subprocess
import sys
from importlib.util import find_spec

import pytest

from twelvelead import __version__
from twelvelead.weights import Contract


def in_a_process_without(packages, *commands):
    """Run commands one after the other in a process where these packages cannot be imported.

    Returns:
        The exit code of each command, standard output and standard error.
    """
    code = f"""
import sys
from importlib.machinery import PathFinder

class Without(PathFinder):
    @classmethod
    def find_spec(cls, name, path=None, target=None):
        return None if name in {packages!r} else PathFinder.find_spec(name, path, target)

sys.meta_path[sys.meta_path.index(PathFinder)] = Without
from twelvelead.cli.main import main
codes = []
for arguments in {[list(map(str, command)) for command in commands]!r}:
    sys.argv = ["twelvelead", *arguments]
    try:
        main()
    except SystemExit as ended:
        codes.append(int(ended.code or 0))
print("codes", *codes)
"""
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, env=os.environ | {"COLUMNS": "200"}
    )
    assert done.returncode == 0, done.stderr
    *lines, codes = done.stdout.splitlines()
    return [int(number) for number in codes.split()[1:]], "\n".join(lines), done.stderr


def test_the_whole_way_without_a_deep_learning_framework(tiny_run, generated_store, files, tmp_path):
    weights = ("--weights", tiny_run)
    codes, out, err = in_a_process_without(
        ("torch", "lightning", "keras", "tensorflow", "jax", "torchmetrics", "safetensors", "onnx", "onnxscript"),
        ("interpret", files["good"], *weights, "--out", tmp_path),
        ("demo", *weights, "--out", tmp_path / "demo"),
        ("evaluate", tiny_run, generated_store.path, "--fold", 9, "--out", tmp_path / "fold9"),
        ("train", "reference", generated_store.path, tmp_path / "run"),
        ("export", tiny_run, tmp_path / "export"),
        ("models",),
        ("models", tiny_run),
        ("models", "--json"),
    )
    assert codes == [0, 0, 0, 2, 2, 0, 0, 0], err
    assert "report.html, report.md, metrics.json, predictions.npz" in out
    assert "Synthetic ECGs from a dipole model." in out
    assert out.count("SYNTHETIC ECG") == 4
    assert out.count("trained on synthetic ECGs: the answer means nothing") == 1 + 2
    assert {path.stem for path in (tmp_path / "demo").iterdir()} == {"normal", "st_elevation", "refused"}
    assert all(path.read_bytes().startswith(b"\x89PNG") for path in (tmp_path / "demo").iterdir())
    assert err.splitlines() == [
        "twelvelead: Training needs the extra [train]: pip install 'twelvelead[train]'",
        "twelvelead: The HDF5 export needs the extra [keras]: pip install 'twelvelead[keras]'",
    ]
    assert not (tmp_path / "run").exists()
    assert not (tmp_path / "export").exists()


def test_a_part_of_the_extra_that_is_missing_is_missed_at_the_start(
    cli, tiny_recipe, generated_store, tmp_path, monkeypatch
):
    def missing(*_, **__):
        raise ModuleNotFoundError("Neither `tensorboard` nor `tensorboardX` is available")

    monkeypatch.setattr("twelvelead.training.run.TensorBoardLogger", missing)
    (tmp_path / "tiny.toml").write_text(tiny_recipe().to_toml())
    result = cli("train", tmp_path / "tiny.toml", generated_store.path, tmp_path / "run")
    assert (result.code, result.fault) == (
        2,
        "Training needs the extra [train]: pip install 'twelvelead[train]'",
    )


@pytest.mark.usefixtures("unpictured")
def test_train_evaluate_and_interpret_ones_own_run(
    cli, tiny_recipe, tiny_run, generated_store, files, tmp_path, monkeypatch
):
    # the ONNX export takes longer than all the rest, and the same recipe gives the same network
    monkeypatch.setattr(
        "twelvelead.training.writing.write_onnx",
        lambda windowed, path, leads, metadata: shutil.copy(tiny_run / "weights" / "tiny.onnx", path),
    )
    (tmp_path / "mine.toml").write_text(tiny_recipe(name="mine").to_toml())
    monkeypatch.chdir(tmp_path)
    trained = cli("train", "mine.toml", generated_store.path, "run")
    assert trained.code == 0
    assert trained.err == ""
    lines = trained.out.splitlines()
    assert lines[0].startswith("mine: 80 records to train on (fold 1-8), 10 to validate (fold 9), ")
    assert lines[1].startswith("epoch 1 of at most 2: loss 0.")
    assert lines[-1].startswith("fold 9, which also chose, synthetic ECGs: macro AUROC 0.")
    assert lines[-1].endswith("weights in run/weights")
    assert cli("evaluate", "run", generated_store.path, "--fold", 10, "--out", "fold10").code == 0
    assert cli("interpret", files["good"], "--weights", "run", "--json").code == 0


def test_export_writes_every_form_and_its_contract(cli, tiny_run, tmp_path):
    for package in ("keras", "h5py"):
        if find_spec(package) is None:
            pytest.skip(f"{package} is not installed")
    result = cli("export", tiny_run, tmp_path / "out")
    assert result.code == 0, result.err
    names = ["tiny.safetensors", "tiny.onnx", "Final-ECG-Model.h5", "contract.json"]
    assert result.out.splitlines() == [str(tmp_path / "out" / name) for name in names]
    assert Contract.load(tmp_path / "out").files.keys() == {"safetensors", "onnx", "keras"}
    for kind in ("safetensors", "onnx", "keras"):
        from twelvelead.weights import file

        assert file(tmp_path / "out", kind).is_file()
    again = cli("export", tmp_path / "out", tmp_path / "out")
    assert (again.code, "holds these weights already" in again.fault) == (2, True)


def test_a_wrong_command_line_ends_with_2(cli, tiny_run, generated_store, tmp_path):
    store, out = generated_store.path, ("--out", tmp_path / "out")
    for arguments in (
        ("interpert",),
        ("interpret",),
        ("interpret", "x.csv", "--sex", "f"),
        ("interpret", "x.csv", "--age", "old"),
        ("interpret", "x.csv", "--age", "-1"),
        ("train", "reference"),
        ("evaluate", tiny_run),
        ("evaluate", tiny_run, store, *out, "--protocol", "all"),
        ("ptbxl", "prepair"),
    ):
        result = cli(*arguments)
        assert result.code == 2, arguments
        assert "Traceback" not in result.err
        assert "Usage: " in result.err
    assert not (tmp_path / "out").exists()


def test_mistakes_end_with_one_line_and_2(cli, tiny_run, tiny_recipe, generated_store, tmp_path):
    store, out = generated_store.path, ("--out", tmp_path / "out")
    (tmp_path / "tiny.toml").write_text(tiny_recipe().to_toml())
    (tmp_path / "bad.toml").write_text("epoch = 3")
    for arguments, fault in [
        (("train", "referense", store, tmp_path / "run"), "referense: neither a built-in recipe"),
        (("train", tmp_path / "bad.toml", store, tmp_path / "run"), "unknown setting epoch; did you mean epochs?"),
        (("train", "reference", store, tmp_path / "run"), "batch_size 128 is more than the 80 records"),
        (("train", "reference", tmp_path / "none", tmp_path / "run"), f"{tmp_path / 'none'}: no such store"),
        (("train", tmp_path / "tiny.toml", store, tmp_path), f"{tmp_path}: exists and is not a run"),
        (("evaluate", tmp_path / "none", store, *out), f"{tmp_path / 'none'}: neither shipped weights"),
        (("evaluate", tiny_run, tmp_path / "none", *out), f"{tmp_path / 'none'}: no such store"),
        (("evaluate", tiny_run, store, *out, "--fold", 12), "no fold 12; it holds 1-10"),
        (
            ("evaluate", tiny_run, store, *out, "--operating-point", "best"),
            "hold no operating point 'best'; give accuracy, f1",
        ),
        (("evaluate", tiny_run, store, "--out", tmp_path / "bad.toml"), f"{tmp_path / 'bad.toml'}: "),
        (
            ("train", "fine-tune", store, tmp_path / "run", "--from", tmp_path / "none"),
            f"{tmp_path / 'none'}: neither shipped weights",
        ),
        (
            ("train", "reference", store, tmp_path / "run", "--from", tiny_run),
            "batch_size 128 is more than the 80 records",
        ),
        (("export", tmp_path / "none", tmp_path / "out"), f"{tmp_path / 'none'}: neither shipped weights"),
        (("ptbxl", "info", tmp_path / "none"), f"{tmp_path / 'none'}: no such store"),
    ]:
        result = cli(*arguments)
        assert result.code == 2, arguments
        assert fault in result.fault, arguments
    assert not (tmp_path / "run").exists()
    assert not (tmp_path / "out").exists()


def test_train_on_the_word_synthetic_makes_a_store_beside_the_run(cli, tiny_recipe, tmp_path, monkeypatch):
    monkeypatch.setattr("twelvelead.training.synthetic.RECORDS", 100)
    monkeypatch.setattr("twelvelead.training.run.finish", lambda training, data, folder, **_: folder / "weights")
    (tmp_path / "tiny.toml").write_text(tiny_recipe().to_toml())
    result = cli("train", tmp_path / "tiny.toml", "synthetic", tmp_path / "run")
    assert result.code == 0
    assert result.out.startswith("tiny-synthetic: 80 records to train on")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["run", "run-store", "tiny.toml"]


def test_ptbxl_info_counts_a_store(cli, generated_store):
    result = cli("ptbxl", "info", generated_store.path)
    assert result.code == 0
    assert all(name in result.out for name in ("NORM", "MI", "STTC", "CD", "HYP"))


def test_version_and_help(cli):
    assert cli("--version").out == f"twelvelead {__version__}\n"
    shown = cli("--help")
    assert shown.code == 0
    for verb in ("interpret", "demo", "train", "evaluate", "ensemble", "tune", "export", "models", "ptbxl"):
        assert verb in shown.out
        assert cli(verb, "--help").code == 0


def test_a_task_that_was_the_auxiliary_one_is_no_longer_beside_itself(cli, generated_store, tmp_path, monkeypatch):
    asked = []
    monkeypatch.setattr("twelvelead.training.run.train", lambda recipe, *_, **__: asked.append(recipe))
    for task in ("all", "rhythm"):
        assert cli("train", "multitask", generated_store.path, tmp_path / "run", "--task", task).code == 0
    assert [(recipe.task, recipe.auxiliary_task) for recipe in asked] == [("all", ""), ("rhythm", "all")]


def test_another_task_is_learned_without_the_teachers_of_the_recipe(cli, generated_store, tmp_path, monkeypatch):
    asked = []
    monkeypatch.setattr("twelvelead.training.run.train", lambda recipe, *_, **__: asked.append(recipe))
    said = [
        cli("train", "statements", generated_store.path, tmp_path / "run", "--task", task).out
        for task in ("superclass", "rhythm")
    ]
    assert [len(recipe.teachers) for recipe in asked] == [4, 0]
    assert said == ["", "recipe statements: its teachers know superclass only, so rhythm is learned without them\n"]


def test_weights_to_start_from_that_are_not_trained_yet_are_named(cli, generated_store, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    result = cli("train", "single", generated_store.path, tmp_path / "run")
    assert result.code == 2
    assert "runs/statements" in result.fault
