"""The package by itself with the lowest versions that pyproject.toml allows, in an environment of its own.

    python3.11 tools/lowest.py

Installs the floors of the dependencies, without extras, and runs `twelvelead demo` with each of the weights that ship.
Ends with an error where something fails.
"""

import subprocess
import sys
import tempfile
import tomllib
from pathlib import Path

ROOT = Path(__file__).parents[1]


def floors() -> list[str]:
    """Each dependency at its lowest version, as pip takes it."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    return [requirement.replace(">=", "==") for requirement in project["dependencies"]]


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        python = Path(folder) / "venv" / "bin" / "python"
        subprocess.run([sys.executable, "-m", "venv", python.parents[1]], check=True)
        print(" ".join(floors()), flush=True)
        subprocess.run([python, "-m", "pip", "install", "-q", *floors()], check=True)
        subprocess.run([python, "-m", "pip", "install", "-q", "--no-deps", ROOT], check=True)
        for weights in ("single", "ensemble", "reference"):
            out = Path(folder) / weights
            out.mkdir()
            subprocess.run([python, "-m", "twelvelead", "demo", "--weights", weights], cwd=out, check=True)


if __name__ == "__main__":
    main()
