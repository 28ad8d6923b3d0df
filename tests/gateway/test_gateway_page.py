"""docs/gateway.md is run: every command of it, in its order, between two Orthancs that are one."""

import http.client
import io
import json
import os
import re
import signal
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

import pydicom
import pytest

from hospital import LOCAL, as_file, ecg_object, free_port, until
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


@pytest.fixture
def running(tmp_path, program):
    """The commands of the page at work, as bash runs them, and the port of Orthanc's HTTP. Before they stop what they
    started, they leave a file `shown` and wait for one that is called `seen`."""
    for name in ("Orthanc", "storescu", "curl"):
        program(name)
    commands = "\n".join(re.findall(r"```bash\n(.*?)```", PAGE, re.DOTALL))
    web, monitor = free_port(), free_port()
    for port, ours in (("8042", web), ("4242", free_port()), ("11112", free_port()), ("8766", monitor)):
        commands = commands.replace(port, str(ours))
    commands = commands.replace('store = "store"', f'store = "store"\nmonitor_port = {monitor}')
    hold = "touch shown; until test -e seen; do sleep 0.1; done\n"
    commands = commands.replace("kill -TERM $GATEWAY", f"{hold}kill -TERM $GATEWAY", 1)
    twelvelead = tmp_path / "bin" / "twelvelead"
    twelvelead.parent.mkdir()
    twelvelead.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m twelvelead "$@"\n')
    twelvelead.chmod(0o755)
    (tmp_path / "bin" / "python").symlink_to(sys.executable)
    environment = os.environ | {"PATH": f"{twelvelead.parent}:{os.environ['PATH']}", "OMP_NUM_THREADS": "1"}
    (tmp_path / "ecg.dcm").write_bytes(as_file(ecg_object(PatientID="P1")))
    with (tmp_path / "said").open("wb") as said:
        process = subprocess.Popen(
            ["bash", "-c", "set -euo pipefail\n" + commands],
            cwd=tmp_path,
            env=environment,
            stdout=said,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        try:
            yield process, web
        finally:
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()


def ask(web, method, path, body=None):
    connection = http.client.HTTPConnection(LOCAL, web, timeout=30)
    connection.request(method, path, body)
    response = connection.getresponse()
    assert response.status == 200
    return response.read()


def test_every_command_of_the_page_does_what_it_says_and_studies_hold_their_reports(running, tmp_path):
    """The page's ECG comes by DICOM, another one by HTTP; both are forwarded by a rule in Lua."""
    process, web = running

    def said():
        return (tmp_path / "said").read_text()

    def shown():
        assert process.poll() is None, said()
        return (tmp_path / "shown").exists()

    until(shown, 600)
    first, second = pydicom.dcmread(tmp_path / "ecg.dcm"), ecg_object(PatientID="P2")
    ask(web, "POST", "/instances", as_file(second))
    until(lambda: len(json.loads(ask(web, "GET", "/instances"))) == 6, 120, "the report of the second ECG")
    found = json.loads(ask(web, "GET", "/instances"))
    held = [pydicom.dcmread(io.BytesIO(ask(web, "GET", f"/instances/{each}/file"))) for each in found]
    for ecg in (first, second):
        study = [each for each in held if each.StudyInstanceUID == ecg.StudyInstanceUID]
        assert sorted(each.Modality for each in study) == ["DOC", "ECG", "SR"]
        assert {each.PatientID for each in study} == {ecg.PatientID}
        structured = next(each for each in study if each.Modality == "SR")
        evidence = structured.CurrentRequestedProcedureEvidenceSequence[0].ReferencedSeriesSequence[0]
        assert evidence.ReferencedSOPSequence[0].ReferencedSOPInstanceUID == ecg.SOPInstanceUID
    assert [len(json.loads(ask(web, "GET", f"/{level}"))) for level in ("studies", "patients")] == [2, 2]
    (tmp_path / "seen").touch()
    assert process.wait(120) == 0, said()
    assert '"CountStudies" : 1' in said()
    assert "deliver.archive: 0 waiting, 2 done, 0 dead letters" in said()


@pytest.mark.parametrize("part", [Settings, Answering, Node, Folder, DicomDestination, FhirDestination, Hl7Destination])
def test_the_table_of_settings_is_whole(part):
    table = PAGE.split("| setting |")[1].split("\n\n")[0]
    named = set(re.findall(r"\w+", " ".join(re.findall(r"`([^`]*)`", table))))
    assert set(part.model_fields) - named == set()
