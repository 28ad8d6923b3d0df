"""A gateway in a process of its own, between real partners: everything that comes goes out once, whatever happens."""

import json
import os
import resource
import signal
import threading
import time
from pathlib import Path
from typing import NamedTuple

import pytest
from pydicom.uid import UID

from hospital import LOCAL, Archive, FhirServer, MllpServer, Running, ecg_object, free_port, gateway, send, until
from twelvelead.gateway.settings import load_settings, open_ledger
from twelvelead.ledger import Event, NewReading

HEAD = 'store = "store"\nmonitor_port = 0\nreserve_bytes = 0\nretry_seconds = 0.1\nretry_longest_seconds = 0.5\n'
ANSWERING = '[answering]\nworkers = 1\nweights = "reference"\nmeasure = false\n'


def dicom(port):
    return (
        f'[[destinations]]\nname = "archive"\nkind = "dicom"\nhost = "{LOCAL}"\nport = {port}\nae_title = "ARCHIVE"\n'
        "pdf = false\n"
    )


def fhir(port):
    return f'[[destinations]]\nname = "emr"\nkind = "fhir"\nurl = "http://{LOCAL}:{port}/fhir"\npdf = false\n'


def hl7(port):
    return f'[[destinations]]\nname = "his"\nkind = "hl7"\nhost = "{LOCAL}"\nport = {port}\npdf = false\n'


def settings_in(folder, *parts, head=""):
    """The file of settings of a gateway with a DICOM node."""
    path = folder / "gateway.toml"
    path.write_text(HEAD + head + ANSWERING + "[dicom]\nport = 0\n" + "".join(parts))
    return path


@pytest.fixture
def config(tmp_path):
    """config(*parts) -> see `settings_in`."""
    return lambda *parts, **more: settings_in(tmp_path, *parts, **more)


class House(NamedTuple):
    """A gateway that runs, and what it delivers to."""

    config: Path
    running: Running
    archive: Archive
    emr: FhirServer
    his: MllpServer


@pytest.fixture(scope="module")
def house(tmp_path_factory):
    """A gateway for several tests, each with patients of its own."""
    with Archive() as archive, FhirServer(check=validate) as emr, MllpServer() as his:
        path = settings_in(tmp_path_factory.mktemp("house"), dicom(archive.port), fhir(emr.port), hl7(his.port))
        with gateway(path) as running:
            yield House(path, running, archive, emr, his)


def validate(bundle):
    from fhir.resources.R4B.bundle import Bundle

    Bundle.model_validate(bundle)


def patients(bundle_resources):
    return sorted(report["subject"]["identifier"]["value"] for report in bundle_resources)


@pytest.fixture
def run(cli):
    """run(config, command, *arguments) -> what `twelvelead gateway` did."""
    return lambda config, command, *arguments: cli("gateway", command, config, *arguments)


def of(house, patient):
    """The status of a patient's report in the record; None where there is none."""
    reports = house.emr.of_kind("DiagnosticReport")
    found = [each["status"] for each in reports if each["subject"]["identifier"]["value"] == patient]
    return found[0] if found else None


def test_from_a_cart_to_archive_record_and_information_system_and_the_signature_after_it(house, run):
    path, running, archive, emr, his = house
    data = ecg_object(PatientName="Quuxworth^Zephyrine", PatientID="QX-77", AccessionNumber="ACC-1")
    assert send(running.port, data, data)[0].Status == 0x0000
    until(lambda: archive.objects and emr.posts and his.messages)
    (structured,) = archive.datasets()
    assert (structured.StudyInstanceUID, structured.PatientID) == (data.StudyInstanceUID, "QX-77")
    with open_ledger(load_settings(path)) as ledger:  # as the reading room does, in a process of its own
        with ledger.view() as books:
            (recording,) = books.recordings.list(None).recordings
        with ledger.begin() as books:
            said = NewReading("Dr Roe", True, ({"code": "AFIB"},), text="Seen.", signed=True)
            books.readings.add(recording.id, said, after=0)
            books.audit.append(Event("Dr Roe", "sign", subject=recording.id, request_id="r1"))
    until(lambda: len(archive.objects) == 2 and emr.order == ["preliminary", "final"] and len(his.messages) == 2)
    assert [message.partition("OBR|")[2].split("|")[24][0] for message in his.messages.values()] == ["P", "F"]
    until(lambda: b'twelvelead_delivered_total{destination="emr",outcome="ok"} 2.0' in running.ask("/metrics")[1])
    told = running.log.read_text() + running.ask("/metrics")[1].decode()
    assert not any(word in told for word in ("Quux", "QX-77", "ACC-1", data.StudyInstanceUID))
    assert not any("QX-77" in name for _, _, names in os.walk(path.parent) for name in names)
    assert "deliver.archive: 0 waiting, 2 done, 0 dead letters" in run(path, "status").out
    assert (archive.differing, his.differing, emr.posts) == (set(), set(), 2)


