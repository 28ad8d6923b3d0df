"""The space of a search: which settings of a recipe are drawn, and from what; TOML on disk."""

import itertools
import json
import math
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from optuna import Trial
from optuna.distributions import BaseDistribution, CategoricalDistribution, FloatDistribution, IntDistribution

from twelvelead.errors import TwelveLeadError, Unreadable
from twelvelead.models import MODELS, default_settings
from twelvelead.training.kinds import check_kinds
from twelvelead.training.recipe import Recipe, check_setting

FIXED = {
    **dict.fromkeys(("task", "protocol", "train_folds", "validation_folds"), "decides what is measured"),
    **dict.fromkeys(("teachers", "metadata"), "decides what a model knows"),
    "architecture": "decides which settings there are; search each architecture by itself",
    "seed": "is luck, which does not repeat",
    "name": "is only a name",
}
"""Settings of a recipe that no search draws, and why."""

_MODEL = "model."
_TRIED = 10_000  # corners of a space that are looked at before it is called contradictory


@dataclass(frozen=True)
class Space:
    """What is drawn for each trial.

    Attributes:
        source: for messages: the file or the built-in name.
        drawn: name -> distribution; those of the architecture are named `model.dropout` and so on.
        text: the space as plain values, to compare and to record.
    """

    source: str
    drawn: dict[str, BaseDistribution]
    text: dict[str, Any]

    @classmethod
    def load(cls, source: str | Path, recipe: Recipe) -> "Space":
        """The built-in space of that name, or the one in a TOML file, checked against the recipe.

        Raises:
            Unreadable: no such space or file, not TOML, or a setting that the recipe does not have or of another kind.
            TwelveLeadError: out of range, contradictory, or not to be searched.
        """
        shipped = {path.stem: path for path in sorted((Path(__file__).parent / "spaces").glob("*.toml"))}
        path = shipped.get(str(source), Path(source))
        if not path.is_file():
            raise Unreadable(f"{source}: neither a built-in space ({', '.join(shipped)}) nor a TOML file")
        try:
            values = tomllib.loads(path.read_text(encoding="utf-8"))
        except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
            raise Unreadable(f"{path}: not a TOML file ({error})") from None
        return cls.from_dict(values, str(source), recipe)

    @classmethod
    def from_dict(cls, values: dict[str, Any], source: str, recipe: Recipe) -> "Space":
        """A space from plain values; `source` is named in errors.

        Raises:
            Unreadable, TwelveLeadError: as `load`.
        """
        settings = values.get("model", {})
        if not isinstance(settings, dict):
            raise Unreadable(f"{source}: model is {settings!r}; it has to be a table of the architecture's settings")
        defaults = recipe.to_dict()
        drawn = {}
        for name, given in values.items():
            if name == "model":
                continue
            if name in FIXED:
                raise TwelveLeadError(f"{source}: {name} cannot be searched: it {FIXED[name]}")
            check_setting(name, defaults.get(name), source)
            drawn[name] = _distribution(name, given, defaults[name], source)
            for value in _ends(drawn[name]):
                check_setting(name, _plain(value), source)
        own = _settings(recipe)
        for name, given in settings.items():
            check_kinds({name: own.get(name)}, own, f"{source}: model")
            drawn[_MODEL + name] = _distribution(name, given, own[name], f"{source}: model")
            for value in _ends(drawn[_MODEL + name]):
                check_kinds({name: _plain(value)}, own, f"{source}: model")
        if not drawn:
            raise TwelveLeadError(f"{source}: an empty space; name at least one setting, such as learning_rate")
        space = cls(source, drawn, values)
        space._possible(recipe)
        return space

    def draw(self, trial: Trial) -> dict[str, Any]:
        """The settings of a trial, name -> value as `drawn` names them."""
        return {name: _suggested(trial, name, distribution) for name, distribution in self.drawn.items()}

    def recipe(self, base: Recipe, settings: dict[str, Any]) -> Recipe:
        """The recipe with drawn settings, name -> value.

        Raises:
            TwelveLeadError: they contradict each other.
        """
        values = base.to_dict()
        for name, value in settings.items():
            if name.startswith(_MODEL):
                values["model"][name.removeprefix(_MODEL)] = _plain(value)
            else:
                values[name] = _plain(value)
        return Recipe.from_dict(values, self.source)

    def _possible(self, base: Recipe) -> None:
        """See that some corner of the space is a recipe."""
        corners = itertools.product(*(_ends(distribution) for distribution in self.drawn.values()))
        fault = ""
        for corner in itertools.islice(corners, _TRIED):
            try:
                self.recipe(base, dict(zip(self.drawn, corner, strict=True)))
            except TwelveLeadError as error:
                fault = str(error)
            else:
                return
        raise TwelveLeadError(f"{self.source}: contradictory, no draw of it makes a recipe ({fault})")


