"""What becomes of a delivery, by what the receiver does."""

import json
import socket
import ssl
import subprocess
import time
from datetime import UTC, datetime

import pytest
from pydicom import dcmread
from pydicom.uid import ImplicitVRLittleEndian

from hospital import LOCAL, Archive, FhirServer, MllpServer, free_port, until
from twelvelead.exchange.forms import export
from twelvelead.exchange.report import Identity, Report
from twelvelead.gateway import send_dicom
from twelvelead.gateway.delivering import NotDelivered
from twelvelead.gateway.send_dicom import DicomSender
from twelvelead.gateway.send_fhir import FhirSender
from twelvelead.gateway.send_hl7 import Hl7Sender
from twelvelead.gateway.settings import DicomDestination, FhirDestination, Hl7Destination


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    """Form -> the file of a report."""
    from twelvelead.ecg.synthetic import synthetic_ecg
    from twelvelead.inference.engine import Engine

    answer = Engine("reference", threads=1).predict(synthetic_ecg("normal", sampling_rate=500))
    who = Identity(name="Doe^Jane", patient_id="4711", issuer="1.2.3")
    report = Report.of(answer, datetime(2026, 1, 31, tzinfo=UTC), identity=who, id="one", page=b"%PDF-1.4")
    found = {form: tmp_path_factory.mktemp("files") / "report" for form in ("dicom-sr", "dicom-pdf", "fhir", "oru")}
    for form, file in found.items():
        file.write_bytes(export(report, form))
    return found


def dicom(port, **settings):
    plain = {"name": "a", "kind": "dicom", "host": LOCAL, "port": port, "ae_title": "ARCHIVE", "seconds": 5}
    return DicomSender(DicomDestination(**plain | settings))


def fhir(url, **settings):
    return FhirSender(FhirDestination(**{"name": "f", "kind": "fhir", "url": url, "seconds": 5} | settings))


def hl7(port, **settings):
    return Hl7Sender(
        Hl7Destination(**{"name": "h", "kind": "hl7", "host": LOCAL, "port": port, "seconds": 2} | settings)
    )


def refused(sender, file):
    with pytest.raises(NotDelivered) as caught:
        sender.send(file)
    sender.close()
    return caught.value


def slow(monkeypatch, of, name, seconds):
    """Have a method stand still after what it does."""
    method = getattr(of, name)

    def slowed(*arguments):
        method(*arguments)
        time.sleep(seconds)

    monkeypatch.setattr(of, name, slowed)


