"""The study of a search: where its trials are kept, whose it is, and which of them count."""

import json
import time
import warnings
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import optuna
from optuna.exceptions import DuplicatedStudyError, ExperimentalWarning, StorageInternalError
from optuna.storages import RDBStorage, RetryHeartbeatStaleTrialCallback
from optuna.trial import FrozenTrial, TrialState
from sqlalchemy.engine import make_url
from sqlalchemy.exc import SQLAlchemyError

from twelvelead.errors import MissingExtra, TwelveLeadError, Unreadable

DATABASE = "study.db"
REASON = "reason"
"""Attribute of a trial that failed by its own settings, and is not tried again."""
PROCESS = "process"
"""Attribute of a trial that has begun: host and process that train it."""

_SEARCH = "search"  # attribute of a study
_RETRIES = 5  # of a trial whose process dies: it may be the trial that kills it
_OPENINGS = 5
_CREATOR_SECONDS = 20


@dataclass(frozen=True)
class Search:
    """What makes two searches the same; recorded in the study as plain values.

    Attributes:
        recipe: with the folds and epochs of the search.
        space: as its file has it.
        data_hash: of the store.
        sampler, pruner: names.
        seed: of the sampler.
    """

    recipe: dict[str, Any]
    space: dict[str, Any]
    data_hash: str
    sampler: str
    pruner: str
    seed: int

    def to_dict(self) -> dict[str, Any]:
        """Plain values, as JSON holds them."""
        values: dict[str, Any] = json.loads(json.dumps(asdict(self)))
        return values

    def require_same(self, recorded: dict[str, Any], where: str, remedy: str) -> None:
        """See that a recorded search is this one.

        Raises:
            TwelveLeadError: it differs; `where` and `remedy` are in the text.
        """
        now = self.to_dict()
        if recorded.get("data_hash") != now["data_hash"]:
            raise TwelveLeadError(f"{where} is a search on other data; {remedy}")
        differing = [name for name in now if name != "recipe" and recorded.get(name) != now[name]]
        before = recorded.get("recipe", {})
        differing += [f"recipe's {name}" for name in now["recipe"] if before.get(name) != now["recipe"][name]]
        if differing:
            raise TwelveLeadError(f"{where} is another search (differs in {', '.join(differing)}); {remedy}")


def shown(url: str) -> str:
    """A storage's URL without its password."""
    return make_url(url).render_as_string(hide_password=True)


def storage_url(given: str | None, folder: Path) -> str:
    """The URL of a database: the given one with a driver that we bring, or that of the SQLite file in the folder.

    Raises:
        Unreadable: it is no URL of a database.
    """
    if given is None:
        return f"sqlite:///{(folder / DATABASE).absolute()}"
    try:
        url = make_url(given)
    except SQLAlchemyError:
        # without the text: it may hold a password
        raise Unreadable("--storage: not the URL of a database, such as postgresql://user@host/name") from None
    if url.drivername in ("postgres", "postgresql"):
        url = url.set(drivername="postgresql+psycopg")
    return url.render_as_string(hide_password=False)


def open_study(url: str, name: str, search: Search, *, grace: int) -> optuna.Study:
    """The study of that name in a database, made where there is none.

    Args:
        url: of the database.
        name: of the study.
        search: what it has to be.
        grace: seconds after which a trial without a sign of life is taken to be dead, and tried again.

    Raises:
        Unreadable: the database cannot be opened.
        TwelveLeadError: the study is another search.
        MissingExtra: there is no driver.
    """
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    warnings.filterwarnings("ignore", category=ExperimentalWarning)
    storage = _opened(url, grace)
    try:
        study = optuna.create_study(storage=storage, study_name=name, direction="maximize")
    except DuplicatedStudyError:
        study = optuna.load_study(storage=storage, study_name=name)
        recorded = _recorded(study)
        if recorded is not None:
            search.require_same(recorded, f"{shown(url)}: study {name}", "give another --name")
            return study
    study.set_user_attr(_SEARCH, search.to_dict())
    return study


def _recorded(study: optuna.Study) -> dict[str, Any] | None:
    # The process that makes a study needs a moment to say what it is.
    for _ in range(_CREATOR_SECONDS * 10):
        recorded = study.user_attrs.get(_SEARCH)
        if isinstance(recorded, dict):
            return recorded
        time.sleep(0.1)
    return None


def _opened(url: str, grace: int) -> RDBStorage:
    fault: Exception | None = None
    for _ in range(_OPENINGS):
        try:
            return RDBStorage(
                url,
                engine_kwargs={"connect_args": {"timeout": 60}}
                if url.startswith("sqlite")
                else {"pool_pre_ping": True},
                heartbeat_interval=max(1, grace // 6),
                grace_period=grace,
                heartbeat_stale_trial_callback=RetryHeartbeatStaleTrialCallback(max_retry=_RETRIES),
            )
        except ImportError:
            raise MissingExtra(f"{shown(url)}: this database", "tune") from None
        except (SQLAlchemyError, StorageInternalError, RuntimeError) as error:
            # Two processes that make the tables at once get in each other's way, once.
            fault = error
            time.sleep(0.5)
    raise Unreadable(f"{shown(url)}: cannot be opened ({_line(fault)}); see to the server or name another storage")


def _line(error: BaseException | None) -> str:
    cause = getattr(error, "orig", None) or error
    return str(cause).strip().splitlines()[0] if str(cause).strip() else type(cause).__name__


def counts(trial: FrozenTrial) -> bool:
    """Whether a trial is one of those asked for; one that was interrupted or died is not, another is in its place."""
    return trial.state != TrialState.FAIL or REASON in trial.user_attrs


def finished(trials: Sequence[FrozenTrial]) -> int:
    """How many of the trials asked for are over."""
    return sum(trial.state.is_finished() and counts(trial) for trial in trials)


def place(trials: Sequence[FrozenTrial], number: int) -> int:
    """How many of the trials asked for are older than trial `number`: alike however often a search was interrupted."""
    return sum(trial.number < number and counts(trial) for trial in trials)


def predecessor(trial: FrozenTrial) -> int | None:
    """The trial that this one tries again; None where it is none."""
    history = trial.system_attrs.get("retry_history", [])
    return int(history[-1]) if history else None


def try_again(study: optuna.Study, number: int) -> None:
    """Queue an interrupted trial, for whichever process asks next."""
    RetryHeartbeatStaleTrialCallback()(study, study.get_trials(deepcopy=True)[number])


def fail_the_dead(study: optuna.Study, grace: int) -> None:
    """Take trials without a sign of life for dead, and queue them again."""
    optuna.storages.fail_stale_trials(study)
    for trial in study.get_trials(deepcopy=False, states=(TrialState.RUNNING,)):
        # Optuna waits for ever for a process that died between the birth of its trial and its first sign of life.
        begun = trial.datetime_start
        if PROCESS not in trial.user_attrs and begun is not None and time.time() - begun.timestamp() > 2 * grace:
            study.tell(trial.number, state=TrialState.FAIL, skip_if_finished=True)
