"""A contract can be fitted anew from the ONNX file and a store."""

import json
import shutil

import numpy as np
import pytest

from twelvelead.errors import Unreadable
from twelvelead.inference.refit import refit
from twelvelead.weights import Contract

FITTED = ("temperature", "operating_points", "prevalence", "conformal", "certainty", "intervals", "ages", "members")


@pytest.mark.parametrize("version", [1, 2])
def test_refitting_gives_what_the_training_gave(tiny_run, generated_store, tmp_path, version):
    folder = shutil.copytree(tiny_run / "weights", tmp_path / "weights")
    values = json.loads((folder / "contract.json").read_text())
    for added_later in ("aggregate", "scale"):
        del values[added_later]
    values["version"] = version
    if version == 1:
        values = {name: value for name, value in values.items() if name not in FITTED}
    values["thresholds"] = {"f1": [0.0] * 5}
    (folder / "contract.json").write_text(json.dumps(values))
    refit(folder, generated_store)
    before, after = Contract.load(tiny_run / "weights"), Contract.load(folder)
    assert after.classes == before.classes
    assert (after.aggregate, after.scale, after.version) == ("probability", 4.0, before.version)
    assert (after.prevalence, after.ages, after.files) == (before.prevalence, before.ages, before.files)
    assert after.temperature == pytest.approx(before.temperature, abs=1e-3)
    for operating_point in before.thresholds:
        np.testing.assert_allclose(after.thresholds[operating_point], before.thresholds[operating_point], atol=1e-3)
    np.testing.assert_allclose(after.conformal["present_from"], before.conformal["present_from"], atol=1e-3)
    assert after.metrics.keys() == before.metrics.keys()


def test_a_contract_of_version_3_is_brought_to_this_one(tiny_run, generated_store, tmp_path):
    folder = shutil.copytree(tiny_run / "weights", tmp_path / "weights")
    path = folder / "contract.json"
    now = json.loads(path.read_text())
    added = ("positives", "least_positives", "auroc", "highpass", "embedding", "statements", "subclasses")
    path.write_text(json.dumps({name: value for name, value in now.items() if name not in added} | {"version": 3}))
    with pytest.raises(Unreadable, match=r"contract version 3, but this twelvelead reads version 4.*twelvelead refit"):
        Contract.load(folder)
    after = refit(folder, generated_store)
    assert Contract.load(folder) == after
    assert (after.highpass, after.embedding, after.statements) == (0.0, 0, None)
    assert after.positives["training"] == tuple(now["positives"]["training"])
