"""What class names stand for, where people read them."""

FULL = {
    "NORM": "normal ECG",
    "MI": "myocardial infarction",
    "STTC": "ST/T change",
    "CD": "conduction disturbance",
    "HYP": "hypertrophy",
}
"""PTB-XL's diagnostic superclasses (Wagner et al. 2020, doi:10.1038/s41597-020-0495-6)."""


def full(name: str) -> str:
    """The class with what it stands for, where that is known: "MI, myocardial infarction"."""
    return f"{name}, {FULL[name]}" if name in FULL else name
