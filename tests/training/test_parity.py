"""What ships as safetensors and as ONNX is one function, on real recordings."""

import subprocess
import sys

import numpy as np
import onnxruntime
import pytest
import torch

from twelvelead.data.ptbxl.prepare import prepare
from twelvelead.training.forms import load_windowed
from twelvelead.weights import file, shipped

RECORDS = 500


@pytest.fixture(scope="module")
def fold_9(shared_ptbxl, tmp_path_factory):
    """ecg [500, 1000, 12] float32 mV and features [500, 2] of the first real records of fold 9."""
    folder = tmp_path_factory.mktemp("fold9")
    unpack = [sys.executable, str(shared_ptbxl / "unpack.py"), str(folder / "ptbxl"), "--folds", "9"]
    subprocess.run([*unpack, "--limit", str(RECORDS)], check=True, stdout=subprocess.DEVNULL)
    store = prepare(folder / "ptbxl", folder / "store").store
    return np.asarray(store.signals, np.float32) / 1000, np.array(store.features)


@pytest.mark.parametrize("name", shipped())
def test_pytorch_gives_what_onnx_gives_on_500_real_ecgs(fold_9, name):
    ecg, features = fold_9
    features[::7, 0], features[::5, 1] = np.nan, np.nan
    assert ecg.shape == (RECORDS, 1000, 12)
    session = onnxruntime.InferenceSession(file(name, "onnx"), providers=["CPUExecutionProvider"])
    windowed = load_windowed(name)
    widest = 0.0
    with torch.inference_mode():
        for start in range(0, RECORDS, 50):
            rows = slice(start, start + 50)
            onnx = session.run(["probabilities"], {"ecg": ecg[rows], "features": features[rows]})[0]
            pytorch = windowed(torch.from_numpy(ecg[rows]), torch.from_numpy(features[rows]))[0]
            assert onnx.std(axis=0).min() > 0.01
            widest = max(widest, float(np.abs(onnx - pytorch.numpy()).max()))
    assert widest < 1e-5
