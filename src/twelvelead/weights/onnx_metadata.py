"""What an ONNX file says of itself, so that it can be told apart without its contract."""

import dataclasses
import hashlib
import json
from collections.abc import Mapping

from twelvelead.weights.contract import Contract

NOTICE = "decision aid, not a medical device"


def describe(contract: Contract) -> dict[str, str]:
    """The metadata of the ONNX file that a contract describes.

    Returns:
        name, version (of the twelvelead that trained), classes, statements where there are some, leads (all in order,
        as JSON), unit, sampling_rate_hz,
        licence (of the data), contract_sha256 (of the contract at export without its `files`, which name this file),
        and notice.
    """
    values = dataclasses.asdict(contract)
    del values["files"]
    text = json.dumps(values, sort_keys=True, ensure_ascii=False)
    return {
        "name": contract.name,
        "version": str(contract.versions.get("twelvelead", "unknown")),
        "classes": json.dumps(contract.classes),
        **({"statements": json.dumps(contract.statements.classes)} if contract.statements is not None else {}),
        "leads": json.dumps(contract.leads),
        "unit": contract.unit,
        "sampling_rate_hz": str(contract.sampling_rate),
        "licence": str(contract.data.get("licence", "unknown")),
        "contract_sha256": hashlib.sha256(text.encode()).hexdigest(),
        "notice": NOTICE,
    }


def find_contradiction(contract: Contract, metadata: Mapping[str, str]) -> str | None:
    """The first entry of a file's metadata that the contract gives otherwise; what either lacks is passed over.

    Name and hash are not compared, since a contract may be renamed, or fitted anew, for the same file.
    """
    wanted = describe(contract)
    compared = ("classes", "statements", "leads", "unit", "sampling_rate_hz")
    return next((key for key in compared if metadata.get(key, wanted.get(key)) != wanted.get(key)), None)
