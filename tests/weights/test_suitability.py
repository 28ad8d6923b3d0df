"""May these weights meet this data? One rule, whoever asks."""

import dataclasses
import shutil

import pytest

# Imported before anything is patched: what it takes from other modules by name would stay patched in it.
import twelvelead.inference.cross_validation  # noqa: F401
from twelvelead.cli.evaluate import evaluate as evaluate_verb
from twelvelead.cli.robustness import robustness as robustness_verb
from twelvelead.data.tasks import labels
from twelvelead.errors import TwelveLeadError
from twelvelead.weights import Contract
from twelvelead.weights import find as shipped
from twelvelead.weights.suitability import PTBXL, require_suitable, require_unseen, role, seen_folds

FOLD = 9
ABOUT = {"synthetic": True}


class Passed(Exception):
    """A caller went on after it had asked."""


def evaluate(weights, store, recipe, tmp_path, patch):
    patch.setattr("twelvelead.inference.scoring.score_folds", passed)
    evaluate_verb(str(weights), store.path, str(FOLD), out=tmp_path / "report")


def robustness(weights, store, recipe, tmp_path, patch):
    patch.setattr("twelvelead.inference.robustness.fold_recordings", passed)
    robustness_verb(str(weights), store.path, out=tmp_path / "faults", fold=FOLD)


def train_from(weights, store, recipe, tmp_path, patch):
    from twelvelead.training.initial import require_starting

    require_starting(Contract.load(weights), recipe(initial=str(weights)), store)
    raise Passed


def teachers(weights, store, recipe, tmp_path, patch):
    from twelvelead.training.data import StoreData
    from twelvelead.training.teachers import require_teachers

    taught = recipe(teachers=[str(weights)])
    require_teachers(StoreData(taught, store, labels(store, taught.task, taught.protocol)))
    raise Passed


def tune(weights, store, recipe, tmp_path, patch):
    from twelvelead.tuning import search
    from twelvelead.tuning.space import Space

    patch.setattr(search, "open_study", passed)
    start = recipe(initial=str(weights), train_folds=[1, 2])
    search.tune(start, Space.load("optimizer", start), store, tmp_path / "study", search.Options(trials=1))


def ensemble(weights, store, recipe, tmp_path, patch):
    from twelvelead.training.ensemble import load_members

    other = shutil.copytree(weights, tmp_path / "other")
    files = {"safetensors": {"name": "other", "sha256": "0" * 64}}
    dataclasses.replace(Contract.load(other), files=files).save(other)
    load_members([weights, other], store, FOLD)
    raise Passed


def refit(weights, store, recipe, tmp_path, patch):
    from twelvelead.inference import refit

    patch.setattr(refit, "all_outputs", passed)
    refit.refit(weights, store)


CALLERS = (evaluate, robustness, train_from, teachers, tune, ensemble, refit)
NEED_OWN_DATA = (ensemble, refit)
"""Callers that take the folds in the contract for folds of the store."""


def passed(*_, **__):
    raise Passed


def answer(caller, *arguments):
    """The refusal, or nothing where the caller went on."""
    with pytest.raises((Passed, TwelveLeadError)) as ended:
        caller(*arguments)
    return str(ended.value)


def step(store, name, digest, folds):
    data = {"name": name or store.source, "hash": digest or store.data_hash, **ABOUT}
    return {"weights": "before", "sha256": "0" * 64, "train_folds": list(folds), "data": data}


OTHER = "f" * 64
# what the contract says of its data -> whether fold 9 of the store, then fold 9 where folds 1-8 trained, was seen
TABLE = {
    "same name, same hash": (None, None, True),
    "same name, other hash": (None, OTHER, True),
    "other name, same hash": ("another", None, True),
    "other name, other hash": ("another", OTHER, False),
}


@pytest.fixture(params=[None, "initial", "teachers"], ids=["itself", "initial", "teachers"])
def made(request, tiny_run, generated_store, tmp_path):
    """made(name, digest, folds) -> weights that folds of such data trained, or weights that they came from."""

    def make(name, digest, folds):
        folder = shutil.copytree(tiny_run / "weights", tmp_path / "weights")
        contract = Contract.load(folder)
        given = step(generated_store, name, digest, folds)
        if request.param is None:
            changes = {"data": given["data"], "train_folds": tuple(folds)}
        else:
            changes = {"data": {**contract.data, request.param: [given]}, "train_folds": (1, 2)}
        dataclasses.replace(contract, **changes, validation_folds=(FOLD,)).save(folder)
        return folder

    make.itself = request.param is None
    return make


