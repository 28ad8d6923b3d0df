"""twelvelead ensemble from two tiny runs, and every verb on what it makes."""

import dataclasses
import json
import shutil

import jsonschema
import numpy as np
import pytest
import torch

from twelvelead import weights
from twelvelead.evaluation.predictions import Predictions
from twelvelead.inference.engine import Engine
from twelvelead.weights import Contract


@pytest.fixture(scope="module")
def other_run(tiny_run, tiny_recipe, generated_store, tmp_path_factory):
    """A run of another architecture; its ONNX file is a stand-in, since exporting takes longer than all the rest."""
    from twelvelead.training.run import train

    folder = tmp_path_factory.mktemp("other") / "second"
    settings = {"architecture": "resnet1d", "model": {"filters": 8, "units": 8}, "window": 5.12, "stride": 2.0}
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(
            "twelvelead.training.writing.write_onnx",
            lambda whole, path, leads, metadata: shutil.copy(tiny_run / "weights" / "tiny.onnx", path),
        )
        train(
            tiny_recipe(name="other", train_folds=[1, 2, 3, 4, 5, 6], validation_folds=[7, 8], **settings),
            generated_store,
            folder,
            say=lambda line: None,
        )
    return folder


@pytest.fixture(scope="module")
def made(tiny_run, other_run, generated_store, tmp_path_factory):
    """The folder that the command makes of both runs; what it printed is in `printed.txt` beside it."""
    from typer.testing import CliRunner

    from twelvelead.cli.main import app

    folder = tmp_path_factory.mktemp("made") / "both"
    result = CliRunner().invoke(app, ["ensemble", *map(str, (generated_store.path, folder, tiny_run, other_run))])
    assert result.exit_code == 0, result.output
    folder.with_name("printed.txt").write_text(result.output)
    return folder


def test_the_folder_is_that_of_a_run(made):
    assert {path.name for path in made.iterdir()} == {"weights", "predictions.npz", "diversity.json", "diversity.png"}
    names = {path.name for path in (made / "weights").iterdir()}
    assert names == {"both.onnx", "both.safetensors", "contract.json"}
    assert (made / "diversity.png").read_bytes().startswith(b"\x89PNG")
    assert [path.name for path in made.parent.iterdir() if path.name.startswith(".")] == []


def test_the_contract_describes_the_members(made, tiny_run, other_run):
    schema = json.loads((weights.SHIPPED / "contract.schema.json").read_text())
    values = json.loads((made / "weights" / "contract.json").read_text())
    jsonschema.Draft202012Validator(schema).validate(values)
    for broken in ({"members": []}, {"aggregate": "maximum"}, {"model": {}}, {"architecture": "reference"}):
        with pytest.raises(jsonschema.ValidationError):
            jsonschema.Draft202012Validator(schema).validate(values | broken)
    contract = Contract.load(made / "weights")
    one, other = (Contract.load(run / "weights") for run in (tiny_run, other_run))
    assert (contract.name, contract.architecture, contract.members) == ("both", "ensemble", ("tiny", "other"))
    assert (contract.minimum_samples, contract.attention_samples) == (512, 4)
    assert (contract.train_folds, contract.validation_folds) == (tuple(range(1, 9)), (9,))
    assert contract.synthetic
    entries = contract.model["members"]
    assert sum(entry["weight"] for entry in entries) == pytest.approx(1)
    for entry, of in zip(entries, (one, other), strict=True):
        assert (entry["architecture"], entry["window"]) == (of.architecture, of.window)
        assert entry["calibration"]["slope"] == list(of.calibration["slope"])
    assert [entry["recipe"] for entry in contract.recipe["members"]] == [one.recipe, other.recipe]


def test_diversity_is_told_in_the_terminal_and_in_a_file(made):
    values = json.loads((made / "diversity.json").read_text())
    assert [member["name"] for member in values["members"]] == ["tiny", "other"]
    assert (values["records"], values["synthetic"], values["role"]) == (10, True, "which also chose")
    assert values["weights"]["used"] in ("equal", "fitted")
    metrics = Contract.load(made / "weights").metrics
    assert values["ensemble"]["macro_auroc"]["value"] == pytest.approx(metrics["macro_auroc"])
    printed = made.with_name("printed.txt").read_text()
    assert f"{values['ensemble']['macro_auroc']['value']:.4f}" in printed
    for told in ("SYNTHETIC ECGs, fold 9 (which also chose)", "correlation of errors", "cross-fitted", "weights in "):
        assert told in printed


