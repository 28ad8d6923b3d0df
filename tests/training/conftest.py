import csv

import pytest
import torch


@pytest.fixture(scope="session", autouse=True)
def _traces(shared_traces):
    """See there."""


@pytest.fixture
def epochs_only(monkeypatch):
    """Lets `train` end when the epochs are over: what follows does not depend on how often it was interrupted."""
    monkeypatch.setattr("twelvelead.training.run.finish", lambda training, data, folder, **_: folder / "weights")


@pytest.fixture(scope="session")
def log_rows():
    """log_rows(run) -> its log as dictionaries of text, without the seconds, which no two runs share."""

    def rows(run):
        with (run / "log.csv").open(newline="") as stream:
            return [{name: cell for name, cell in row.items() if name != "seconds"} for row in csv.DictReader(stream)]

    return rows


@pytest.fixture(scope="session")
def checkpoint():
    """checkpoint(run, name) -> what the checkpoint holds."""
    return lambda run, name: torch.load(run / "checkpoints" / f"{name}.ckpt", map_location="cpu", weights_only=True)


@pytest.fixture(scope="session")
def same_end(log_rows, checkpoint):
    """same_end(run, other) asserts that two runs ended alike: log, last and best weights, optimiser, what is kept."""

    def check(run, other):
        assert log_rows(run) == log_rows(other)
        kept = sorted(path.name for path in (run / "checkpoints").iterdir())
        assert kept == sorted(path.name for path in (other / "checkpoints").iterdir())
        for name in (path.removesuffix(".ckpt") for path in kept):
            one, two = checkpoint(run, name), checkpoint(other, name)
            assert one["epoch"] == two["epoch"]
            for part in ("state_dict", "current_model_state"):
                assert (part in one) == (part in two)
                for key, value in one.get(part, {}).items():
                    torch.testing.assert_close(value, two[part][key], atol=1e-6, rtol=0, msg=f"{name} {part} {key}")
            rates = [
                [group["lr"] for state in each.get("optimizer_states", ()) for group in state["param_groups"]]
                for each in (one, two)
            ]
            assert rates[0] == rates[1]

    return check
