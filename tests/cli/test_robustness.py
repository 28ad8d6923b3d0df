"""twelvelead robustness: files, going on, and what it refuses."""

import json

import numpy as np
import pytest

from twelvelead.cli.meter import Meter
from twelvelead.inference.engine import Engine

FEW = ("--faults", "gain_low,limb_swap")


def test_writes_json_table_and_heat_map(cli, tiny_run, generated_store, tmp_path):
    result = cli("robustness", tiny_run, generated_store.path, "--fold", 9, "--out", tmp_path, *FEW)
    assert (result.code, result.err) == (0, "")
    assert result.out.startswith("tiny: SYNTHETIC ECGs, fold 9 (which also chose), protocol drop, 10 records, clean")
    assert "largest fall: " in result.out
    values = json.loads((tmp_path / "robustness.json").read_text())
    assert (values["fold"], values["records"], values["records_of_fold"], values["seed"]) == (9, 10, 10, 0)
    assert [fault["name"] for fault in values["faults"]] == ["gain_low", "limb_swap"]
    assert [len(fault["severities"]) for fault in values["faults"]] == [5, 5]
    clean = values["clean"]["value"]
    for fault in values["faults"]:
        for case in fault["severities"]:
            assert case["fall"]["value"] == pytest.approx(clean - case["macro_auroc"])
            assert case["fall"]["low"] <= case["fall"]["high"]
    table = (tmp_path / "robustness.md").read_text()
    assert "| gain too low, times | 0.95: " in table
    assert "| limb electrodes swapped | RA/LA | " in table
    assert (tmp_path / "robustness.png").read_bytes().startswith(b"\x89PNG")


def test_goes_on_after_an_interruption_and_ends_the_same(cli, tiny_run, generated_store, tmp_path, monkeypatch):
    whole, broken = tmp_path / "whole", tmp_path / "broken"
    assert cli("robustness", tiny_run, generated_store.path, "--out", whole, *FEW).code == 0
    run, calls = Engine.run, []

    def interrupted(self, ecg, features):
        calls.append(1)
        if len(calls) == 4:
            raise KeyboardInterrupt
        return run(self, ecg, features)

    monkeypatch.setattr(Engine, "run", interrupted)
    result = cli("robustness", tiny_run, generated_store.path, "--out", broken, *FEW)
    assert result.code == 130
    assert result.fault == f"{broken}: interrupted; the same command goes on after the last whole fault"
    assert not (broken / "robustness.json").exists()
    assert cli("robustness", tiny_run, generated_store.path, "--out", broken, *FEW).code == 0
    assert len(calls) == 4 + 8  # 11 cases of one batch each, three of them done before
    calls.extend([1] * 100)
    for name in ("robustness.json", "robustness.md", "robustness.png"):
        assert (whole / name).read_bytes() == (broken / name).read_bytes()
    assert cli("robustness", tiny_run, generated_store.path, "--out", broken, *FEW, "--seed", 1).code == 0
    assert len(calls) == 112 + 11  # another seed, so nothing of before is used


def test_a_torn_state_is_computed_anew(cli, tiny_run, generated_store, tmp_path):
    (tmp_path / "robustness.npz").write_bytes(b"PK\x03\x04torn")
    arguments = ("robustness", tiny_run, generated_store.path, "--out", tmp_path, "--faults", "missing_set")
    assert cli(*arguments).code == 0
    with np.load(tmp_path / "robustness.npz") as state:
        assert set(state.files) == {"digest", "clean", "missing_set limb", "missing_set chest"}


def test_a_part_has_whole_patients(cli, tiny_run, generated_store, tmp_path):
    arguments = ("--records", 4, "--out", tmp_path, "--faults", "missing_set")
    result = cli("robustness", tiny_run, generated_store.path, *arguments)
    assert result.code == 0
    assert "4 of 10 records" in result.out


def test_a_fold_that_trained_is_refused_unless_allowed(cli, tiny_run, generated_store, tmp_path):
    arguments = ("robustness", tiny_run, generated_store.path, "--fold", 3, "--out", tmp_path / "out")
    arguments += ("--faults", "missing_set")
    result = cli(*arguments)
    assert result.code == 2
    assert "fold 3 trained the weights " in result.fault
    assert not (tmp_path / "out").exists()
    result = cli(*arguments, "--allow-trained-fold")
    assert result.code == 0
    assert "fold 3 (which trained" in result.out
    assert "which trained" in json.loads((tmp_path / "out" / "robustness.json").read_text())["role"]


@pytest.mark.parametrize(
    ("arguments", "fault"),
    [
        (("--faults", "hum"), "no fault hum; choose from powerline_50"),
        (("--fold", 11), "no fold 11; it holds 1-10"),
    ],
)
def test_mistakes_are_named(cli, tiny_run, generated_store, tmp_path, arguments, fault):
    result = cli("robustness", tiny_run, generated_store.path, "--out", tmp_path / "out", *arguments)
    assert result.code == 2
    assert fault in result.fault
    assert not (tmp_path / "out").exists()


def test_progress_is_told(cli, tiny_run, generated_store, tmp_path, monkeypatch):
    told = []
    monkeypatch.setattr(Meter, "show", lambda self, what, done, total, size=0: told.append((what, done, total)))
    assert cli("robustness", tiny_run, generated_store.path, "--out", tmp_path, "--faults", "missing_set").code == 0
    assert told == [
        (f"records, {case}", 10 * n, 30) for n, case in enumerate(("clean", "missing_set limb", "missing_set chest"), 1)
    ]
