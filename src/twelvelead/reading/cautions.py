"""What every reader knows to mind: statements that others make unreliable, and those that measurements contradict.

A caution marks; it never changes a probability.
"""

from twelvelead.reading.facts import Facts
from twelvelead.reading.rules import Limit, Rule, When
from twelvelead.reading.statements import INJURIES, ISCHAEMIAS, MASKED

_SINUS = ("SR", "STACH", "SBRAD")


RULES = (
    Rule("recording-doubtful", When(grave=True), ("gate",)),
    Rule("lbbb-masks", When(any_of=("CLBBB",), and_any_of=MASKED), ("part6", "infarction")),
    Rule("pacing-masks", When(any_of=("PACE",), and_any_of=MASKED), ("part6", "infarction")),
    Rule("pre-excitation-masks", When(any_of=("WPW",), and_any_of=MASKED), ("part3", "infarction")),
    Rule(
        "wide-tachycardia-masks",
        When(
            any_of=MASKED,
            limits=(Limit("qrs_ms", ">", 120), Limit("heart_rate_per_minute", ">", 100)),
            adults=True,
        ),
        ("svt", "part4"),
    ),
    Rule("strain", When(any_of=("LVH",), and_any_of=(*ISCHAEMIAS, *INJURIES, "STD_", "INVT")), ("part5", "part4")),
    Rule(
        "qt-in-wide-qrs",
        When(limits=(Limit("qrs_ms", ">=", 120), Limit("qtc_fridericia_ms", ">", 450, 460))),
        ("part4",),
    ),
    Rule("pr-not-long", When(any_of=("1AVB", "LPR"), limits=(Limit("pr_ms", "<", 200),)), ("bradycardia",)),
    Rule(
        "pr-in-complete-block",
        When(any_of=("3AVB",), p_waves=True),
        ("bradycardia",),
    ),
    Rule(
        "sinus-irregular",
        When(any_of=_SINUS, limits=(Limit("rr_irregularity", ">", 0.08),), p_waves=False),
        ("af", "misread"),
        "so irregular and without P waves were 2 % of 150 records with `SR` and 91 % of 150 with `AFIB`, drawn from "
        "folds 1-8 of PTB-XL",
    ),
    Rule(
        "fibrillation-regular",
        When(any_of=("AFIB",), without=("PACE", "3AVB"), limits=(Limit("rr_irregularity", "<", 0.03),)),
        ("af", "overread"),
        "2 % of the same 150 records with `AFIB` were as regular",
    ),
    Rule("fibrillation-p-waves", When(any_of=("AFIB",), p_waves=True), ("af", "overread")),
    Rule(
        "qt-not-long",
        When(
            any_of=("LNGQT",),
            limits=(Limit("qtc_bazett_ms", "<", 450, 460), Limit("qtc_fridericia_ms", "<", 450, 460)),
        ),
        ("part4",),
    ),
    Rule(
        "tachycardia-slow",
        When(any_of=("STACH", "PSVT", "SVTAC"), limits=(Limit("heart_rate_per_minute", "<", 100),), adults=True),
        ("svt",),
    ),
    Rule(
        "bradycardia-fast",
        When(any_of=("SBRAD",), limits=(Limit("heart_rate_per_minute", ">", 60),), adults=True),
        ("bradycardia",),
        "the guideline's limit is 50/min, PTB-XL's statements go by 60/min",
    ),
    Rule("block-narrow", When(any_of=("CLBBB", "CRBBB"), limits=(Limit("qrs_ms", "<", 120),), adults=True), ("part3",)),
    Rule(
        "left-anterior-axis", When(any_of=("LAFB",), limits=(Limit("axis_degrees", ">", -30),), adults=True), ("part3",)
    ),
    Rule(
        "left-posterior-axis",
        When(any_of=("LPFB",), limits=(Limit("axis_degrees", "<", 90), Limit("axis_degrees", ">", -90)), adults=True),
        ("part3",),
    ),
)
"""All cautions, in the order in which they are said."""


def holding(facts: Facts) -> tuple[Rule, ...]:
    """The rules that hold, in their order."""
    return tuple(rule for rule in RULES if rule.when.holds(facts) is not None)
