"""One ECG in a warm process: read, gate, resample, measure, predict, decide; against the bare ONNX Runtime call and
Keras `predict`.

    python benchmarks/one_ecg.py PLACE [--weights single] [--threads 1] [--no-measure] [--keras PYTHON]
                                 [--records 200]

PLACE is a recording, which is read again and again, or a folder of WFDB records of 10 s. All three take turns, ten
records each. Keras runs the reference network in a process of its own and gets ready arrays; PYTHON is an interpreter
that has keras and a backend. Without it, Keras is left out.
"""

import argparse
import os
import statistics
import subprocess
import sys
import time
from importlib.resources import files
from pathlib import Path

import numpy as np
import onnxruntime
from numpy.typing import NDArray

import twelvelead
from twelvelead.inference.engine import Engine
from twelvelead.weights import file

MEASURED_BAR, WARM_BAR, KERAS_BAR = 3.0, 1.3, 8.0

BLOCK = 10
"""Calls in a turn: the threads of the one before spin for a moment, and would slow each single call after it."""

KERAS = """
import sys, time
import numpy as np
try:
    from tensorflow.keras.models import load_model
except ModuleNotFoundError:
    from keras.models import load_model
import twelvelead.keras  # registers the model's own layers
model = load_model(sys.argv[1], compile=False)
out, sys.stdout = sys.stdout, sys.stderr
while data := sys.stdin.buffer.read(4 * (1000 * 12 + 2)):
    array = np.frombuffer(data, np.float32)
    begun = time.perf_counter()
    answer = model.predict([array[:-2].reshape(1, 1000, 12), array[-2:][None]], verbose=0)
    out.write(f"{time.perf_counter() - begun} {answer[0].tolist()}\\n")
    out.flush()
"""


def ask(keras: "subprocess.Popen[bytes]", inputs: dict[str, NDArray[np.float32]]) -> tuple[float, NDArray[np.float64]]:
    """Seconds that Keras took for one recording, measured in its own process, and its probabilities."""
    assert keras.stdin is not None
    assert keras.stdout is not None
    keras.stdin.write(inputs["ecg"].tobytes() + inputs["features"].tobytes())
    keras.stdin.flush()
    seconds, numbers = keras.stdout.readline().decode().split(" ", 1)
    return float(seconds), np.array([float(number) for number in numbers.strip("[]\n ").split(",")])


def main() -> None:
    parser = argparse.ArgumentParser(description="One ECG in a warm process.")
    parser.add_argument("place", type=Path)
    parser.add_argument("--weights", default="single")
    parser.add_argument("--threads", type=int)
    parser.add_argument("--no-measure", action="store_true")
    parser.add_argument("--keras")
    parser.add_argument("--records", type=int, default=200)
    options = parser.parse_args()
    engine = Engine(options.weights, options.threads)
    settings = onnxruntime.SessionOptions()
    settings.intra_op_num_threads = options.threads or 0
    bare = onnxruntime.InferenceSession(
        str(file(options.weights, "onnx")), settings, providers=["CPUExecutionProvider"]
    )
    keras = None
    if options.keras:
        h5 = files(twelvelead) / "weights" / "reference" / "Final-ECG-Model.h5"
        command = [options.keras, "-c", KERAS, str(h5)]
        environment = os.environ | {"PYTHONPATH": str(Path(twelvelead.__file__).parents[1])}
        keras = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, env=environment
        )
    found = sorted(options.place.glob("**/*.hea")) if options.place.is_dir() else [options.place] * options.records
    headers = found[: options.records]
    if not headers:
        sys.exit(f"{options.place}: holds no WFDB records")
    rate = engine.contract.sampling_rate
    # on one thread, CPU time, so that what else the machine does falls out
    clock = time.process_time if options.threads == 1 else time.perf_counter
    mine, runtime, theirs, difference = [], [], [], 0.0
    for first in range(-BLOCK, len(headers), BLOCK):  # the first block warms up, and is repeated
        block = headers[max(first, 0) : max(first, 0) + BLOCK]
        ecgs = [twelvelead.read(header).resampled(rate) for header in block]
        inputs = [{"ecg": ecg.signal[None], "features": ecg.features[None]} for ecg in ecgs]
        begun = clock()
        for header in block:
            engine.predict(twelvelead.read(header), measure=not options.no_measure)
        turned = clock()
        answers = [np.asarray(bare.run(["probabilities"], given)[0])[0] for given in inputs]
        ended = clock()
        seconds = 0.0
        for given, answer in zip(inputs, answers, strict=True):
            if keras is not None:
                took, probabilities = ask(keras, given)
                seconds += took
                difference = max(difference, float(np.abs(probabilities - answer).max()))
        if first >= 0:
            mine.append((turned - begun) / len(block))
            runtime.append((ended - turned) / len(block))
            theirs.append(seconds / len(block))
    bar = WARM_BAR if options.no_measure else MEASURED_BAR
    ratio = statistics.median(a / b for a, b in zip(mine, runtime, strict=True))
    print(f"from the file to the answer  {statistics.median(mine) * 1e3:7.2f} ms")
    print(f"bare ONNX Runtime call       {statistics.median(runtime) * 1e3:7.2f} ms")
    print(f"{ratio:.2f} times the bare call (median of {len(mine)} turns; bar {bar:g})")
    failed = ratio > bar
    if keras is not None:
        keras.terminate()
        faster = statistics.median(b / a for a, b in zip(mine, theirs, strict=True))
        print(f"Keras predict                {statistics.median(theirs) * 1e3:7.2f} ms")
        print(f"{faster:.1f} times faster than Keras (bar {KERAS_BAR:g}); largest difference {difference:.1e}")
        failed = failed or faster < KERAS_BAR
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
