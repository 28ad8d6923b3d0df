"""Finished runs as one model: weights chosen on a fold that trained none of them, diversity shown, files written."""

import json
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from twelvelead.data.partial import partial_folder
from twelvelead.data.store import Store
from twelvelead.data.tasks import Labels, labels, select
from twelvelead.errors import TwelveLeadError
from twelvelead.evaluation.diversity import diversity
from twelvelead.evaluation.weighting import MEANS, choose_weights
from twelvelead.models.ensemble import Ensemble, Mean
from twelvelead.models.windows import Windowed
from twelvelead.plots.diversity import diversity_png
from twelvelead.training.forms import ENSEMBLE, describe_member, load_windowed, predict
from twelvelead.training.hardware import list_versions
from twelvelead.training.writing import METADATA, headline, write_weights
from twelvelead.weights import Contract, find
from twelvelead.weights.suitability import require_own_data, require_suitable, require_unseen


@dataclass(frozen=True)
class Member:
    """One of the networks: its name in the ensemble, and its contract."""

    name: str
    contract: Contract


def make_ensemble(
    runs: Sequence[str | Path],
    store: Store,
    dest: Path,
    *,
    name: str | None = None,
    fold: int = 9,
    aggregate: Mean = "logit",
    say: Callable[[str], None] = print,
) -> dict[str, Any]:
    """Make one model of several, and write `weights/`, `predictions.npz`, `diversity.json` and `diversity.png`.

    Args:
        runs: two or more run folders, shipped names or other weights, of the same task, leads and rate.
        store: holds the fold, and is of the data that trained them.
        dest: the folder to make; it is there whole or not at all.
        name: of the weights that come out; that of the folder where it is None.
        fold: chooses the weights, the calibration and the thresholds; it may have trained no member.
        aggregate: whether the mean is that of the logits or of the probabilities.
        say: takes a line of text.

    Returns:
        What `diversity.json` holds.

    Raises:
        TwelveLeadError: the runs are not of a kind or cannot read the store, one is there twice or not finished, the
            fold trained one, or the folder is there.
        Unreadable: there are no such weights, or the fold shows a class in none of its records or in all.
    """
    chosen_name = name or dest.resolve().name
    if not chosen_name.strip(".") or "/" in chosen_name or "\\" in chosen_name:
        raise TwelveLeadError(f"--name {chosen_name}: cannot be part of a file name; choose another")
    if dest.exists() and (not dest.is_dir() or any(dest.iterdir())):
        raise TwelveLeadError(f"{dest}: exists already; name another folder")
    members, truth = load_members(runs, store, fold)
    records = select(store, fold, truth)
    networks, answers = [], []
    for number, (run, one) in enumerate(zip(runs, members, strict=True), start=1):
        say(f"member {number} of {len(members)}: {one.name} predicts {len(records):,} records of fold {fold}")
        network = load_windowed(run)
        assert isinstance(network, Windowed)
        networks.append(network)
        raw = predict(network, store.signals, store.features, records)
        answers.append(one.contract.calibrated_outputs(raw))
    y, patients = truth.values[records], np.asarray(store.column("patient_id")[records])
    calibrated = np.stack(answers, axis=1)
    weights, measured = weigh(members, calibrated[..., : len(truth.classes)], y, patients, aggregate)
    beside = members[0].contract.statements
    values: dict[str, Any] = {
        "name": chosen_name,
        "fold": fold,
        "role": "which also chose",
        "protocol": truth.protocol,
        "records": len(records),
        "patients": len(np.unique(patients)),
        "synthetic": store.synthetic,
        "classes": list(truth.classes),
        **measured,
    }
    say("writing the weights")
    whole = assemble(networks, members, weights, aggregate)
    with partial_folder(dest) as folder:
        (folder / "diversity.json").write_text(json.dumps(values, indent=2, ensure_ascii=False) + "\n", "utf-8")
        diversity_png(values, folder / "diversity.png")
        contract = write_weights(
            whole,
            _combined(whole, calibrated),
            store,
            truth,
            None if beside is None else labels(store, beside.task, "keep"),
            records,
            folder,
            name=chosen_name,
            **contract_entries(members, weights, fold),
            ancestors=ancestors(members),
            recipe={
                "aggregate": aggregate,
                "weights": values["weights"],
                "members": [provenance(one) for one in members],
            },
            versions=list_versions(),
        )
    say(f"{headline(contract)}; weights in {dest / 'weights'}")
    return values


