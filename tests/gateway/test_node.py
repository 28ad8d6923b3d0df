"""What a sender of DICOM is told, and what is kept then."""

import io
import socket
import ssl
import subprocess
import threading
import time
from contextlib import contextmanager

import pytest
from pydicom import dcmread
from pydicom.uid import (
    CTImageStorage,
    General32bitECGWaveformStorage,
    GeneralECGWaveformStorage,
    ImplicitVRLittleEndian,
)
from pynetdicom import AE, build_context
from pynetdicom.dimse_primitives import C_STORE
from pynetdicom.sop_class import Verification

from hospital import LOCAL, as_file, ecg_object, send, until
from twelvelead.errors import TwelveLeadError
from twelvelead.gateway import node
from twelvelead.gateway.arriving import STORE
from twelvelead.gateway.node import Node
from twelvelead.gateway.settings import Node as NodeSettings
from twelvelead.gateway.waiting import wait_for_what_comes


@pytest.fixture(autouse=True)
def refused_at_once(monkeypatch):
    monkeypatch.setattr(node, "REFUSAL_SECONDS", 0.0)


@contextmanager
def listening(made, **settings):
    listener = Node(NodeSettings(**{"port": 0} | settings), made.inbox, made.metrics)
    listener.start()
    try:
        yield listener.port
    finally:
        listener.stop()


def statuses(answers):
    return [answer.get("Status") for answer in answers]


def counted(made, outcome):
    return made.metrics.registry.get_sample_value("twelvelead_arrived_total", {"way": "dicom", "outcome": outcome})


def data_set(content):
    """The bytes from the SOP class on."""
    return content[content.index(b"\x08\0\x16\0") :]


def test_an_object_is_kept_byte_for_byte_before_its_success_is_told(parts):
    made, data = parts(), ecg_object()
    kept = []
    take = made.inbox.take

    def spied(*arguments, **named):
        taken = take(*arguments, **named)
        kept.append(made.originals())  # what another process would see at this moment
        return taken

    made.inbox.take = spied
    with listening(made) as port:
        assert statuses(send(port, data)) == [0x0000]
    ((content,),) = kept
    assert data_set(content) == data_set(as_file(data))
    assert dcmread(io.BytesIO(content)).file_meta.TransferSyntaxUID == data.file_meta.TransferSyntaxUID
    (job,) = made.jobs("report", "queued")
    (recording,) = made.recordings()
    assert (job.recording, recording.owner, recording.state) == (recording.id, "gateway", "received")


@pytest.mark.parametrize(("sop_class", "bits"), [(GeneralECGWaveformStorage, 16), (General32bitECGWaveformStorage, 32)])
def test_the_other_classes_of_ecgs_are_taken_too(parts, sop_class, bits):
    made = parts()
    with listening(made) as port:
        assert statuses(send(port, ecg_object(sop_class=sop_class, bits=bits))) == [0x0000]
    assert len(made.recordings()) == 1


def test_storescu_and_echoscu_are_served(parts, program, tmp_path):
    made = parts()
    (tmp_path / "ecg.dcm").write_bytes(as_file(ecg_object()))
    with listening(made) as port:
        there = (LOCAL, str(port))
        subprocess.run([program("echoscu"), "-aec", "TWELVELEAD", *there], check=True)
        for _ in range(2):
            subprocess.run([program("storescu"), "-aec", "TWELVELEAD", *there, tmp_path / "ecg.dcm"], check=True)
    assert len(made.recordings()) == 1
    assert len(made.jobs("report")) == 1


def test_an_object_in_another_transfer_syntax_is_kept_as_it_came(parts):
    made, data = parts(), ecg_object()
    entity = AE()
    entity.add_requested_context(data.SOPClassUID, ImplicitVRLittleEndian)
    data.file_meta.TransferSyntaxUID = ImplicitVRLittleEndian
    with listening(made) as port:
        association = entity.associate(LOCAL, port, ae_title="TWELVELEAD")
        assert association.send_c_store(data).Status == 0x0000
        association.release()
    found = dcmread(io.BytesIO(made.originals()[0]))
    assert (found.file_meta.TransferSyntaxUID, found.PatientID) == (ImplicitVRLittleEndian, "4711")