def test_what_a_server_refuses_is_listed_shown_and_tried_again_by_hand(house, run):
    path, running, _, emr, _ = house
    outcome = {"resourceType": "OperationOutcome", "issue": [{"code": "multiple-matches", "diagnostics": "Doe"}]}
    emr.answer = lambda bundle: (412, {}, json.dumps(outcome).encode()) if "R1" in json.dumps(bundle) else None
    send(running.port, ecg_object(PatientID="R1"), ecg_object(PatientID="R2"))
    until(lambda: "1 dead letters" in run(path, "status").out)
    until(lambda: of(house, "R2"))
    listed = run(path, "status").out
    assert "the server answers 412, multiple-matches" in listed
    number = next(line.split("\t")[0] for line in listed.splitlines() if "412" in line)
    plain, identified = run(path, "show", number), run(path, "show", number, "--identify")
    assert "Doe" not in plain.out + listed
    assert "patient: R1" in identified.out
    assert "Doe" in identified.out
    emr.answer = lambda bundle: None
    assert run(path, "retry", "--all", "--to", "emr").out == "1 queued again\n"
    until(lambda: of(house, "R1"))


def test_a_full_disk_answers_out_of_resources_turns_health_red_and_passes(house):
    """The limit of a file's size stands for the disk: objects are larger, the database's files are not."""
    pid = house.running.process.pid
    limits = resource.prlimit(pid, resource.RLIMIT_FSIZE)
    resource.prlimit(pid, resource.RLIMIT_FSIZE, (100_000, limits[1]))
    try:
        (answer,) = send(house.running.port, ecg_object(PatientID="F1"))
        assert answer.Status == 0xA700
        status, said = house.running.ask("/health/ready")
        assert (status, "store" in json.loads(said)["faults"]) == (503, True)
        assert house.running.ask("/health/live")[0] == 200
    finally:
        resource.prlimit(pid, resource.RLIMIT_FSIZE, limits)
    until(lambda: house.running.ask("/health/ready")[0] == 200)
    assert send(house.running.port, ecg_object(PatientID="F1"))[0].Status == 0x0000
    until(lambda: of(house, "F1"))


def test_a_second_gateway_on_the_same_store_does_not_start(house):
    with pytest.raises(RuntimeError, match="another gateway works on this store"), gateway(house.config):
        pass


def test_it_ends_when_it_is_told_to(house):
    house.running.process.send_signal(signal.SIGTERM)
    assert house.running.process.wait(60) == 0
    assert house.running.events("stopping")