def load_members(runs: Sequence[str | Path], store: Store, fold: int) -> tuple[list[Member], Labels]:
    """The members and the labels of their task, after all that could be wrong with either has been looked at.

    Raises:
        TwelveLeadError, Unreadable: as `ensemble`.
    """
    if len(runs) < 2:
        raise TwelveLeadError("an ensemble needs two runs at least; name more")
    contracts = [Contract.load(find(run)) for run in runs]
    seen: dict[str, str | Path] = {}
    for run, contract in zip(runs, contracts, strict=True):
        digest = contract.files.get("safetensors", {}).get("sha256", str(find(run)))
        if digest in seen:
            same = "named twice" if str(seen[digest]) == str(run) else f"holds the same weights as {seen[digest]}"
            raise TwelveLeadError(f"{run}: {same}; name each run once")
        seen[digest] = run
        _require_member(run, contract, runs[0], contracts[0], store, fold)
    truth = labels(store, contracts[0].task, contracts[0].protocol)  # type: ignore[arg-type]
    if truth.classes != contracts[0].classes:
        raise TwelveLeadError(
            f"{store.path}: its task {truth.task} has the classes {', '.join(truth.classes[:5])}, but {runs[0]} "
            f"predicts {', '.join(contracts[0].classes[:5])}; choose runs of this store"
        )
    names = _names(runs, [contract.name for contract in contracts])
    if truth.known_of(select(store, fold, truth)) is not None:
        raise TwelveLeadError(
            f"{store.path}: some labels of fold {fold} are not known (-1), and an ensemble is weighed on known ones; "
            "choose another fold, or leave these recordings out"
        )
    return [Member(*each) for each in zip(names, contracts, strict=True)], truth


def weigh(
    members: Sequence[Member],
    calibrated: NDArray[np.float64],
    truth: NDArray[np.bool_],
    patients: NDArray[np.int64],
    aggregate: Mean,
) -> tuple[tuple[float, ...], dict[str, Any]]:
    """Weights for the members, and what `diversity.json` says of the choice and of the members.

    Args:
        members: in the order of the probabilities.
        calibrated: [records, members, classes], 0-1.
        truth: [records, classes].
        patients: [records].
        aggregate: what is averaged.
    """
    choice = choose_weights(truth, calibrated, patients, MEANS[aggregate])
    found = diversity(truth, calibrated, choice.weights, patients, MEANS[aggregate])
    return choice.weights, {
        "aggregate": aggregate,
        "weights": {
            "used": choice.used,
            "fitted": list(choice.fitted_weights),
            "scores": {kind: getattr(choice, kind)._asdict() for kind in ("equal", "fitted", "crossfitted")},
        },
        "ensemble": {"macro_auroc": found.together._asdict(), "aurocs": list(found.aurocs)},
        "best": members[found.best].name,
        "members": [
            {
                "name": one.name,
                "architecture": one.contract.architecture,
                "weight": weight,
                "aurocs": list(worth.aurocs),
                **{kind: getattr(worth, kind)._asdict() for kind in ("alone", "gain", "effect")},
            }
            for one, weight, worth in zip(members, choice.weights, found.members, strict=True)
        ],
        "correlation": {"errors": found.errors, "logits": found.logits},
    }


def assemble(networks: Sequence[Windowed], members: Sequence[Member], weights: Sequence[float], mean: Mean) -> Ensemble:
    """The networks as one module that answers for whole recordings."""
    calibrations = [describe_member(one.contract)["calibration"] for one in members]
    slope, intercept = ([each[name] for each in calibrations] for name in ("slope", "intercept"))
    return Ensemble(networks, weights, slope, intercept, mean).eval()


