"""What a run says of the machine it ran on."""

import json

import pytest

from twelvelead.training import hardware as module
from twelvelead.training.folder import note_hardware
from twelvelead.training.hardware import describe_hardware, processor


def test_the_processor_goes_by_the_name_that_linux_states(tmp_path):
    (tmp_path / "cpuinfo").write_text("vendor_id\t: GenuineIntel\nmodel name\t: Xeon 9 @ 3 GHz: new\nmodel name\t: b\n")
    assert processor(tmp_path / "cpuinfo") == "Xeon 9 @ 3 GHz: new"
    assert processor(tmp_path / "missing")


def test_the_recipe_decides_the_precision(tiny_recipe):
    assert describe_hardware(tiny_recipe(precision="float32"))["precision"] == "32-true"


def test_an_accelerator_is_named_with_how_many(monkeypatch):
    monkeypatch.setattr("torch.cuda.is_available", lambda: True)
    monkeypatch.setattr("torch.cuda.device_count", lambda: 2)
    monkeypatch.setattr("torch.cuda.get_device_name", lambda number: "NVIDIA H100")
    assert module.accelerator() == "2 x NVIDIA H100"


@pytest.mark.parametrize("threads", [1, 2])
def test_a_run_that_moves_to_another_machine_names_both(tiny_recipe, tmp_path, monkeypatch, threads):
    (tmp_path / "run.json").write_text('{"trained": false}')
    note_hardware(tmp_path, tiny_recipe())
    monkeypatch.setattr("torch.get_num_threads", lambda: threads)
    first = json.loads((tmp_path / "run.json").read_text())["hardware"]
    note_hardware(tmp_path, tiny_recipe())
    both = json.loads((tmp_path / "run.json").read_text())
    assert both["trained"] is False
    assert both["hardware"][0] == first[0]
    assert len(both["hardware"]) == len({1, 2} & {first[0]["threads"], threads})
