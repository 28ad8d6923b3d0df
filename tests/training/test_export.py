"""Export: every form that weights have, from any run, and nothing of weights that are not whole."""

import dataclasses
import shutil
import sys

import pytest

from twelvelead.errors import TwelveLeadError, Unreadable
from twelvelead.training.export import export, has_twin
from twelvelead.weights import Contract, find


@pytest.fixture
def folder(tiny_run, tmp_path):
    """A copy of the tiny weights whose architecture has no twin in Keras."""
    folder = shutil.copytree(tiny_run / "weights", tmp_path / "weights")
    dataclasses.replace(Contract.load(folder), architecture="resnet1d").save(folder)
    return folder


def test_weights_without_a_twin_need_no_keras(folder, tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "twelvelead.keras", None)
    written = export(folder, tmp_path / "out" / "deep")
    assert [path.name for path in written] == ["tiny.safetensors", "tiny.onnx", "contract.json"]
    assert Contract.load(tmp_path / "out" / "deep") == Contract.load(folder)
    for path in written[:2]:
        assert path.read_bytes() == (folder / path.name).read_bytes()


def test_a_form_that_is_there_is_copied_and_not_made_again(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "twelvelead.keras", None)
    written = export("reference", tmp_path / "out")
    assert [path.name for path in written] == [
        *("reference.safetensors", "reference.onnx", "Final-ECG-Model.h5", "contract.json")
    ]
    assert written[2].read_bytes() == (find("reference") / "Final-ECG-Model.h5").read_bytes()


def test_only_the_reference_has_a_twin(tiny_run):
    contract = Contract.load(tiny_run / "weights")
    assert has_twin(contract)
    assert not has_twin(dataclasses.replace(contract, architecture="resnet1d"))


@pytest.mark.parametrize("name", ["tiny.safetensors", "tiny.onnx", "contract.json"])
def test_nothing_is_written_of_damaged_weights(folder, tmp_path, name):
    (folder / name).write_bytes((folder / name).read_bytes()[:-5])
    with pytest.raises(Unreadable, match=name.replace(".", r"\.")) as caught:
        export(folder, tmp_path / "out")
    assert "\n" not in str(caught.value)
    assert not (tmp_path / "out").exists()


def test_a_file_is_no_place_to_write_to(folder, tmp_path):
    (tmp_path / "thesis.txt").write_text("three years of work")
    with pytest.raises(TwelveLeadError, match=r"thesis\.txt: is a file; name a folder"):
        export(folder, tmp_path / "thesis.txt")
    assert (tmp_path / "thesis.txt").read_text() == "three years of work"
