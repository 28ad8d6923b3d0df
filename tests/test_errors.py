"""Every error has a code that programs may rely on."""

import pytest

from twelvelead import errors
from twelvelead.ecg.finding import CODES, Finding
from twelvelead.ecg.leads import choose_leads
from twelvelead.ecg.synthetic import synthetic_ecg
from twelvelead.errors import ERROR_CODES, Interrupted, MissingExtra, Refused, TwelveLeadError, Unreadable


def test_codes_are_of_one_kind_and_no_code_means_two_things():
    assert not ERROR_CODES.keys() & CODES.keys()
    assert all(code == code.lower() and code.replace("-", "").isalpha() for code in ERROR_CODES)


@pytest.mark.parametrize(
    ("error", "code", "exit_code"),
    [
        (TwelveLeadError("--layout 9x9 is not available"), "usage", 2),
        (Unreadable("a.dcm: damaged"), "unreadable", 2),
        (Unreadable("a.csv: no unit", code="unit-missing"), "unit-missing", 2),
        (MissingExtra("Reading MFER", "formats"), "missing-extra", 2),
        (Interrupted("out: interrupted"), "interrupted", 130),
        (Refused("a.dcm: not fit"), "refused", 3),
        (Refused("a.dcm: flat", (Finding("age", "warn", ""), Finding("flat", "refuse", ""))), "flat", 3),
    ],
)
def test_the_class_gives_the_code_unless_it_is_named(error, code, exit_code):
    assert (error.code, error.exit_code) == (code, exit_code)
    assert code in ERROR_CODES | CODES


def test_a_missing_lead_is_a_finding_wherever_it_is_noticed():
    ecg = synthetic_ecg()
    with pytest.raises(Refused) as refused:
        choose_leads(ecg.signal[:, :11], ecg.leads[:11], ecg.leads, "a.csv")
    assert refused.value.code == "missing-leads"
    (finding,) = refused.value.findings
    assert str(refused.value) == f"a.csv: {finding.message}"


def test_the_tree_in_the_docstring_is_that_of_the_classes():
    for kind in (TwelveLeadError, *TwelveLeadError.__subclasses__()):
        (line,) = [
            line for line in errors.__doc__.splitlines() if line.split("── ")[-1].strip().startswith(kind.__name__)
        ]
        assert line.endswith(f"exit code {kind.exit_code}")
