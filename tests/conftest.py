"""Where the real data lie, for the tests that want them."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from twelvelead.data.ptbxl.prepare import prepare
from twelvelead.data.store import Store

SHARED = Path(os.environ.get("TWELVELEAD_SHARED", Path(__file__).parents[2] / "shared"))


@pytest.fixture(scope="session")
def shared_ptbxl() -> Path:
    """The packed real PTB-XL, folds 1-9, with its `unpack.py`."""
    folder = SHARED / "ptb-xl"
    if not (folder / "unpack.py").is_file():
        pytest.skip(
            f"no packed PTB-XL in {folder}; set TWELVELEAD_SHARED to the folder that holds ptb-xl/ and formats/"
        )
    return folder


@pytest.fixture(scope="session")
def shared_formats() -> Path:
    """Real ECG files in vendors' formats."""
    folder = SHARED / "formats"
    if not folder.is_dir():
        pytest.skip(f"no ECG files in {folder}; set TWELVELEAD_SHARED to the folder that holds ptb-xl/ and formats/")
    return folder


@pytest.fixture(scope="session")
def ptbxl_folder(shared_ptbxl: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The first 200 real records of each of the folds 8 and 9, laid out as PhysioNet does. Not to be changed."""
    folder = tmp_path_factory.mktemp("ptbxl") / "folder"
    unpack = [sys.executable, str(shared_ptbxl / "unpack.py"), str(folder), "--folds", "8", "9", "--limit", "200"]
    subprocess.run(unpack, check=True, stdout=subprocess.DEVNULL)
    return folder


@pytest.fixture(scope="session")
def ptbxl_store(ptbxl_folder: Path) -> Store:
    """The store of `ptbxl_folder`: 400 records of 10 s at 100 Hz."""
    return prepare(ptbxl_folder, ptbxl_folder.with_name("store")).store
