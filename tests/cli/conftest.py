import numpy as np
import pytest

from twelvelead.ecg.synthetic import synthetic_ecg


@pytest.fixture(scope="session", autouse=True)
def _traces(shared_traces):
    """See there."""


@pytest.fixture
def write_csv():
    """write_csv(path, seconds=, spoil=) -> the path of a CSV file of 12 leads in mV at 100 Hz."""

    def write(path, seconds=10, spoil=lambda signal: signal):
        ecg = synthetic_ecg("normal", seed=1, sampling_rate=100, seconds=seconds)
        table = np.column_stack([np.arange(len(ecg.signal)) / 100, spoil(ecg.signal)])
        path.parent.mkdir(parents=True, exist_ok=True)
        heading = ",".join(["time (s)", *(f"{lead} (mV)" for lead in ecg.leads)])
        np.savetxt(path, table, "%.4f", ",", header=heading, comments="")
        return path

    return write


def _flat(signal):
    signal = signal.copy()
    signal[:, 0] = 0
    return signal


@pytest.fixture
def files(tmp_path, write_csv):
    """One file of each fate: read, refused, and not read."""
    (tmp_path / "torn.hea").write_text("torn 12 100 1000\n")
    return {
        "good": write_csv(tmp_path / "good.csv"),
        "flat": write_csv(tmp_path / "flat.csv", spoil=_flat),
        "torn": tmp_path / "torn.hea",
        "absent": tmp_path / "absent.csv",
    }