def test_pytorch_onnx_and_stored_predictions_agree(made, tiny_run, other_run, generated_store, millivolts):
    from twelvelead.training.forms import load_windowed

    engine = Engine(made)
    stored = Predictions.load(made / "predictions.npz")
    ids = np.asarray(generated_store.column("ecg_id"))
    ecg, features = millivolts(np.array([np.flatnonzero(ids == one)[0] for one in stored.ecg_id]))
    answer = engine.run(ecg, features)
    np.testing.assert_allclose(answer.probabilities, stored.probabilities, atol=1e-5)
    with torch.inference_mode():
        whole = load_windowed(made)(torch.from_numpy(ecg), torch.from_numpy(features))
    np.testing.assert_allclose(engine.contract.calibrated(whole[0].numpy()), answer.probabilities, atol=1e-5)
    np.testing.assert_allclose(whole[1], answer.attention, atol=1e-5)
    for place, run in enumerate((tiny_run, other_run)):
        contract = Contract.load(run / "weights")
        with torch.inference_mode():
            alone = load_windowed(run)(torch.from_numpy(ecg), torch.from_numpy(features))[0]
        np.testing.assert_allclose(whole.members[:, place], contract.calibrated(alone.numpy()), atol=1e-5)


@pytest.mark.usefixtures("unpictured")
def test_every_verb_takes_it(cli, made, tiny_run, generated_store, files, tmp_path):
    store = generated_store.path
    shown = cli("interpret", files["good"], "--weights", made, "--json")
    assert shown.code == 0, shown.err
    answer = json.loads(shown.out)
    assert answer["model"]["members"] == ["tiny", "other"]
    assert all(value["spread"] is not None for value in answer["classes"].values())
    assert cli("evaluate", made, store, "--fold", 10, "--out", tmp_path / "report").code == 0
    assert "fold 1 trained the weights " in cli("evaluate", made, store, "--fold", 1, "--out", tmp_path / "x").fault
    assert cli("compare", tiny_run, made, "--out", tmp_path / "comparison", "--resamples", 1000).code == 0
    assert cli("export", made, tmp_path / "copy").code == 0
    assert {path.name for path in (tmp_path / "copy").iterdir()} == {"both.onnx", "both.safetensors", "contract.json"}
    fault = ("--faults", "muscle_noise", "--records", 5)
    assert cli("robustness", made, store, "--fold", 10, *fault, "--out", tmp_path / "faults").code == 0


def test_it_can_teach(made, tiny_recipe, generated_store, tmp_path):
    from twelvelead.data.tasks import labels
    from twelvelead.training.data import StoreData
    from twelvelead.training.teachers import ask_teachers, require_teachers

    recipe = tiny_recipe(teachers=[str(made)])
    data = StoreData(recipe, generated_store, labels(generated_store, recipe.task, recipe.protocol))
    require_teachers(data)
    soft = ask_teachers(data, tmp_path / "teachers.npy", lambda line: None)
    expected = Engine(made).run(
        generated_store.signals[data.train_records].astype(np.float32) * np.float32(1e-3),
        generated_store.features[data.train_records],
    )
    # the teacher judges in bfloat16 where the recipe trains in it
    np.testing.assert_allclose(soft, expected.probabilities, atol=0.04)


def changed(run, folder, **entries):
    """A copy of a run whose contract says something else."""
    copy = shutil.copytree(run, folder)
    contract = Contract.load(copy / "weights")
    dataclasses.replace(contract, **entries).save(copy / "weights")
    return copy


