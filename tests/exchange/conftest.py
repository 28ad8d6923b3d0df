from datetime import UTC, datetime

import pytest

from twelvelead.errors import Refused
from twelvelead.exchange.report import Identity, Report, Signed
from twelvelead.output.describe import describe, describe_fault

MADE = datetime(2026, 1, 2, 10, 20, 30, tzinfo=UTC)
PAGE = b"%PDF-1.4 made up"
SOMEBODY = Identity(
    name="Doe^Jane^^Dr",
    patient_id="0815",
    issuer="1.2.276.0.76.4.1",
    birth_date="1950-02-03",
    sex="female",
    order="A-42",
    encounter="V-7",
    recorded="2026-01-02T09:15:00",
    study="1.2.3.4",
)


@pytest.fixture(scope="session")
def a_report(reading_answer):
    """a_report(present, possible, language=, identity=, …) -> the report of `reading_answer`'s interpretation; what
    names an attribute of a report is one, all else goes to `reading_answer`."""

    def make(present=("SR",), possible=(), language="en", **more):
        about = {name: more.pop(name) for name in tuple(more) if name in Report.__dataclass_fields__}
        answer = describe(reading_answer(present, possible, **more), language)
        return Report(answer, **{"made": MADE, "identity": SOMEBODY, "page": PAGE} | about)

    return make


@pytest.fixture(scope="session")
def a_refused():
    """a_refused(**attributes) -> the report of a recording without V2."""
    from twelvelead.ecg.finding import Finding
    from twelvelead.inference.interpretation import NOTICE

    finding = Finding("flat", "refuse", "lead V2 is flat; connect it and record again", {"V2": 0.0})
    error = Refused("ward/jane-doe.dcm: lead V2 is flat; connect it and record again", (finding,))
    described = {
        "format": "twelvelead-error",
        "version": 1,
        "source": "ward/jane-doe.dcm",
        "source_sha256": "ab" * 32,
        "code": "flat",
        "error": str(error),
        "exit_code": 3,
        "findings": [vars(finding) | {"grave": False}],
        "picture": None,
        "model": {"name": "single", "sha256": "cd" * 32, "contract_sha256": "ef" * 32},
        "product": {"name": "twelvelead", "version": "0.0.0"},
        "notice": NOTICE,
    }
    answer = describe_fault(described, error)
    return lambda **about: Report(answer, **{"made": MADE, "identity": SOMEBODY, "page": PAGE} | about)


@pytest.fixture(scope="session")
def signed_of():
    """signed_of(codes, …) -> a signature by somebody who was logged in."""
    return lambda *codes, **about: Signed(
        **{"author": "Dr. Ada Example", "authenticated": True, "at": MADE}
        | {"statements": tuple({"code": code} for code in codes)}
        | about
    )
