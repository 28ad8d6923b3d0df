"""Samplers and pruners by name; what is drawn follows from the seed and from how many trials were asked for before."""

from collections.abc import Callable
from typing import Any

import numpy as np
from optuna import Study
from optuna.distributions import BaseDistribution
from optuna.pruners import BasePruner, HyperbandPruner, MedianPruner, NopPruner
from optuna.samplers import BaseSampler, RandomSampler, TPESampler
from optuna.trial import FrozenTrial, TrialState

SAMPLERS = ("tpe", "random")
PRUNERS = ("median", "hyperband", "none")


class Seeded(BaseSampler):
    """Another sampler for each trial, so that processes that share a study never draw alike, and an interrupted search
    draws what an unbroken one does.

    Args:
        kind: one of `SAMPLERS`.
        seed: of the search.
        place: number of a trial -> how many trials that count are older.
    """

    def __init__(self, kind: str, seed: int, place: Callable[[int], int]) -> None:
        self.kind = kind
        self.seed = seed
        self.place = place
        self._inner: BaseSampler = RandomSampler(seed)

    def before_trial(self, study: Study, trial: FrozenTrial) -> None:
        seed = int(np.random.SeedSequence((self.seed, self.place(trial.number))).generate_state(1)[0])
        self._inner = TPESampler(seed=seed) if self.kind == "tpe" else RandomSampler(seed)
        self._inner.before_trial(study, trial)

    def infer_relative_search_space(self, study: Study, trial: FrozenTrial) -> dict[str, BaseDistribution]:
        return self._inner.infer_relative_search_space(study, trial)

    def sample_relative(
        self, study: Study, trial: FrozenTrial, search_space: dict[str, BaseDistribution]
    ) -> dict[str, Any]:
        return self._inner.sample_relative(study, trial, search_space)

    def sample_independent(
        self, study: Study, trial: FrozenTrial, param_name: str, param_distribution: BaseDistribution
    ) -> Any:
        return self._inner.sample_independent(study, trial, param_name, param_distribution)

    def after_trial(self, study: Study, trial: FrozenTrial, state: TrialState, values: Any) -> None:
        self._inner.after_trial(study, trial, state, values)


def pruner(kind: str, epochs: int) -> BasePruner:
    """The pruner of that name for trials of so many epochs.

    `median` ends a trial whose best epoch is below the median of the other trials at that epoch, from the sixth trial
    and from a fifth of the epochs on; `hyperband` (Li et al. 2018, arXiv:1603.06560) gives most trials a ninth of the
    epochs, and three times as many to the best third of them; `none` ends no trial.
    """
    if kind == "median":
        return MedianPruner(n_startup_trials=5, n_warmup_steps=max(1, epochs // 5))
    if kind == "hyperband":
        return HyperbandPruner(min_resource=max(1, epochs // 9), max_resource=epochs, reduction_factor=3)
    return NopPruner()
