"""Numbers and names of an answer as people read them."""

FULL = {
    "NORM": "normal ECG",
    "MI": "myocardial infarction",
    "STTC": "ST/T change",
    "CD": "conduction disturbance",
    "HYP": "hypertrophy",
}
"""PTB-XL's diagnostic superclasses (Wagner et al. 2020, doi:10.1038/s41597-020-0495-6)."""


def show_class(name: str) -> str:
    """The class with what it stands for, where that is known: "MI, myocardial infarction"."""
    return f"{name}, {FULL[name]}" if name in FULL else name


def show_probability(probability: float) -> str:
    """Two digits, but never 0 or 1, which no probability means."""
    if probability < 0.01:
        return "<0.01"
    return ">0.99" if probability > 0.99 else f"{probability:.2f}"


def show_spread(spread: float) -> str:
    """Two digits of a standard deviation over the members of an ensemble."""
    return f"±{spread:.2f}" if spread >= 0.005 else "±<0.01"