def test_runs_that_make_no_ensemble_are_refused_in_one_line(
    cli, made, tiny_run, other_run, generated_store, tiny_recipe, tmp_path
):
    store, dest = generated_store.path, tmp_path / "dest"
    contract = Contract.load(other_run / "weights")
    leads = (*contract.leads[1:], contract.leads[0])
    teacher = {"weights": "teacher", "sha256": "0" * 64, "train_folds": [9], "data": contract.data}
    unfinished = tmp_path / "unfinished"
    unfinished.mkdir()
    (unfinished / "recipe.toml").write_text(tiny_recipe().to_toml())
    for arguments, fault in [
        ((store, dest, tiny_run), "an ensemble needs two runs at least"),
        ((store, dest, tiny_run, tiny_run), f"{tiny_run}: named twice"),
        ((store, dest, tiny_run, tiny_run / "weights"), f"holds the same weights as {tiny_run}"),
        ((store, dest, tiny_run, unfinished), f"{unfinished}: the training in this folder has not finished"),
        ((store, dest, tiny_run, tmp_path / "none"), f"{tmp_path / 'none'}: neither shipped weights"),
        ((store, dest, tiny_run, made), f"{made}: is an ensemble already"),
        ((store, dest, tiny_run, changed(other_run, tmp_path / "t", task="form")), "task is form, but of"),
        (
            (store, dest, tiny_run, changed(other_run, tmp_path / "c", classes=contract.classes[::-1])),
            "classes is HYP, CD",
        ),
        ((store, dest, tiny_run, changed(other_run, tmp_path / "l", leads=leads)), "leads is II, III"),
        (
            (store, dest, tiny_run, changed(other_run, tmp_path / "r", sampling_rate=500)),
            "sampling rate is 500 Hz, but of",
        ),
        ((store, dest, tiny_run, changed(other_run, tmp_path / "p", protocol="keep")), "protocol is keep, but of"),
        (
            (store, dest, tiny_run, changed(other_run, tmp_path / "f", train_folds=(1, 9))),
            "fold 9 trained the weights",
        ),
        (
            (store, dest, tiny_run, changed(other_run, tmp_path / "h", data={**contract.data, "teachers": [teacher]})),
            "or weights that they came from, and says nothing of new records",
        ),
        ((store, dest, tiny_run, other_run, "--fold", 8), "fold 8 trained the weights"),
        ((store, dest, tiny_run, other_run, "--fold", 12), "no fold 12; it holds 1-10"),
        (
            (
                store,
                dest,
                tiny_run,
                changed(other_run, tmp_path / "d", data={**contract.data, "name": "mine", "hash": 64 * "0"}),
            ),
            "were trained on mine, and",
        ),
        (
            (store, dest, tiny_run, changed(other_run, tmp_path / "s", minimum_samples=1001)),
            "need 1001 (10.01 s) at least",
        ),
        ((store, tiny_run, tiny_run, other_run), f"{tiny_run}: exists already"),
        ((store, dest, tiny_run, other_run, "--name", "a/b"), "--name a/b: cannot be part of a file name"),
        ((tmp_path / "none", dest, tiny_run, other_run), f"{tmp_path / 'none'}: no such store"),
    ]:
        result = cli("ensemble", *arguments)
        assert result.code == 2, arguments
        assert fault in result.fault, arguments
    assert not dest.exists()


def test_a_contract_that_names_no_such_network_is_unreadable(made, tmp_path):
    from twelvelead import Unreadable
    from twelvelead.training.forms import load_windowed

    for name, entries in (("unknown", {"architecture": "perceptron"}), ("other", {"model": {"filters": 4}})):
        copy = shutil.copytree(made, tmp_path / name)
        contract = Contract.load(copy / "weights")
        members = [contract.model["members"][0], {**contract.model["members"][1], **entries}]
        dataclasses.replace(contract, model={"members": members}).save(copy / "weights")
        with pytest.raises(Unreadable, match="does not fit the model in its contract") as caught:
            load_windowed(copy)
        assert "\n" not in str(caught.value)


def test_runs_of_one_name_go_by_their_folders(tiny_run, other_run, generated_store, tmp_path):
    from twelvelead.training.ensemble import load_members

    same = changed(other_run, tmp_path / "another", name="tiny")
    members, _ = load_members([tiny_run, same], generated_store, 9)
    assert [one.name for one in members] == ["run", "another"]
