"""Loggers that people use, against the real thing: a local MLflow server, and Weights & Biases without a network."""

import json
import os
import socket
import struct
import subprocess
import sys
import time
import urllib.request
from contextlib import contextmanager
from importlib.util import find_spec

import pytest

from twelvelead.training.recipe import Recipe
from twelvelead.training.run import train

MODULE = """
from lightning.pytorch.loggers import MLFlowLogger, WandbLogger


def mlflow():
    return MLFlowLogger(experiment_name="ecg", tracking_uri="{uri}")


def wandb():
    return WandbLogger(project="ecg", save_dir="{folder}", offline=True)
"""

TINY = """
epochs = 2
batch_size = 16
average_decay = 0.0
loggers = ["logging_of_mine:{name}"]
[model]
filters = [8, 8]
lstm_units = 8
ecg_units = 8
metadata_units = 4
units = 8
"""


@pytest.fixture
def run(tmp_path, generated_store, monkeypatch):
    """run(name, uri) -> a training with the logger of that name, and the AUROC of each epoch in its own log."""
    monkeypatch.setattr("twelvelead.training.run.finish", lambda *_, **__: None)

    def go(name, uri=""):
        (tmp_path / "logging_of_mine.py").write_text(MODULE.format(uri=uri, folder=tmp_path))
        (tmp_path / "tiny.toml").write_text(TINY.format(name=name))
        train(Recipe.load(tmp_path / "tiny.toml"), generated_store, tmp_path / "run", lambda line: None)
        rows = (tmp_path / "run" / "log.csv").read_text().splitlines()
        column = rows[0].split(",").index("validation_auroc")
        return [float(row.split(",")[column]) for row in rows[1:]]

    yield go
    sys.modules.pop("logging_of_mine", None)


@contextmanager
def server(folder):
    """The address of an MLflow server of our own, which keeps what it is told in a folder."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [sys.executable, "-m", "mlflow", "server", "--host", "127.0.0.1", "--port", str(port), "--workers", "1"]
    command += ["--backend-store-uri", f"sqlite:///{folder / 'mlflow.db'}", "--artifacts-destination", str(folder)]
    with (folder / "server.log").open("wb") as log:
        process = subprocess.Popen(command, cwd=folder, stdout=log, stderr=log, start_new_session=True)
        try:
            address = f"http://127.0.0.1:{port}"
            for _ in range(600):
                try:
                    urllib.request.urlopen(f"{address}/health", timeout=5).read()
                    break
                except OSError:
                    assert process.poll() is None, (folder / "server.log").read_text()
                    time.sleep(0.2)
            yield address
        finally:
            os.killpg(process.pid, 15)
            process.wait(timeout=60)


def asked(address, path, body):
    request = urllib.request.Request(
        f"{address}/api/2.0/mlflow/{path}", json.dumps(body).encode(), {"Content-Type": "application/json"}
    )
    return json.loads(urllib.request.urlopen(request, timeout=60).read())


def test_a_real_mlflow_server_holds_the_recipe_and_every_epoch(run, tmp_path):
    if find_spec("mlflow") is None or find_spec("flask") is None:
        pytest.skip("no MLflow with its server: pip install mlflow")
    with server(tmp_path) as address:
        aurocs = run("mlflow", address)
        experiment = json.loads(
            urllib.request.urlopen(
                f"{address}/api/2.0/mlflow/experiments/get-by-name?experiment_name=ecg", timeout=60
            ).read()
        )
        (held,) = asked(address, "runs/search", {"experiment_ids": [experiment["experiment"]["experiment_id"]]})["runs"]
        assert held["info"]["status"] == "FINISHED"
        params = {one["key"]: one["value"] for one in held["data"]["params"]}
        assert (params["name"], params["batch_size"], params["model/units"]) == ("tiny", "16", "8")
        history = urllib.request.urlopen(
            f"{address}/api/2.0/mlflow/metrics/get-history?run_id={held['info']['run_id']}&metric_key=validation_auroc",
            timeout=60,
        ).read()
        assert [one["value"] for one in json.loads(history)["metrics"]] == pytest.approx(aurocs)


def test_weights_and_biases_keeps_the_run_without_a_network(run, tmp_path, monkeypatch):
    wandb = pytest.importorskip("wandb", reason="no Weights & Biases: pip install wandb")
    monkeypatch.setenv("WANDB_MODE", "offline")
    monkeypatch.setenv("WANDB_SILENT", "true")
    monkeypatch.setenv("WANDB_X_DISABLE_STATS", "true")
    monkeypatch.setenv("WANDB_X_SERVICE_WAIT", "300")  # seconds; its process starts slowly on a busy machine
    aurocs = run("wandb")
    wandb.finish()
    (path,) = (tmp_path / "wandb").glob("offline-run-*/*.wandb")
    for _ in range(1500):  # a process of its own writes it, and goes on after finish() has come back
        records = kept_by_wandb(path)
        if records and records[-1].HasField("exit"):
            break
        time.sleep(0.2)
    config = {item.key: item.value_json for record in records for item in record.config.update}
    assert (json.loads(config["name"]), json.loads(config["batch_size"])) == ("tiny", 16)
    said = [item.value_json for record in records for item in record.history.item if named(item) == "validation_auroc"]
    assert [json.loads(one) for one in said] == pytest.approx(aurocs)


def named(item):
    return item.key or item.nested_key[-1]


def kept_by_wandb(path):
    """The records of a transaction log of Weights & Biases, without a last one that is not whole: LevelDB's log format,
    blocks of 32 KiB that hold pieces of records, each behind its checksum, length and kind."""
    from wandb.proto.wandb_internal_pb2 import Record

    content, place, records, begun = path.read_bytes(), 7, [], b""
    while place + 7 <= len(content):
        if 2**15 - place % 2**15 < 7:  # a block ends with zeros where no header fits
            place = (place // 2**15 + 1) * 2**15
            continue
        length, kind = struct.unpack_from("<HB", content, place + 4)
        begun += content[place + 7 : place + 7 + length]
        place += 7 + length
        if kind in (1, 4) and place <= len(content):  # a whole record, or its last piece
            records.append(Record.FromString(begun))
            begun = b""
    return records