def _settings(recipe: Recipe) -> dict[str, Any]:
    """The architecture's settings, those of the recipe or their defaults."""
    if recipe.architecture not in MODELS:
        raise TwelveLeadError(
            f"recipe {recipe.name}: no architecture is named {recipe.architecture!r}; there are "
            f"{', '.join(sorted(MODELS))}"
        )
    return default_settings(recipe.architecture) | recipe.model


def _distribution(name: str, given: Any, default: Any, source: str) -> BaseDistribution:
    forms = "{low = 1, high = 2}, with log = true or step = 0.5, or {choices = [1, 2]}"
    if not isinstance(given, dict):
        raise Unreadable(f"{source}: {name} is {given!r}; it has to be of the form {forms}")
    if set(given) == {"choices"}:
        return _choices(name, given["choices"], default, source)
    if isinstance(default, bool) or not isinstance(default, int | float):
        raise Unreadable(f"{source}: {name} is of the kind of {json.dumps(default)}, so it needs choices = [...]")
    unknown = set(given) - {"low", "high", "log", "step"}
    if unknown or not {"low", "high"} <= set(given):
        what = f"has {', '.join(sorted(unknown))}" if unknown else "lacks low or high"
        raise Unreadable(f"{source}: {name} {what}; it has to be of the form {forms}")
    kinds = {"low": default, "high": default, "log": False, "step": default}
    check_kinds(given, kinds, f"{source}: {name}")
    return _range(name, given, whole=isinstance(default, int), source=source)


def _range(name: str, given: dict[str, Any], *, whole: bool, source: str) -> BaseDistribution:
    low, high, log, step = given["low"], given["high"], given.get("log", False), given.get("step")
    if not (low < high and math.isfinite(high - low)):
        raise TwelveLeadError(
            f"{source}: {name} is from {low:g} to {high:g}; low has to be below high, and both finite"
        )
    if log and low <= 0:
        raise TwelveLeadError(f"{source}: {name} starts at {low:g}; with log = true it has to be above 0")
    if log and step is not None:
        raise TwelveLeadError(f"{source}: {name} has log and step; choose one of them")
    if step is not None and step <= 0:
        raise TwelveLeadError(f"{source}: {name} has step {step:g}; it has to be above 0")
    if step is not None and abs((high - low) / step - round((high - low) / step)) > 1e-9:
        raise TwelveLeadError(f"{source}: {name}: no whole number of steps of {step:g} leads from {low:g} to {high:g}")
    if whole:
        return IntDistribution(low, high, log=log, step=step or 1)
    return FloatDistribution(float(low), float(high), log=log, step=step)


def _choices(name: str, given: Any, default: Any, source: str) -> BaseDistribution:
    if not isinstance(given, list) or not given:
        raise Unreadable(f"{source}: {name} has choices {given!r}; it has to be a list of values")
    for value in given:
        check_kinds({name: value}, {name: default}, source)
    if isinstance(default, float):
        given = [float(value) for value in given]
    if len({json.dumps(value) for value in given}) < len(given):
        raise TwelveLeadError(f"{source}: {name} has a choice twice")
    # Databases of Optuna hold numbers and texts; a list travels as its JSON.
    return CategoricalDistribution([json.dumps(value) if isinstance(value, list) else value for value in given])


def _ends(distribution: BaseDistribution) -> tuple[Any, ...]:
    if isinstance(distribution, CategoricalDistribution):
        return tuple(distribution.choices)
    assert isinstance(distribution, FloatDistribution | IntDistribution)
    return (distribution.low, distribution.high)


def _plain(value: Any) -> Any:
    return json.loads(value) if isinstance(value, str) and value.startswith("[") else value


def _suggested(trial: Trial, name: str, distribution: BaseDistribution) -> Any:
    if isinstance(distribution, CategoricalDistribution):
        return trial.suggest_categorical(name, distribution.choices)
    if isinstance(distribution, IntDistribution):
        return trial.suggest_int(
            name, distribution.low, distribution.high, log=distribution.log, step=distribution.step
        )
    assert isinstance(distribution, FloatDistribution)
    return trial.suggest_float(name, distribution.low, distribution.high, log=distribution.log, step=distribution.step)