@pytest.mark.parametrize("caller", CALLERS, ids=lambda caller: caller.__name__)
@pytest.mark.parametrize("folds", [(1, FOLD), (1, 2)], ids=["fold 9 trained", "fold 9 did not"])
@pytest.mark.parametrize(("name", "digest", "same"), TABLE.values(), ids=TABLE)
def test_every_caller_gives_the_one_answer(
    made, generated_store, tiny_recipe, tmp_path, monkeypatch, name, digest, same, folds, caller
):
    weights = made(name, digest, folds)
    seen = same and FOLD in folds
    contract = Contract.load(weights)
    assert (FOLD in seen_folds(contract, generated_store)) == seen
    own = same or not made.itself
    said = answer(caller, weights, generated_store, tiny_recipe, tmp_path, monkeypatch)
    store = generated_store.path
    if not own and caller in NEED_OWN_DATA:
        assert said.startswith(f"{store}: holds synthetic ECGs, but the weights {weights} were trained on another")
    elif seen:
        assert said.startswith(
            f"{store}: fold 9 trained the weights {weights}, or weights that they came from, and says nothing of new "
            "records; "
        )
        assert said.rpartition("; ")[2]
    else:
        assert said == ""


@dataclasses.dataclass
class Some:
    """Data, as far as the rule looks at them."""

    path: str = "there"
    sampling_rate: float = 100.0
    samples: int = 1000
    leads: tuple[str, ...] = ("I", "II", "III", "aVR", "aVL", "aVF", "V1", "V2", "V3", "V4", "V5", "V6")
    source: str = "table.csv"
    data_hash: str = "0" * 64


def test_copies_and_editions_of_ptbxl_are_known_by_its_name():
    contract = Contract.load(shipped("single"))
    for source in ("PTB-XL", "PTB-XL 1.0.1"):
        assert seen_folds(contract, Some(source=source)) == set(range(1, 9))
        assert role(contract, Some(source=source), 8).startswith("which trained the weights")
        assert role(contract, Some(source=source), 9) == "which also chose"
        assert role(contract, Some(source=source), 10) == "held out"
    assert seen_folds(contract, Some()) == frozenset()
    assert role(contract, Some(), 8) == "other data than trained the weights"
    assert seen_folds(contract, Some(data_hash=contract.data["hash"])) == set(range(1, 9))


def test_several_folds_are_named():
    contract = Contract.load(shipped("single"))
    with pytest.raises(TwelveLeadError, match=r"there: folds 7, 8 trained the weights mine, .* say nothing"):
        require_unseen(contract, Some(source=PTBXL), (7, 8, 9), "mine")
    require_unseen(contract, Some(source=PTBXL), (9, 10))


@pytest.mark.parametrize(
    ("changes", "fault"),
    [
        ({"sampling_rate": 500}, "sampling rate is 500 Hz, but the weights single need 100 Hz; make such a store"),
        ({"sampling_rate": 100.6}, "sampling rate is 100.6 Hz, but"),
        ({"leads": ("I", "II")}, "leads are I, II, but the weights single need I, II, III, aVR, "),
        ({"leads": Some().leads[::-1]}, "leads are V6, V5"),
        ({"samples": 255}, "records of 255 samples, but the weights single need 256 (2.56 s) at least; "),
    ],
)
def test_data_that_weights_cannot_read_are_refused(changes, fault):
    contract = Contract.load(shipped("single"))
    with pytest.raises(TwelveLeadError) as caught:
        require_suitable(contract, Some(**changes))
    assert str(caught.value).startswith("there: ")
    assert fault in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_rate_is_compared_rounded():
    for rate in (99.6, 100, 100.4):
        require_suitable(Contract.load(shipped("single")), Some(sampling_rate=rate))


@pytest.mark.parametrize("caller", CALLERS, ids=lambda caller: caller.__name__)
@pytest.mark.parametrize(
    ("changes", "fault"),
    [
        (
            {"sampling_rate": 500, "window": 5 * 256, "stride": 5 * 124},
            "sampling rate is 100 Hz, but the weights {} need 500 Hz",
        ),
        (
            {"leads": ("II", "I")},
            "leads are I, II, III, aVR, aVL, aVF, V1, V2, V3, V4, V5, V6, but the weights {} need",
        ),
        ({"minimum_samples": 1004}, "records of 1000 samples, but the weights {} need 1004 "),
    ],
)
def test_every_caller_refuses_what_weights_cannot_read(
    tiny_run, generated_store, tiny_recipe, tmp_path, monkeypatch, caller, changes, fault
):
    weights = shutil.copytree(tiny_run / "weights", tmp_path / "weights")
    dataclasses.replace(Contract.load(weights), **changes).save(weights)
    monkeypatch.setattr("twelvelead.inference.engine.find_contradiction", lambda *_: None)
    said = answer(caller, weights, generated_store, tiny_recipe, tmp_path, monkeypatch)
    assert said.startswith(f"{generated_store.path}: {fault.format(weights)}")
