"""A run's folder: `run.json`, which says whose it is, `log.csv`, and where everything else lies."""

import csv
import io
import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from twelvelead.data.store import Store
from twelvelead.errors import TwelveLeadError, Unreadable
from twelvelead.files import LOCK, replacing
from twelvelead.models import source_file
from twelvelead.training.hardware import describe_hardware, list_versions
from twelvelead.training.named import own_files
from twelvelead.training.recipe import Recipe
from twelvelead.weights import sha256

FORMAT = "twelvelead-run"
VERSION = 3
"""Of a run's folder; it rises when an older twelvelead could not go on in it, or a newer one in an older run."""

BEFORE = -1
"""The epoch, in a log, of what a training begins with; the first one is 0."""

LOG_COLUMNS = ("epoch", "train_loss", "validation_auroc", "learning_rate", "seconds")

_ABOUT = "run.json"
_LOG = "log.csv"


def require_ours(folder: Path, recipe: Recipe, store: Store) -> None:
    """See that a folder is free, or holds a run of this recipe on this store.

    Raises:
        TwelveLeadError: it holds something else, or a run of another recipe, store or version.
    """
    about = folder / _ABOUT
    if not about.is_file():
        if folder.exists() and (not folder.is_dir() or any(path.name != LOCK for path in folder.iterdir())):
            raise TwelveLeadError(f"{folder}: exists and is not a run; name another folder")
        return
    try:
        recorded = json.loads(about.read_text(encoding="utf-8"))
        _require_version(about, recorded)
        values, data_hash, _ = dict(recorded["recipe"]), recorded["data_hash"], recorded["trained"]
    except (ValueError, KeyError, TypeError, AttributeError):
        raise Unreadable(f"{about}: damaged; name another folder for the run") from None
    # A run that began before a setting was there had what is now its default.
    before, now = Recipe.from_dict(values, str(about)).to_dict(), recipe.to_dict()
    differing = [name for name in now if before[name] != now[name]]
    if differing:
        raise TwelveLeadError(
            f"{folder}: holds a run of another recipe (differs in {', '.join(differing)}); name another folder"
        )
    for file in _code_files(recipe):
        if recorded.get("code", {}).get(file.name) != sha256(file):
            raise TwelveLeadError(f"{folder}: holds a run of another {file.name}; name another folder")
    if data_hash != store.data_hash:
        raise TwelveLeadError(f"{folder}: holds a run on other data than {store.path}; name another folder")


def claim(folder: Path, recipe: Recipe, store: Store) -> None:
    """Make the folder this run's, or see that it already is.

    Raises:
        TwelveLeadError: as `require_ours`.
    """
    require_ours(folder, recipe, store)
    if (folder / _ABOUT).is_file():
        return
    folder.mkdir(parents=True, exist_ok=True)
    with replacing(folder / "recipe.toml") as partial:
        partial.write_text(recipe.to_toml(), encoding="utf-8")
    files = _code_files(recipe)
    for file in files:
        with replacing(folder / file.name) as partial:
            partial.write_bytes(file.read_bytes())
    recorded = {
        "format": FORMAT,
        "version": VERSION,
        "recipe": recipe.to_dict(),
        "data_hash": store.data_hash,
        "synthetic": store.synthetic,
        "seed": recipe.seed,
        "code": {file.name: sha256(file) for file in files},
        "versions": list_versions(),
        "trained": False,
    }
    _write(folder, recorded)


def read(folder: Path) -> dict[str, Any]:
    """What `run.json` of a claimed folder holds."""
    values: dict[str, Any] = json.loads((folder / _ABOUT).read_text(encoding="utf-8"))
    return values


def is_trained(folder: Path) -> bool:
    """Whether the epochs of a run are over; another process may not have claimed the folder yet."""
    return (folder / _ABOUT).is_file() and bool(read(folder)["trained"])


def note_trained(folder: Path) -> None:
    """Say that the epochs are over, and how long they took."""
    _write(folder, read(folder) | {"trained": True, "training_seconds": training_seconds(folder)})


def note_hardware(folder: Path, recipe: Recipe) -> None:
    """Add the machine to those in `run.json`, where the run has not been on such a one before."""
    recorded = read(folder)
    known, here = recorded.get("hardware", []), describe_hardware(recipe)
    if here not in known:
        _write(folder, recorded | {"hardware": [*known, here]})


def write_log(folder: Path, rows: Iterable[Mapping[str, float]]) -> None:
    """Write the whole of `log.csv`, one row an epoch with `LOG_COLUMNS`."""
    text = io.StringIO()
    writer = csv.DictWriter(text, LOG_COLUMNS, lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    with replacing(folder / _LOG) as partial:
        partial.write_text(text.getvalue(), encoding="utf-8")


def read_log(folder: Path) -> list[dict[str, float]]:
    """The rows of `log.csv`, one an epoch; a file that holds such a log may be given too."""
    path = folder / _LOG if folder.is_dir() else folder
    with path.open(newline="", encoding="utf-8") as stream:
        return [{name: float(value) for name, value in row.items()} for row in csv.DictReader(stream)]


def training_seconds(folder: Path) -> float:
    """What all epochs of a log took together, validation included and resumed ones once."""
    return round(sum(row["seconds"] for row in read_log(folder)), 1)


def _code_files(recipe: Recipe) -> list[Path]:
    """The files of the user's own code that a recipe names."""
    architecture = source_file(recipe.architecture)
    return sorted({*own_files(recipe.code), *([] if architecture is None else [architecture])})


def _write(folder: Path, values: Mapping[str, Any]) -> None:
    with replacing(folder / _ABOUT) as partial:
        partial.write_text(json.dumps(values, indent=2) + "\n", encoding="utf-8")


def _require_version(about: Path, recorded: dict[str, Any]) -> None:
    """Refuse a run that another version of the format wrote: what it kept may mean something else now."""
    found = (recorded.get("format"), recorded.get("version"))
    if found == (FORMAT, VERSION):
        return
    made = recorded.get("versions", {}).get("twelvelead", "of another version")
    which = f"of run format {found[1]}" if found[0] == FORMAT else "from before runs had a format"
    raise Unreadable(
        f"{about}: a run {which}, and this twelvelead goes on with format {VERSION}; go on with the one that began it "
        f"(twelvelead {made}), or name another folder; finished weights in weights/ can be used all the same"
    )
