"""Age and sex that a manifest states beside those of a file."""

from dataclasses import replace

from twelvelead.archive.inputs import Input
from twelvelead.ecg.finding import Finding
from twelvelead.ecg.record import ECG
from twelvelead.readers.patient import DISAGREEMENT

_OVER = 90.0
"""Years above which ages are one, as the models take them."""


def with_person(ecg: ECG, given: Input) -> ECG:
    """A recording with the age and sex that the manifest states where the file has none.

    Where the two contradict each other, by more than two years or in sex, either the file or the line of the manifest
    is of somebody else, and nothing says which. Then what is contradicted is taken from neither, nothing is taken from
    the manifest alone, and a finding says so.
    """
    if given.age is None and given.sex is None:
        return ecg
    ages = [min(age, _OVER) for age in (ecg.age, given.age) if age is not None]
    other_age = len(ages) == 2 and abs(ages[0] - ages[1]) > DISAGREEMENT
    other_sex = None not in (ecg.sex, given.sex) and ecg.sex != given.sex
    if not (other_age or other_sex):
        return replace(
            ecg, age=given.age if ecg.age is None else ecg.age, sex=given.sex if ecg.sex is None else ecg.sex
        )
    what = " and ".join(name for name, differs in (("age", other_age), ("sex", other_sex)) if differs)
    message = f"file and manifest contradict each other in {what}, so neither is taken; check that they belong together"
    return replace(
        ecg,
        age=None if other_age else ecg.age,
        sex=None if other_sex else ecg.sex,
        findings=(*ecg.findings, Finding("manifest-disagrees", "warn", message)),
    )
