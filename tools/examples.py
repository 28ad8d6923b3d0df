"""Makes docs/examples: a report of a generated ECG of nobody, in each standard of docs/exchange.md.

python tools/examples.py [docs]
"""

import sys
from dataclasses import replace
from datetime import date, datetime, timedelta, timezone
from pathlib import Path

from twelvelead.ecg.record import ECG, Identity
from twelvelead.ecg.synthetic import synthetic_ecg
from twelvelead.exchange.forms import FORMS, export
from twelvelead.exchange.report import Report
from twelvelead.files import replacing
from twelvelead.inference.engine import Engine
from twelvelead.output.picture import render

FOLDER = "examples"
STEM = "example"

MADE = datetime(2026, 1, 2, 10, 20, 30, tzinfo=timezone(timedelta(hours=1)))
_NOBODY = Identity(
    patient_id="EXAMPLE-0001",
    issuer="2.999.1",
    name="Example^Made Up",
    birth_date=date(1955, 5, 5),
    order="EXAMPLE-ORDER-1",
    encounter="EXAMPLE-VISIT-1",
)
"""2.999 is the arc of object identifiers for examples (ITU-T X.660)."""


def recording() -> ECG:
    """A generated ECG, with a made-up identity."""
    generated = synthetic_ecg("st_elevation", seed=1, sampling_rate=250)
    return replace(
        generated,
        age=70.0,
        sex="female",
        source="generated",
        device="A generator of ECGs",
        recorded=datetime(2026, 1, 2, 9, 15),
        identity=_NOBODY,
    )


def reports() -> dict[str, bytes]:
    """Name of each file -> its bytes."""
    interpretation = Engine("single").predict(recording())
    page = render(interpretation, "pdf", label="SYNTHETIC ECG OF NOBODY")
    # an id of its own: that of the answer is a hash of probabilities whose last digits are the machine's
    report = Report.of(interpretation, MADE, page=page, id=STEM)
    return {f"{STEM}.{form.suffix}": export(report, name) for name, form in FORMS.items()}


def main() -> None:
    folder = Path(sys.argv[1] if len(sys.argv) > 1 else "docs") / FOLDER
    folder.mkdir(parents=True, exist_ok=True)
    for name, content in reports().items():
        with replacing(folder / name) as partial:
            partial.write_bytes(content)


if __name__ == "__main__":
    main()