def test_the_same_uid_with_other_bytes_is_a_listed_conflict_and_what_came_first_stays(parts):
    made, data = parts(), ecg_object()
    with listening(made) as port:
        first = send(port, data, data)
        data.PatientID = "4712"
        (second,) = send(port, data)
        assert statuses([*first, second, *send(port, data, ecg_object())]) == [0, 0, 0x0111, 0x0111, 0]
    assert "4712" not in second.ErrorComment
    (listed,) = made.jobs("receive", "dead")
    assert listed.reason.startswith("conflict:")
    assert [dcmread(io.BytesIO(content)).PatientID for content in made.originals()] == ["4711", "4711"]


def test_an_object_without_a_waveform_has_the_status_of_the_standard(parts):
    made, bare = parts(), ecg_object()
    del bare.WaveformSequence
    with listening(made) as port:
        (answer,) = send(port, bare)
        assert (answer.Status, answer.ErrorComment) == (0xA900, "the data set holds no waveform")
        assert statuses(send(port, ecg_object())) == [0x0000]
    assert counted(made, "not-found") == 1
    assert len(made.recordings()) == 1


def store_raw(port, data, content):
    """The status of a C-STORE of these bytes as the data set."""
    context = build_context(data.SOPClassUID, data.file_meta.TransferSyntaxUID)
    association = AE().associate(LOCAL, port, contexts=[context], ae_title="TWELVELEAD")
    request = C_STORE()
    request.MessageID, request.Priority = 1, 2
    request.AffectedSOPClassUID, request.AffectedSOPInstanceUID = data.SOPClassUID, data.SOPInstanceUID
    request.DataSet = io.BytesIO(content)
    association._reactor_checkpoint.clear()
    association.dimse.send_msg(request, association.accepted_contexts[0].context_id)
    _, answer = association.dimse.get_msg(block=True)
    association._reactor_checkpoint.set()
    association.release()
    return answer.Status


def test_a_truncated_object_cannot_be_understood_and_one_of_another_uid_does_not_match(parts):
    made, data, other = parts(), ecg_object(), ecg_object()
    content = data_set(as_file(data))
    with listening(made) as port:
        assert store_raw(port, data, content[:-1000]) == 0xC000
        assert store_raw(port, data, b"\xff" * 1000) == 0xC000
        assert store_raw(port, other, content) == 0xA900
        assert made.recordings() == ()
        assert store_raw(port, data, content) == 0x0000
    assert len(made.recordings()) == 1


def test_objects_of_other_classes_are_not_negotiated(parts):
    made, entity = parts(), AE()
    entity.add_requested_context(CTImageStorage)
    entity.add_requested_context(GeneralECGWaveformStorage)
    with listening(made) as port:
        association = entity.associate(LOCAL, port, ae_title="TWELVELEAD")
        assert [each.abstract_syntax for each in association.accepted_contexts] == [GeneralECGWaveformStorage]
        association.release()


@pytest.mark.parametrize(
    ("settings", "how"),
    [
        ({"calling": ["CART"]}, {"calling": "STRANGER"}),
        ({}, {"called": "ANOTHER"}),
        ({"addresses": ["10.1.2.0/24"]}, {}),
    ],
)
def test_who_is_not_allowed_has_no_association(parts, settings, how):
    made = parts()
    with listening(made, **settings) as port, pytest.raises(ConnectionError):
        send(port, ecg_object(), **how)
    assert made.recordings() == ()


def test_who_is_allowed_has_one(parts):
    made = parts()
    with listening(made, calling=["CART"], addresses=["127.0.0.0/8"]) as port:
        assert statuses(send(port, ecg_object())) == [0x0000]


def statuses_or_none(port, data):
    try:
        return statuses(send(port, data))
    except ConnectionError:
        return None


def test_more_associations_than_are_allowed_are_turned_away_for_the_moment(parts):
    made, data = parts(), ecg_object()
    with listening(made, associations=2) as port:
        entity = AE()
        entity.add_requested_context(data.SOPClassUID)
        held = [entity.associate(LOCAL, port, ae_title="TWELVELEAD") for _ in range(3)]
        assert [each.is_established for each in held] == [True, True, False]
        held[0].release()
        until(lambda: statuses_or_none(port, ecg_object()) == [0x0000])
        held[1].release()


def test_a_message_larger_than_is_taken_ends_its_association_without_being_held(parts):
    made = parts()
    with listening(made, object_bytes=10_000) as port:
        (answer,) = send(port, ecg_object())
        assert "Status" not in answer
        with socket.create_connection((LOCAL, port)) as hostile:
            hostile.sendall(b"\x01\0" + (1 << 30).to_bytes(4, "big"))  # an association request of a gigabyte
            hostile.settimeout(10)
            assert hostile.recv(1) == b""
        small = ecg_object()
        small.WaveformSequence[0].WaveformData = bytes(1200)
        assert statuses(send(port, small)) == [0x0000]


