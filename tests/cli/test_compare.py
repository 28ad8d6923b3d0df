import json

import numpy as np
import pytest

from twelvelead.evaluation.predictions import Predictions


@pytest.fixture
def files(tmp_path):
    rng = np.random.default_rng(0)
    labels = rng.random((120, 2)) < 0.5
    one = (labels + rng.normal(size=labels.shape)).clip(-1, 2)
    for name, noise in (("a", 0.0), ("b", 0.5)):
        p = ((one + noise * rng.normal(size=one.shape)).clip(-1, 2) + 1) / 3
        Predictions(np.arange(120), np.arange(120), labels, p.astype(np.float32), ("MI", "CD"), (9,), "drop").save(
            tmp_path / f"{name}.npz"
        )
    return tmp_path


def test_a_table_and_three_files(cli, files):
    result = cli("compare", files / "a.npz", files / "b.npz", "--out", files / "out", "--resamples", 1000)
    assert (result.code, result.err) == (0, "")
    assert "b against a" in result.out
    assert "macro AUROC" in result.out
    assert result.out.splitlines()[-1].startswith("comparison.json, comparison.md and forest.png in ")
    values = json.loads((files / "out" / "comparison.json").read_text())
    assert (values["resamples"], values["operating_point"]) == (1000, "0.5")
    again = cli("compare", files / "a.npz", files / "b.npz", "--resamples", 1000)
    assert again.out == "".join(result.out.splitlines(keepends=True)[:-1])


@pytest.mark.usefixtures("unpictured")
def test_runs_of_the_product(cli, tiny_run, generated_store, tmp_path):
    assert cli("evaluate", tiny_run, generated_store.path, "--fold", 9, "--out", tmp_path / "again").code == 0
    result = cli("compare", tiny_run, tmp_path / "again", "--resamples", 1000)
    assert result.code == 0, result.err
    assert "again against run" in result.out
    assert "patients: the intervals are too narrow" in result.out


def test_mistakes_end_with_2_and_one_line(cli, files):
    (files / "other.csv").write_text("ecg_id,MI\n1,0.5\n")
    for arguments, fault in (
        ([files / "a.npz"], "give two predictions at least"),
        ([files / "a.npz", files / "absent.npz"], "there is no such file"),
        ([files / "a.npz", files / "other.csv"], "no column CD"),
        ([files / "a.npz", files / "b.npz", "--operating-point", "best"], "hold no operating point 'best'"),
    ):
        result = cli("compare", *arguments)
        assert result.code == 2
        assert fault in result.fault
    assert cli("compare", files / "a.npz", files / "b.npz", "--resamples", 10).code == 2
    assert cli("compare").code == 2
