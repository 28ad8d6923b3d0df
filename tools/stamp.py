"""Write the metadata into the shipped ONNX files, their hashes into the contracts, the digests of the contracts, and
what the weights answer to the known ECG.

    python tools/stamp.py

It changes nothing a second time. Model cards are made anew afterwards (tools/card.py).
"""

import dataclasses
import json
from pathlib import Path
from typing import Any

import onnx

from twelvelead.files import replacing
from twelvelead.inference.engine import Engine
from twelvelead.inference.selftest import KNOWN, SAMPLING_RATE, UNIT, known_recording
from twelvelead.readers import read
from twelvelead.weights import DIGESTS, Contract, find, sha256, shipped
from twelvelead.weights.contract import FILE
from twelvelead.weights.onnx_metadata import describe


def main() -> None:
    digests, known = {}, {}
    for name in shipped():
        folder = find(name)
        contract = Contract.load(folder)
        path = folder / contract.files["onnx"]["name"]
        model = onnx.load(path)
        # The hash is of the contract at export, which a later version of contracts may have fitted anew.
        stamped = {entry.key: entry.value for entry in model.metadata_props} | {"contract_sha256": ""}
        if stamped != describe(contract) | {"contract_sha256": ""}:
            onnx.helper.set_model_props(model, describe(contract))
            with replacing(path) as partial:
                partial.write_bytes(model.SerializeToString(deterministic=True))
            entry = {"name": path.name, "sha256": sha256(path)}
            dataclasses.replace(contract, files=contract.files | {"onnx": entry}).save(folder)
        digests[sha256(path)] = sha256(folder / FILE)
        answer = Engine(name).predict(read(known_recording(), sampling_rate=SAMPLING_RATE, unit=UNIT))
        known[sha256(path)] = {name: round(value, 4) for name, value in answer.probabilities.items()}
        print(f"{path}: {path.stat().st_size:,} bytes")
    _write(DIGESTS, digests)
    _write(KNOWN, known)


def _write(path: Path, content: dict[str, Any]) -> None:
    with replacing(path) as partial:
        partial.write_text(json.dumps(content, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
