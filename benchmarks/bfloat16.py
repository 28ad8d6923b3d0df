"""What bfloat16 through OpenVINO would gain over ONNX Runtime in float32, and by how much its answers differ.

    pip install openvino
    python benchmarks/bfloat16.py STORE [--weights single] [--records 512] [--batch 32] [--turns 3]

STORE holds PTB-XL at 100 Hz. All ways run the same ONNX file on one thread and take turns over the same records of fold
9; the ratio is that of the medians. The differences are of calibrated probabilities, over the whole of fold 9, and of
the two precisions of OpenVINO alone. A processor without bfloat16 arithmetic computes in float32 whatever is asked for:
then the benchmark says so and no difference means anything.
"""

import argparse
import statistics
import time
from collections.abc import Callable

import numpy as np
import onnxruntime
from numpy.typing import NDArray

from twelvelead.data.store import Store
from twelvelead.data.tasks import select
from twelvelead.weights import Contract, file, find

BAR = 1.3
Network = Callable[[NDArray[np.float32], NDArray[np.float32]], NDArray[np.float32]]


def onnx_runtime(path: str) -> Network:
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    session = onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])
    return lambda ecg, features: np.asarray(session.run(["probabilities"], {"ecg": ecg, "features": features})[0])


def openvino(path: str, precision: str) -> tuple[Network, str]:
    """The network, and the precision in which it computes indeed."""
    import openvino as ov

    hints = {"INFERENCE_PRECISION_HINT": precision, "INFERENCE_NUM_THREADS": 1, "NUM_STREAMS": 1}
    compiled = ov.Core().compile_model(path, "CPU", hints)
    found = compiled.get_property("INFERENCE_PRECISION_HINT").get_type_name()
    output = compiled.output("probabilities")
    return lambda ecg, features: np.array(compiled({"ecg": ecg, "features": features})[output]), found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("store", help="PTB-XL at 100 Hz, as `twelvelead ptbxl prepare` makes it")
    parser.add_argument("--weights", default="single")
    parser.add_argument("--records", type=int, default=512, help="that are timed")
    parser.add_argument("--batch", type=int, default=32)
    parser.add_argument("--turns", type=int, default=3)
    options = parser.parse_args()
    import openvino as ov

    folder = find(options.weights)
    contract, path = Contract.load(folder), str(file(folder, "onnx"))
    store = Store.open(options.store)
    records = select(store, 9)
    ecgs, features = store.millivolts(records), np.array(store.features[records])
    print("the processor computes in", ", ".join(ov.Core().get_property("CPU", "OPTIMIZATION_CAPABILITIES")))
    full, _ = openvino(path, "f32")
    half, found = openvino(path, "bf16")
    ways = {"ONNX Runtime, float32": onnx_runtime(path), "OpenVINO, float32": full, f"OpenVINO, {found}": half}

    def answers(network: Network, count: int) -> NDArray[np.float32]:
        starts = range(0, count, options.batch)
        return np.concatenate(
            [network(ecgs[at : at + options.batch], features[at : at + options.batch]) for at in starts]
        )

    count = min(options.records, len(ecgs))
    seconds: dict[str, list[float]] = {name: [] for name in ways}
    for turn in range(options.turns + 1):
        for name, network in ways.items():
            begun = time.perf_counter()
            answers(network, count)
            if turn:  # the first one warms up
                seconds[name].append(time.perf_counter() - begun)
    base = statistics.median(seconds["ONNX Runtime, float32"])
    for name, taken in seconds.items():
        middle = statistics.median(taken)
        print(f"{name}: {count / middle:.0f} records/s, {base / middle:.2f} times ONNX Runtime")
    if found != "bf16":
        print(f"this processor has no bfloat16: OpenVINO computed in {found}; nothing to gain here (bar {BAR})")
        return
    one, other = (contract.heads[0].calibrated(answers(network, len(ecgs))) for network in (full, half))
    for name, difference in zip(contract.classes, np.abs(one - other).max(axis=0), strict=True):
        print(f"{name}: at most {difference:.4f} apart, {len(ecgs)} records of fold 9")


if __name__ == "__main__":
    main()
