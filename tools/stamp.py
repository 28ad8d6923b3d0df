"""Write the metadata into the shipped ONNX files, their hashes into the contracts, and the digests of the contracts.

    python tools/stamp.py

It changes nothing a second time. Model cards are made anew afterwards (tools/card.py).
"""

import dataclasses
import json

import onnx

from twelvelead.files import replacing
from twelvelead.weights import DIGESTS, Contract, find, sha256, shipped
from twelvelead.weights.contract import FILE
from twelvelead.weights.onnx_metadata import describe


def main() -> None:
    digests = {}
    for name in shipped():
        folder = find(name)
        contract = Contract.load(folder)
        path = folder / contract.files["onnx"]["name"]
        model = onnx.load(path)
        if {entry.key: entry.value for entry in model.metadata_props} != describe(contract):
            onnx.helper.set_model_props(model, describe(contract))
            with replacing(path) as partial:
                partial.write_bytes(model.SerializeToString(deterministic=True))
            entry = {"name": path.name, "sha256": sha256(path)}
            dataclasses.replace(contract, files=contract.files | {"onnx": entry}).save(folder)
        digests[sha256(path)] = sha256(folder / FILE)
        print(f"{path}: {path.stat().st_size:,} bytes")
    with replacing(DIGESTS) as partial:
        partial.write_text(json.dumps(digests, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