def test_a_full_disk_is_told_as_out_of_resources_and_passes(parts, monkeypatch):
    made = parts()

    def full(*contents):
        raise TwelveLeadError("no space left", code="not-writable")

    with listening(made) as port:
        monkeypatch.setattr(made.ledger, "begin", full)
        (answer,) = send(port, ecg_object())
        assert (answer.Status, answer.ErrorComment) == (0xA700, "the disk is full")
        assert STORE in made.state.faults
        made.inbox.watch()
        assert statuses(send(port, ecg_object())) == [0xA700]
        monkeypatch.undo()
        made.inbox.watch()
        assert made.state.faults == {}
        assert statuses(send(port, ecg_object())) == [0x0000]
    assert len(made.recordings()) == 1


def test_no_more_is_taken_than_can_be_done(parts):
    made = parts(queue=2)
    with listening(made) as port:
        assert statuses(send(port, ecg_object(), ecg_object())) == [0, 0]
        made.inbox.watch()
        (answer,) = send(port, ecg_object())
        assert (answer.Status, answer.ErrorComment) == (0xA700, "too many recordings wait")
        with made.ledger.begin() as books:
            for job in books.jobs.list("report"):
                books.jobs.complete(books.jobs.claim("report", job.changed - job.created))
        made.inbox.watch()
        assert statuses(send(port, ecg_object())) == [0x0000]


def test_a_sender_does_not_idle_while_its_object_is_being_kept(parts, monkeypatch):
    made = parts()
    take = made.inbox.take

    def slowly(*arguments, **named):
        time.sleep(0.5)
        return take(*arguments, **named)

    monkeypatch.setattr(made.inbox, "take", slowly)
    with listening(made, idle_seconds=0.3) as port:
        assert statuses(send(port, ecg_object(), ecg_object())) == [0x0000, 0x0000]


def test_a_sender_that_idles_is_sent_away_and_can_come_again(parts):
    made, entity = parts(), AE()
    entity.add_requested_context(GeneralECGWaveformStorage)
    with listening(made, idle_seconds=0.3) as port:
        association = entity.associate(LOCAL, port, ae_title="TWELVELEAD")
        until(lambda: not association.is_established, 10)
        assert statuses(send(port, ecg_object())) == [0x0000]


def test_many_echoes_over_one_association_are_no_large_message(parts, monkeypatch):
    made, entity = parts(), AE()
    entity.add_requested_context(Verification)
    monkeypatch.setattr(node, "_BEYOND_OBJECT", 1 << 11)
    with listening(made, object_bytes=1) as port:
        association = entity.associate(LOCAL, port, ae_title="TWELVELEAD")
        wait_for_what_comes(association).socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        assert {association.send_c_echo().get("Status") for _ in range(60)} == {0x0000}
        association.release()


def test_tls_is_spoken_and_a_wrong_certificate_holds_up_nobody(parts, certificates):
    made = parts()
    ours = {"tls_certificate": certificates / "server.crt", "tls_key": certificates / "server.key"}
    with listening(made, **ours, tls_client_ca=certificates / "ca.crt") as port:
        known = ssl.create_default_context(cafile=certificates / "ca.crt")
        stranger = ssl.create_default_context(cafile=certificates / "ca.crt")
        known.load_cert_chain(certificates / "client.crt", certificates / "client.key")
        stranger.load_cert_chain(certificates / "stranger.crt", certificates / "stranger.key")
        with socket.create_connection((LOCAL, port)):  # says nothing, and holds nobody up
            for context in (stranger, None):
                with pytest.raises(ConnectionError):
                    send(port, ecg_object(), tls=context)
            assert statuses(send(port, ecg_object(), tls=known)) == [0x0000]
    assert len(made.recordings()) == 1


def test_a_node_that_cannot_listen_says_so_in_a_line(parts):
    made = parts()
    with listening(made) as port, pytest.raises(TwelveLeadError, match=rf"port {port}: .*\[dicom\]"):
        Node(NodeSettings(port=port), made.inbox, made.metrics)


def test_objects_that_come_at_one_time_are_all_kept(parts):
    made = parts()
    answers = []

    def cart():
        answers.extend(send(port, *(ecg_object() for _ in range(5))))

    with listening(made) as port:
        carts = [threading.Thread(target=cart) for _ in range(4)]
        for each in carts:
            each.start()
        for each in carts:
            each.join(60)
    assert statuses(answers) == [0x0000] * 20
    assert len(made.recordings()) == 20