class TestDicom:
    def test_both_objects_arrive_as_they_are_and_a_repeat_is_the_same(self, files):
        with Archive() as archive:
            sender = dicom(archive.port)
            for form in ("dicom-sr", "dicom-pdf", "dicom-sr"):
                sender.send(files[form])
            assert sender.check() == "C-ECHO is answered"
            sender.close()
            assert (archive.received, len(archive.objects), archive.differing) == (3, 2, set())
            for data in archive.datasets():
                assert (data.PatientID, str(data.PatientName)) == ("4711", "Doe^Jane")

    def test_storescp_of_dcmtk_takes_them(self, files, program, tmp_path):
        port = free_port()
        command = [program("storescp"), "-od", str(tmp_path), "-aet", "ARCHIVE", str(port)]
        with subprocess.Popen(command) as storescp:
            try:
                until(lambda: socket.socket().connect_ex((LOCAL, port)) == 0)
                sender = dicom(port)
                sender.send(files["dicom-sr"])
                sender.send(files["dicom-pdf"])
                sender.close()
            finally:
                storescp.terminate()
        assert sorted(dcmread(path).Modality for path in tmp_path.iterdir()) == ["DOC", "SR"]

    @pytest.mark.parametrize(
        ("status", "again"), [(0xA700, True), (0xA900, False), (0xC000, False), (0x0122, False), (0x0110, False)]
    )
    def test_a_status_says_whether_it_is_tried_again(self, files, status, again):
        with Archive() as archive:
            archive.status = status
            failure = refused(dicom(archive.port), files["dicom-sr"])
            assert (failure.again, failure.away) == (again, False)
            assert f"{status:04X}" in str(failure)

    def test_a_warning_is_a_success(self, files):
        with Archive() as archive:
            archive.status = 0xB000
            dicom(archive.port).send(files["dicom-sr"])

    def test_nobody_there_or_another_name_is_away(self, files):
        assert refused(dicom(free_port()), files["dicom-sr"]).away
        with Archive() as archive:
            archive._server.ae.require_called_aet = True
            failure = refused(dicom(archive.port, ae_title="ANOTHER"), files["dicom-sr"])
            assert (failure.again, failure.away) == (True, True)
            assert "rejects the association" in str(failure)

    def test_what_a_node_does_not_take_is_a_dead_letter(self, files):
        with Archive() as archive:
            archive._server.contexts[:] = [
                each for each in archive._server.contexts if "1.88.22" not in each.abstract_syntax
            ]
            sender = dicom(archive.port)
            failure = refused(sender, files["dicom-sr"])
            assert (failure.again, str(failure)) == (False, "it does not take SR objects")
            sender.send(files["dicom-pdf"])
            sender.close()

    def test_a_node_of_another_transfer_syntax_gets_it_in_that(self, files):
        with Archive() as archive:
            for each in archive._server.contexts:
                each.transfer_syntax = [ImplicitVRLittleEndian]
            sender = dicom(archive.port)
            sender.send(files["dicom-sr"])
            sender.close()
            (data,) = archive.datasets()
            assert data.PatientID == dcmread(files["dicom-sr"]).PatientID == "4711"

    def test_an_association_that_the_other_ended_is_made_again(self, files):
        with Archive() as archive:
            sender = dicom(archive.port)
            sender.send(files["dicom-sr"])
            for each in archive._server.active_associations:
                each.abort()
            sender.send(files["dicom-pdf"])
            sender.close()
            assert len(archive.objects) == 2

    def test_an_association_that_nothing_is_sent_over_is_released_and_made_again(self, files, monkeypatch):
        monkeypatch.setattr(send_dicom, "IDLE_SECONDS", 0.2)
        with Archive() as archive:
            sender = dicom(archive.port)
            for form in ("dicom-sr", "dicom-pdf"):
                sender.send(files[form])
            until(lambda: not archive._server.active_associations, 10)
            sender.send(files["dicom-sr"])
            sender.close()
            assert archive.received == 3

    def test_no_answer_is_taken_by_the_association_s_own_thread(self, files, monkeypatch):
        """It may stand still anywhere, as on a busy machine: here where it goes by, until the answer is there."""
        with Archive() as archive:
            sender = dicom(archive.port, seconds=1)
            sender.send(files["dicom-sr"])
            association = sender._association
            slow(monkeypatch, association._reactor_checkpoint.came, "clear", 0.1)
            slow(monkeypatch, association.dimse, "send_msg", 0.2)
            for _ in range(2):
                sender.send(files["dicom-sr"])
            assert sender._association is association
            sender.close()
            assert archive.received == 3

    def test_a_certificate_that_is_not_trusted_gets_nothing(self, files, certificates):
        def serve(name):
            context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
            context.load_cert_chain(certificates / f"{name}.crt", certificates / f"{name}.key")
            return Archive(tls=context)

        ours = {"host": "localhost", "tls": True, "tls_ca": certificates / "ca.crt"}
        with serve("server") as archive:
            sender = dicom(archive.port, **ours)
            sender.send(files["dicom-sr"])
            sender.close()
            assert len(archive.objects) == 1
        with serve("stranger") as archive:
            assert refused(dicom(archive.port, **ours), files["dicom-sr"]).away
            assert archive.objects == {}


