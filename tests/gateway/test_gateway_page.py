"""docs/gateway.md is run: every command of it, in its order."""

import os
import re
import signal
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

import pytest

from hospital import as_file, ecg_object, free_port
from twelvelead.gateway.settings import (
    Answering,
    DicomDestination,
    FhirDestination,
    Folder,
    Hl7Destination,
    Node,
    Settings,
)

PAGE = (Path(__file__).parents[2] / "docs" / "gateway.md").read_text(encoding="utf-8")


def test_every_command_of_the_page_does_what_it_says(tmp_path, program):
    for name in ("Orthanc", "storescu", "curl"):
        program(name)
    commands = "\n".join(re.findall(r"```bash\n(.*?)```", PAGE, re.DOTALL))
    for port in ("8042", "4242", "11112"):
        commands = commands.replace(port, str(free_port()))
    monitor = free_port()
    commands = commands.replace("8766", str(monitor)).replace(
        'store = "store"', f'store = "store"\nmonitor_port = {monitor}'
    )
    twelvelead = tmp_path / "bin" / "twelvelead"
    twelvelead.parent.mkdir()
    twelvelead.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m twelvelead "$@"\n')
    twelvelead.chmod(0o755)
    (tmp_path / "bin" / "python").symlink_to(sys.executable)
    (tmp_path / "ecg.dcm").write_bytes(as_file(ecg_object()))
    environment = os.environ | {"PATH": f"{twelvelead.parent}:{os.environ['PATH']}", "OMP_NUM_THREADS": "1"}
    with subprocess.Popen(
        ["bash", "-c", "set -euo pipefail\n" + commands],
        cwd=tmp_path,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    ) as running:
        try:
            said, _ = running.communicate(timeout=600)
        finally:
            with suppress(ProcessLookupError):
                os.killpg(running.pid, signal.SIGKILL)
    assert running.returncode == 0, said
    assert '"CountStudies" : 1' in said
    assert "deliver.archive: 0 waiting, 2 done, 0 dead letters" in said


@pytest.mark.parametrize("part", [Settings, Answering, Node, Folder, DicomDestination, FhirDestination, Hl7Destination])
def test_the_table_of_settings_is_whole(part):
    table = PAGE.split("| setting |")[1].split("\n\n")[0]
    named = set(re.findall(r"\w+", " ".join(re.findall(r"`([^`]*)`", table))))
    assert set(part.model_fields) - named == set()
