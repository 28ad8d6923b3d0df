"""The package with the lowest versions that pyproject.toml allows, in an environment of its own.

    python3.11 tools/lowest.py [EXTRA ...]

Installs the floors of the dependencies and of the named extras, runs `twelvelead demo` with each of the weights
that ship, and the tests of what the extras carry (`TESTS`). Ends with an error where something cannot be installed or
fails: raise the floor in pyproject.toml then. Without an extra it tells that ONNX Runtime and the command line work as
low as is said. Several extras at once show that their floors go together; `train` loads hundreds of megabytes. With S3
pip tries many versions of what stands below, for half an hour; PIP_CONSTRAINT may name a list that is solved already.
"""

import re
import subprocess
import sys
import tempfile
import tomllib
from pathlib import Path

ROOT = Path(__file__).parents[1]
TESTS = {
    "train": ("tests/training/test_run.py", "tests/training/test_export.py", "tests/models"),
    "tune": ("tests/tuning/test_search.py",),
    "keras": ("tests/test_keras.py",),
    "frame": ("tests/inference/test_arrays.py",),
    "parquet": ("tests/inference/test_similar.py",),
    "hdf5": ("tests/data/test_containers.py",),
    "serve": ("tests/service/test_server.py", "tests/service/test_interpretations.py", "tests/ledger"),
    "postgresql": ("tests/ledger",),
    "hospital": ("tests/exchange", "tests/gateway"),
    "formats": ("tests/readers/test_formats.py",),
    "archive": ("tests/archive",),
    "ray": ("tests/archive/test_ray.py",),
}
"""What each extra carries."""

TESTING = (
    "pytest",
    "pytest-xdist",
    "hypothesis",
    "jsonschema",
    "httpx",
    "httpx2",
    "wfdb",
    "fhir.resources",
    "hl7",
    "hl7apy",
)
"""What these tests take beside it, at any version; `httpx` is for the oldest Starlette."""


def floors(extras: list[str]) -> list[str]:
    """The dependencies and those of the extras, each at its lowest version, as pip takes it: of several floors of one
    package the highest."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    wanted, pending = list(project["dependencies"]), list(extras)
    while pending:
        for requirement in project["optional-dependencies"][pending.pop()]:
            own = re.fullmatch(r"twelvelead\[(.*)\]", requirement)
            if own:
                pending += own[1].split(",")
            else:
                wanted.append(requirement)
    lowest: dict[str, str] = {}
    for requirement in wanted:
        name, version = re.split("[>=]=", requirement)
        lowest[name] = max(version, lowest.get(name, version), key=lambda text: [int(part) for part in text.split(".")])
    return [f"{name}=={version}" for name, version in lowest.items()]


def main() -> None:
    extras = sys.argv[1:]
    with tempfile.TemporaryDirectory() as folder:
        python = Path(folder) / "venv" / "bin" / "python"
        subprocess.run([sys.executable, "-m", "venv", python.parents[1]], check=True)
        found = floors(extras)
        print(" ".join(found), flush=True)
        testing = ["pytest", "pytest-xdist", "filelock", "hypothesis"] if extras else []
        subprocess.run([python, "-m", "pip", "install", "-q", *found, *testing], check=True)
        subprocess.run([python, "-m", "pip", "install", "-q", "--no-deps", ROOT], check=True)
        for weights in ("single", "ensemble", "reference"):
            out = Path(folder) / weights
            out.mkdir()
            subprocess.run([python, "-m", "twelvelead", "demo", "--weights", weights], cwd=out, check=True)
        tests = list(dict.fromkeys(test for extra in extras for test in TESTS.get(extra, ())))
        if tests:
            subprocess.run([python, "-m", "pytest", "-p", "no:cacheprovider", "-q", *tests], cwd=ROOT, check=True)


if __name__ == "__main__":
    main()
