"""`import twelvelead` is light, and what it offers comes when it is asked for."""

import subprocess
import sys
from pathlib import Path

import pytest

import twelvelead

HEAVY = ("torch", "lightning", "keras", "tensorflow", "jax", "onnxruntime", "matplotlib", "scipy", "pandas", "typer")


def loaded_after(code):
    """Which of the heavy packages a fresh process has loaded."""
    code += f"; import sys; print(*[name for name in {HEAVY} if name in sys.modules])"
    return subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True).stdout.split()


def test_importing_loads_nothing_heavy():
    assert loaded_after("import twelvelead; twelvelead.ECG, twelvelead.Refused") == []


def test_reading_loads_nothing_heavy():
    assert loaded_after("import twelvelead; twelvelead.read") == []


def test_the_command_line_loads_only_what_parses():
    assert loaded_after("import twelvelead.cli.main") == ["typer"]


def test_an_answer_at_another_rate_loads_the_runtime_alone():
    code = "import twelvelead; from twelvelead.ecg.synthetic import synthetic_ecg; ecg = synthetic_ecg('normal')"
    assert loaded_after(f"{code}; assert ecg.sampling_rate == 500; twelvelead.load().predict(ecg)") == ["onnxruntime"]


def test_every_public_name_is_there():
    assert all(getattr(twelvelead, name) is not None for name in twelvelead.__all__)


def test_another_name_is_an_attribute_error():
    with pytest.raises(AttributeError, match="module 'twelvelead' has no attribute 'raed'"):
        twelvelead.raed  # noqa: B018


def test_the_version_is_that_of_the_installed_package():
    from importlib.metadata import version

    assert twelvelead.__version__ == version("twelvelead")


def test_the_citation_states_the_version():
    citation = (Path(__file__).parents[1] / "CITATION.cff").read_text(encoding="utf-8")
    assert f"\nversion: {twelvelead.__version__}\n" in citation
