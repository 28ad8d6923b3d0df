"""Orthanc forwards an ECG by a Lua rule, and holds the SR and the page in the same study afterwards."""

import http.client
import io
import json
import os
import subprocess
from contextlib import contextmanager

import pytest
from pydicom import dcmread

from hospital import LOCAL, as_file, ecg_object, free_port, gateway, send, until

FORWARD = """
function OnStoredInstance(instanceId, tags, metadata, origin)
  if tags["Modality"] == "ECG" then
    SendToModality(instanceId, "gateway")
  end
end
"""


class Orthanc:
    """A running Orthanc."""

    def __init__(self, http_port, dicom_port):
        self._http, self.port = http_port, dicom_port

    def ask(self, method, path, body=None):
        connection = http.client.HTTPConnection(LOCAL, self._http, timeout=30)
        connection.request(method, path, body)
        response = connection.getresponse()
        return response.status, response.read()

    def get(self, path):
        return json.loads(self.ask("GET", path)[1])

    def instances(self):
        """What it holds, decoded."""
        return [dcmread(io.BytesIO(self.ask("GET", f"/instances/{each}/file")[1])) for each in self.get("/instances")]


@pytest.fixture
def orthanc(tmp_path, program):
    """orthanc(port) -> a context with an Orthanc that forwards ECGs to a node at this port."""

    @contextmanager
    def running(gateway_port, dicom_port):
        folder = tmp_path / "orthanc"
        folder.mkdir()
        (folder / "forward.lua").write_text(FORWARD)
        web = free_port()
        settings = {
            "StorageDirectory": str(folder / "storage"),
            "HttpPort": web,
            "DicomPort": dicom_port,
            "DicomAet": "ORTHANC",
            "RemoteAccessAllowed": False,
            "AuthenticationEnabled": False,
            "Plugins": [],
            "LuaScripts": [str(folder / "forward.lua")],
            "DicomModalities": {"gateway": ["TWELVELEAD", LOCAL, gateway_port]},
        }
        (folder / "orthanc.json").write_text(json.dumps(settings))
        with (folder / "log").open("wb") as log:
            process = subprocess.Popen(
                [program("Orthanc"), str(folder / "orthanc.json")], stdout=log, stderr=log, env=os.environ
            )
        found = Orthanc(web, dicom_port)

        def answers():
            assert process.poll() is None, (folder / "log").read_text()
            try:
                return found.ask("GET", "/system")[0] == 200
            except OSError:
                return False

        try:
            until(answers)
            yield found
        finally:
            process.kill()
            process.wait()

    return running


def test_an_ecg_that_orthanc_gets_has_its_report_and_its_page_in_the_same_study(orthanc, tmp_path):
    dicom_port = free_port()
    config = tmp_path / "gateway.toml"
    config.write_text(
        'store = "store"\nmonitor_port = 0\nreserve_bytes = 0\n[answering]\nworkers = 1\n[dicom]\nport = 0\n'
        'calling = ["ORTHANC"]\n'
        f'[[destinations]]\nname = "archive"\nkind = "dicom"\nhost = "{LOCAL}"\nport = {dicom_port}\n'
        'ae_title = "ORTHANC"\n'
    )
    with gateway(config) as running, orthanc(running.port, dicom_port) as archive:
        first, second = ecg_object(PatientID="P1"), ecg_object(PatientID="P2")
        assert archive.ask("POST", "/instances", as_file(first))[0] == 200
        assert send(archive.port, second, called="ORTHANC")[0].Status == 0x0000
        until(lambda: len(archive.get("/instances")) == 6, 120, "both reports")
        held = archive.instances()
        for ecg in (first, second):
            study = [each for each in held if each.StudyInstanceUID == ecg.StudyInstanceUID]
            assert sorted(each.Modality for each in study) == ["DOC", "ECG", "SR"]
            assert {each.PatientID for each in study} == {ecg.PatientID}
            structured = next(each for each in study if each.Modality == "SR")
            evidence = structured.CurrentRequestedProcedureEvidenceSequence[0].ReferencedSeriesSequence[0]
            assert evidence.ReferencedSOPSequence[0].ReferencedSOPInstanceUID == ecg.SOPInstanceUID
        assert len(archive.get("/studies")) == 2
        assert len(archive.get("/patients")) == 2