def killed_and_whole(path, archive, emr, his, *, number, stages):
    """Kill a gateway at each stage, in transactions of the record, while it gets so many objects; see that each
    arrived once everywhere in the end. benchmarks/gateway.py has the large form."""
    wanted = {f"P{each}" for each in range(number)}
    objects = {name: ecg_object(PatientID=name, instance=UID(f"1.2.3.{name[1:]}")) for name in wanted}
    stored = set()
    for stage in (*stages, None):
        with gateway(path) as running:

            def store(port=running.port):
                for name in sorted(wanted - stored):
                    try:
                        if send(port, objects[name])[0].get("Status") == 0x0000:
                            stored.add(name)
                    except (ConnectionError, OSError):
                        return

            sender = threading.Thread(target=store)
            sender.start()
            if stage is None:
                sender.join(120)
                assert stored == wanted
                until(lambda: {len(archive.objects), len(emr.order), len(his.messages)} == {number}, 120)
                time.sleep(0.5)
            else:
                until(lambda stage=stage: emr.posts >= stage, 120)
                running.process.kill()
                running.process.wait()
                sender.join(60)
    assert {str(each.PatientID) for each in archive.datasets()} == wanted
    assert set(patients(emr.of_kind("DiagnosticReport"))) == wanted
    assert (len(archive.objects), len(his.messages)) == (number, number)
    assert (archive.differing, his.differing, set(emr.versions.values())) == (set(), set(), {1})
    with open_ledger(load_settings(path)) as ledger, ledger.view() as books:
        assert books.audit.verify().faults == ()


def test_kill_at_any_stage_loses_nothing_and_sends_nothing_twice_otherwise(config):
    with Archive() as archive, FhirServer() as emr, MllpServer() as his:
        path = config(dicom(archive.port), fhir(emr.port), hl7(his.port))
        killed_and_whole(path, archive, emr, his, number=18, stages=(4, 11))


def test_on_postgresql_too(config, postgresql, tmp_path):
    import psycopg

    with psycopg.connect(postgresql, autocommit=True) as connection:
        connection.execute("CREATE SCHEMA gateway")
    (tmp_path / "database").write_text(f"{postgresql}&options=-csearch_path%3Dgateway")
    head = 'database = { file = "database" }\n'
    try:
        with Archive() as archive, FhirServer() as emr, MllpServer() as his:
            path = config(dicom(archive.port), fhir(emr.port), hl7(his.port), head=head)
            killed_and_whole(path, archive, emr, his, number=6, stages=(2,))
        assert not (tmp_path / "store" / "ledger.sqlite").exists()
    finally:
        with psycopg.connect(postgresql, autocommit=True) as connection:
            connection.execute("DROP SCHEMA gateway CASCADE")


def test_a_destination_that_is_down_at_first_gets_all_in_the_end_and_holds_up_no_other(config, run):
    port = free_port()
    objects = [ecg_object(PatientID=f"P{number}") for number in range(8)]
    with FhirServer() as emr:
        path = config(dicom(port), fhir(emr.port))
        with gateway(path) as running:
            send(running.port, *objects[:4])
            until(lambda: emr.posts == 4)
            until(lambda: "it cannot be reached" in run(path, "status").out)
            assert running.ask("/health/ready")[0] == 200
            with Archive(port) as archive:
                send(running.port, *objects[4:])
                until(lambda: len(archive.objects) == 8)
                assert len(archive.objects) == archive.received


def test_a_dry_run_answers_and_sends_nothing(config, run):
    with FhirServer() as emr:
        path = config(fhir(emr.port))
        with gateway(path, "--dry-run") as running:
            send(running.port, ecg_object())
            until(lambda: running.events("not sent"))
        assert emr.posts == 0
        assert "deliver.emr: 0 waiting, 0 done" in run(path, "status").out  # nor will it later


def test_check_asks_every_destination_and_sends_nothing_of_a_patient(config, run):
    with Archive() as archive, FhirServer() as emr, MllpServer() as his:
        path = config(dicom(archive.port), fhir(emr.port), hl7(his.port))
        checked = run(path, "check")
        assert checked.code == 0, checked.err
        for line in ("archive: C-ECHO is answered", "emr: FHIR 4.0.1", "his: accepts connections"):
            assert f"ok   {line}" in checked.out
        assert "of no patient" in checked.out
        assert "not a medical device" in checked.out
        assert (archive.received, emr.posts, his.received) == (0, 0, 0)
    failed = run(path, "check")
    assert failed.code == 2
    assert failed.out.count("FAIL") == 3


@pytest.mark.parametrize("arguments", [("retry",), ("retry", "1", "--all"), ("retry", "--to", "emr")])
def test_which_dead_letters_are_meant_has_to_be_said(config, run, arguments):
    done = run(config(), *arguments)
    assert (done.code, "number the dead letters" in done.fault) == (2, True)
