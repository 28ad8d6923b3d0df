"""Model cards hold what the contracts hold, whatever ships."""

import dataclasses
import shutil
from pathlib import Path

import pytest

from card import card, index, write
from twelvelead import weights
from twelvelead.weights import Contract, find, shipped

DOCS = Path(__file__).parents[2] / "docs"


@pytest.mark.parametrize("name", shipped())
def test_the_kept_card_is_what_the_contract_gives(name):
    assert (DOCS / f"model-card-{name}.md").read_text(encoding="utf-8") == card(name), "run python tools/card.py"


def test_the_kept_index_names_all_that_ships_and_nothing_else():
    assert (DOCS / "model-card.md").read_text(encoding="utf-8") == index()
    assert {path.name for path in DOCS.glob("model-card-*.md")} == {f"model-card-{name}.md" for name in shipped()}


@pytest.fixture
def package(tmp_path, monkeypatch):
    """A package that ships a copy of the reference and nothing else, its folder to be added to."""
    shutil.copytree(find("reference"), tmp_path / "package" / "reference")
    monkeypatch.setattr(weights, "SHIPPED", tmp_path / "package")
    return tmp_path / "package"


def test_any_set_of_names_has_its_cards(package, tmp_path):
    folder = shutil.copytree(package / "reference", package / "ensemble")
    contract = Contract.load(folder)
    member = {name: getattr(contract, name) for name in ("architecture", "model", "window", "stride", "calibration")}
    member |= {"metadata": True, "aggregate": "probability", "scale": 4.0, "highpass": 0.0, "weight": 0.5}
    dataclasses.replace(
        contract,
        name="ensemble",
        architecture="ensemble",
        model={"members": [{**member, "name": name} for name in ("one", "two")]},
        members=("one", "two"),
        files={kind: entry for kind, entry in contract.files.items() if kind != "keras"},
        data=contract.data
        | {"initial": [{"weights": "one", "sha256": "0" * 64, "train_folds": [3], "data": {"name": "X"}}]},
        versions=contract.versions | {"device": "one abacus"},
        recipe={},
    ).save(folder)
    assert [path.name for path in write(tmp_path / "docs")] == [
        *("model-card.md", "model-card-ensemble.md", "model-card-reference.md")
    ]
    text = " ".join((tmp_path / "docs" / "model-card-ensemble.md").read_text().split())
    for part in ("one, two", "Trained on: one abacus.", "started from `one`, trained on X, folds 3."):
        assert part in text
    assert "Keras 3" not in text
    assert "[`ensemble`](model-card-ensemble.md)" in (tmp_path / "docs" / "model-card.md").read_text()


def test_a_changed_figure_changes_the_card(package):
    before = card("reference")
    contract = Contract.load(package / "reference")
    dataclasses.replace(contract, metrics=contract.metrics | {"macro_auroc": 0.5432}).save(package / "reference")
    assert "| macro AUROC | 0.5432 |" in card("reference")
    assert card("reference") != before


def test_other_data_are_not_described_as_ptbxl(package):
    contract = Contract.load(package / "reference")
    data = {"name": "labels.csv", "hash": "0" * 64, "synthetic": False}
    dataclasses.replace(contract, data=data).save(package / "reference")
    text = card("reference")
    assert "PTB-XL" not in text
    assert "licence not stated" in text