def contract_entries(members: Sequence[Member], weights: Sequence[float], fold: int) -> dict[str, Any]:
    """What of the contract of an ensemble follows from those of its members."""
    contracts = [one.contract for one in members]
    return {
        "architecture": ENSEMBLE,
        "model": {
            "members": [
                {**describe_member(one.contract), "name": one.name, "weight": weight}
                for one, weight in zip(members, weights, strict=True)
            ]
        },
        "members": tuple(one.name for one in members),
        "scale": 1.0,
        "highpass": 0.0,
        "metadata": METADATA if any(contract.metadata for contract in contracts) else (),
        # what every member has seen enough of
        "ages": (max(contract.ages[0] for contract in contracts), min(contract.ages[1] for contract in contracts)),
        "train_folds": tuple(sorted({fold for contract in contracts for fold in contract.train_folds})),
        "validation_folds": (fold,),
    }


def ancestors(members: Sequence[Member]) -> dict[str, list[dict[str, Any]]]:
    """The weights that the members came from, each once."""
    found: dict[str, list[dict[str, Any]]] = {"initial": [], "teachers": []}
    for kind, steps in found.items():
        for one in members:
            steps += [step for step in one.contract.data.get(kind, []) if step not in steps]
    return found


def provenance(one: Member) -> dict[str, Any]:
    """Where a member comes from."""
    contract = one.contract
    return {
        "name": one.name,
        "files": contract.files,
        "train_folds": contract.train_folds,
        "validation_folds": contract.validation_folds,
        "data": contract.data["hash"],
        "recipe": contract.recipe,
        "versions": contract.versions,
    }


def _combined(whole: Ensemble, calibrated: NDArray[np.float64]) -> NDArray[np.float32]:
    with torch.inference_mode():
        return np.asarray(whole.combined(torch.from_numpy(calibrated.astype(np.float32))).numpy())


def _require_member(
    run: str | Path, contract: Contract, first: str | Path, reference: Contract, store: Store, fold: int
) -> None:
    if contract.architecture == ENSEMBLE:
        raise TwelveLeadError(f"{run}: is an ensemble already; name the runs that it was made of")
    if contract.lead_sets:
        raise TwelveLeadError(f"{run}: takes fewer leads too, which an ensemble does not; name runs that need all")
    for what, given, wanted in (
        ("task", contract.task, reference.task),
        ("classes", ", ".join(contract.classes[:5]), ", ".join(reference.classes[:5])),
        ("number of classes", len(contract.classes), len(reference.classes)),
        ("statements", *(one.statements and len(one.statements.classes) for one in (contract, reference))),
        ("leads", ", ".join(contract.leads), ", ".join(reference.leads)),
        ("sampling rate", f"{contract.sampling_rate} Hz", f"{reference.sampling_rate} Hz"),
        ("protocol", contract.protocol, reference.protocol),
    ):
        if given != wanted:
            raise TwelveLeadError(f"{run}: {what} is {given}, but of {first} it is {wanted}; choose runs that agree")
    require_suitable(contract, store, run)
    require_own_data(contract, store, run)
    require_unseen(contract, store, [fold], run, "choose another fold, or leave the run out")


def _names(runs: Sequence[str | Path], names: Sequence[str]) -> list[str]:
    """A name for each member that no other has: of its weights, else of its folder, else with a number."""
    if len(set(names)) < len(names):
        often = Counter(names)
        folders = [find(run).resolve() for run in runs]
        of_folder = [(folder.parent if folder.name == "weights" else folder).name for folder in folders]
        names = [folder if often[name] > 1 else name for name, folder in zip(names, of_folder, strict=True)]
    counted: Counter[str] = Counter()
    unique = []
    for one in names:
        counted[one] += 1
        unique.append(one if counted[one] == 1 else f"{one} ({counted[one]})")
    return unique