class TestFhir:
    def test_a_transaction_is_done_once_however_often_it_comes(self, files, monkeypatch):
        monkeypatch.setenv("TOKEN", "abc")
        with FhirServer() as server:
            sender = fhir(server.url + "/", token={"env": "TOKEN"})
            sender.send(files["fhir"])
            sender.send(files["fhir"])
            assert sender.check() == "FHIR 4.0.1"
            sender.close()
            assert (server.posts, set(server.versions.values())) == (2, {1})
            assert server.authorization == "Bearer abc"
            (report,) = server.of_kind("DiagnosticReport")
            assert report["subject"]["identifier"] == {"value": "4711", "system": "urn:oid:1.2.3"}

    @pytest.mark.parametrize(
        ("status", "again", "away"),
        [
            (400, False, False),
            (404, False, False),
            (409, False, False),
            (412, False, False),
            (422, False, False),
            (408, True, False),
            (429, True, True),
            (500, True, False),
            (503, True, True),
        ],
    )
    def test_a_status_says_whether_it_is_tried_again(self, files, status, again, away):
        issue = {"severity": "error", "code": "multiple-matches", "diagnostics": "two patients Jane Doe"}
        body = json.dumps({"resourceType": "OperationOutcome", "issue": [issue]}).encode()
        with FhirServer() as server:
            server.answer = lambda bundle: (status, {"Retry-After": "7"}, body)
            failure = refused(fhir(server.url), files["fhir"])
        assert (failure.again, failure.away, failure.after) == (again, away, 7)
        assert str(failure) == f"the server answers {status}, multiple-matches"
        assert b"Jane Doe" in failure.said

    def test_a_redirect_is_not_followed(self, files):
        with FhirServer() as server, FhirServer() as other:
            server.answer = lambda bundle: (307, {"Location": other.url}, b"")
            failure = refused(fhir(server.url), files["fhir"])
            assert (failure.again, other.posts) == (False, 0)
            assert "redirects" in str(failure)

    @pytest.mark.parametrize(
        "body", [b"<html>log in</html>", b"[]", b'{"entry": [{"response": {"status": "422 Unprocessable"}}]}']
    )
    def test_a_success_that_is_none_is_a_dead_letter(self, files, body):
        with FhirServer() as server:
            server.answer = lambda bundle: (200, {}, body)
            assert not refused(fhir(server.url), files["fhir"]).again

    def test_nobody_there_or_no_answer_is_away(self, files):
        assert refused(fhir(f"http://{LOCAL}:{free_port()}"), files["fhir"]).away
        with socket.create_server((LOCAL, 0)) as silent:
            failure = refused(fhir(f"http://{LOCAL}:{silent.getsockname()[1]}", seconds=0.3), files["fhir"])
        assert (failure.again, failure.away) == (True, True)

    def test_a_certificate_that_is_not_trusted_gets_nothing(self, files, certificates):
        for name, well in (("server", True), ("stranger", False)):
            context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
            context.load_cert_chain(certificates / f"{name}.crt", certificates / f"{name}.key")
            with FhirServer() as server:
                server._server.socket = context.wrap_socket(server._server.socket, server_side=True)
                sender = fhir(f"https://localhost:{server.port}/fhir", tls_ca=certificates / "ca.crt")
                if well:
                    sender.send(files["fhir"])
                else:
                    assert "certificate" in str(refused(sender, files["fhir"]))
                assert server.posts == well

    def test_a_server_of_another_version_is_told(self, files):
        with FhirServer() as server:
            sender = fhir(server.url.replace("/fhir", "/other"))
            with pytest.raises(NotDelivered, match="404"):
                sender.check()


class TestHl7:
    def test_a_message_is_acknowledged_and_a_repeat_is_the_same(self, files):
        with MllpServer() as receiver:
            sender = hl7(receiver.port)
            sender.send(files["oru"])
            sender.send(files["oru"])
            assert sender.check() == "accepts connections"
            sender.close()
            assert (receiver.received, len(receiver.messages), receiver.differing) == (2, 1, set())

    @pytest.mark.parametrize(
        ("code", "error", "again"),
        [("AE", "", False), ("AE", "101", False), ("AE", "207", True), ("AR", "", True), ("AR", "203", False)],
    )
    def test_an_acknowledgement_says_whether_it_is_tried_again(self, files, code, error, again):
        with MllpServer() as receiver:
            receiver.code, receiver.error = code, error
            failure = refused(hl7(receiver.port), files["oru"])
        assert (failure.again, failure.away) == (again, False)
        assert str(failure) == f"the acknowledgement is {code}" + (f", error {error}" if error else "")

    def test_a_connection_that_the_other_ended_is_made_again(self, files):
        with MllpServer() as receiver:
            sender = hl7(receiver.port)
            sender.send(files["oru"])
            sender._connection.shutdown(socket.SHUT_RDWR)
            sender.send(files["oru"])
            sender.close()
            assert receiver.received == 2

    def test_no_answer_a_late_one_and_nobody_there_are_away(self, files):
        assert refused(hl7(free_port()), files["oru"]).away
        with socket.create_server((LOCAL, 0)) as silent:
            assert refused(hl7(silent.getsockname()[1], seconds=0.3), files["oru"]).away
        with MllpServer() as receiver:
            receiver.acknowledge = lambda content: b"MSH|^~\\&\rMSA|AA|another\r"
            failure = refused(hl7(receiver.port), files["oru"])
            assert (failure.away, str(failure)) == (True, "the acknowledgement is of another message")

    def test_over_tls_to_a_certificate_that_is_trusted_alone(self, files, certificates):
        for name, well in (("server", True), ("stranger", False)):
            context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
            context.load_cert_chain(certificates / f"{name}.crt", certificates / f"{name}.key")
            with MllpServer() as receiver:
                receiver._server.socket = context.wrap_socket(receiver._server.socket, server_side=True)
                sender = hl7(receiver.port, host="localhost", tls=True, tls_ca=certificates / "ca.crt")
                if well:
                    sender.send(files["oru"])
                    sender.close()
                else:
                    assert "certificate" in str(refused(sender, files["oru"]))
                assert len(receiver.messages) == well
