"""Numbers and names of an answer as people read them."""

from functools import cache

from twelvelead.weights.statements import load_statements

FULL = {
    "NORM": "normal ECG",
    "MI": "myocardial infarction",
    "STTC": "ST/T change",
    "CD": "conduction disturbance",
    "HYP": "hypertrophy",
}
"""PTB-XL's diagnostic superclasses (Wagner et al. 2020, doi:10.1038/s41597-020-0495-6)."""


@cache
def meaning_of(name: str) -> str:
    """What a class stands for, where that is known: a superclass or statement of PTB-XL, or a SNOMED CT code of the
    PhysioNet Challenges; else ""."""
    if name in FULL:
        return FULL[name]
    if name.isdigit():
        # an answer in superclasses, which is the most asked, does without what reads mappings
        from twelvelead.data.mapping_file import read_mapping

        found = read_mapping("challenge").meanings.get(name)
        return found.meaning if found else ""
    return next((each.description for each in load_statements() if each.statement == name), "")


def show_class(name: str) -> str:
    """The class with what it stands for, where that is known: "MI, myocardial infarction"."""
    meaning = meaning_of(name)
    return f"{name}, {meaning}" if meaning else name


def show_probability(probability: float) -> str:
    """Two digits, but never 0 or 1, which no probability means."""
    if probability < 0.01:
        return "<0.01"
    return ">0.99" if probability > 0.99 else f"{probability:.2f}"


def show_spread(spread: float) -> str:
    """Two digits of a standard deviation over the members of an ensemble."""
    return f"±{spread:.2f}" if spread >= 0.005 else "±<0.01"
