"""The picture of a search."""

import optuna

from twelvelead.tuning.picture import _limits
from twelvelead.tuning.results import best_auroc


def trial(*aurocs, pruned=False):
    state = optuna.trial.TrialState.PRUNED if pruned else optuna.trial.TrialState.COMPLETE
    return optuna.trial.create_trial(
        state=state, value=aurocs[-1], intermediate_values=dict(enumerate(aurocs)), params={}, distributions={}
    )


def test_trials_that_ended_early_do_not_hide_how_the_others_differ():
    ended = [trial(0.90, 0.940), trial(0.91, 0.944), trial(0.91, 0.946)]
    early = [trial(0.70, pruned=True), trial(0.85, pruned=True)]
    assert _limits(ended + early) == _limits(ended)
    low, high = _limits(ended)
    assert all(low <= best_auroc(one) <= high for one in ended)
    assert low > 0.93


def test_early_ends_are_all_there_is_to_see_where_none_has_ended():
    low, high = _limits([trial(0.85, pruned=True), trial(0.86, pruned=True)])
    assert low < 0.85
    assert high > 0.86
