"""What the figures of an answer mean, in words, for the page and the terminal."""

from twelvelead.inference.interpretation import Interpretation
from twelvelead.inference.shown import show_probability

LEAVE = "As a whole this answer is among the least certain fifth: leave it to the reader."


def say_meaning(interpretation: Interpretation) -> tuple[str, ...]:
    """What the figures of the classes rest on, as sentences."""
    words = [f"Operating point: {interpretation.operating_point}."]
    if any(result.sensitivity is not None for result in interpretation.classes):
        words.append("Sensitivity and specificity are of the fold that also chose it.")
    else:
        words.append("Its sensitivity and specificity are not known.")
    given = [
        f"{result.name} {show_probability(result.prevalence)}"
        for result in interpretation.classes
        if result.prevalence_given and result.prevalence is not None
    ]
    if any(result.positive_predictive_value is not None for result in interpretation.classes):
        shares = (
            f"a prevalence of {', '.join(given)}, else that of this fold" if given else "the prevalence in that fold"
        )
        words.append(f"PPV and NPV are for {shares}.")
    words.append(f"Uncertain: both answers, or none, are possible at an error rate of {interpretation.error_rate:.0%}.")
    if any(result.spread is not None for result in interpretation.classes):
        words.append("± is the standard deviation over the networks of the ensemble.")
    words.append(f"As a whole more certain than {interpretation.certainty_rank:.0%} of the validation fold's answers.")
    if len(interpretation.pieces) > 1:
        first = interpretation.pieces[0]
        count = len(interpretation.pieces)
        words.append(f"Mean of {count} overlapping pieces of {first.end - first.start:g} s.")
    words.append("What the classes do not cover is not excluded.")
    return tuple(words)
