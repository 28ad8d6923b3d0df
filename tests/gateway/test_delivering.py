"""At least once, in order within a study, until it is there or refused; nothing holds up the rest."""

import hashlib
import threading

import pytest

from hospital import until
from twelvelead.errors import TwelveLeadError
from twelvelead.gateway.delivering import Courier, NotDelivered
from twelvelead.gateway.listing import retry, show, status
from twelvelead.ledger import Jobs

TO = {"name": "a", "kind": "hl7", "host": "127.0.0.1", "port": 1}


class Receiver:
    """A way to a receiver that does what it is told, and remembers what it got."""

    def __init__(self):
        self.got, self.failures, self.tried = [], {}, 0

    def send(self, file):
        self.tried += 1
        content = file.read_bytes()
        failures = self.failures.get(content.decode(), self.failures.get("all", []))
        if failures:
            raise failures.pop(0) if failures[0] is not None else KeyError("Doe")
        self.got.append(content.decode())

    def check(self):
        return "is there"

    def close(self):
        pass


def again(reason="it is busy", **how):
    return NotDelivered(reason, again=True, **how)


@pytest.fixture
def made(parts):
    return parts(destinations=[TO], retry_seconds=0.02, retry_longest_seconds=0.1)


def queue(made, text, *, lane, version="1.0", recording=None):
    """Queue a file for the receiver; the recording that it is of."""
    content = text.encode()
    sha256 = hashlib.sha256(content).hexdigest()
    with made.ledger.begin(content) as books:
        recording = recording or books.recordings.add("gateway", sha256, "dicom", [])[0].id
        name = f"a-{version}.oru.hl7"
        books.recordings.attach(recording, name, "text/plain", sha256)
        books.jobs.enqueue(
            "deliver.a", {"file": name, "sha256": sha256, "version": version}, lane=lane, recording=recording
        )
    made.state.ring("deliver.a")
    return recording


def couriers(made, receiver, number=1):
    return [Courier("a", receiver, *made.shared, seconds=5).run for _ in range(number)]


def settled(made):
    return all(job.state in ("done", "dead") for job in made.jobs("deliver.a"))


def test_what_fails_is_tried_again_and_its_study_waits_while_others_go_on(made):
    receiver = Receiver()
    receiver.failures = {"first": [again(), again()]}
    for text, lane in (("first", "study"), ("second", "study"), ("other", "another")):
        queue(made, text, lane=lane)
    with made.running(*couriers(made, receiver)):
        until(lambda: settled(made))
    assert sorted(receiver.got) == ["first", "other", "second"]
    assert receiver.got.index("first") < receiver.got.index("second")
    assert receiver.got[0] == "other"
    assert made.jobs("deliver.a")[0].attempts == 3


def test_a_dead_letter_has_its_reason_holds_up_nothing_and_can_be_tried_again(made):
    receiver = Receiver()
    receiver.failures = {"first": [NotDelivered("it answers 422", again=False, said=b"Jane Doe is not known")]}
    for text in ("first", "second"):
        queue(made, text, lane="study")
    with made.running(*couriers(made, receiver)):
        until(lambda: settled(made))
        assert receiver.got == ["second"]
        (dead,) = made.jobs("deliver.a", "dead")
        assert dead.reason == "it answers 422"
        lines = list(status(made.ledger, made.settings))
        assert "deliver.a: 0 waiting, 1 done, 1 dead letters" in lines
        assert any("it answers 422" in line for line in lines)
        assert not any("Doe" in line for line in (*lines, *show(made.ledger, dead.id)))
        assert any("Jane Doe" in line for line in show(made.ledger, dead.id, identify=True))
        assert retry(made.ledger, [dead.id]) == 1
        until(lambda: receiver.got == ["second", "first"])
        until(lambda: settled(made))
    assert [job.state for job in made.jobs("deliver.a")] == ["done", "done"]


def test_a_fault_of_ours_is_a_dead_letter_that_quotes_nothing(made):
    receiver = Receiver()
    receiver.failures = {"first": [None]}
    queue(made, "first", lane="study")
    queue(made, "second", lane="study")
    with made.running(*couriers(made, receiver)):
        until(lambda: settled(made))
    assert receiver.got == ["second"]
    assert made.jobs("deliver.a", "dead")[0].reason == "internal: KeyError"


def test_a_destination_that_is_away_is_left_alone_longer_each_time_and_loses_nothing(made):
    receiver = Receiver()
    receiver.failures = {"all": [again("away", away=True) for _ in range(5)]}
    for number in range(30):
        queue(made, str(number), lane=str(number % 5))
    with made.running(*couriers(made, receiver)):
        until(lambda: settled(made))
    assert sorted(map(int, receiver.got)) == list(range(30))
    assert receiver.tried == 35
    for lane in range(5):
        ours = [int(text) for text in receiver.got if int(text) % 5 == lane]
        assert ours == sorted(ours)


def test_what_does_not_succeed_for_too_long_is_given_up(parts):
    made = parts(destinations=[TO], retry_seconds=0.01, retry_longest_seconds=0.01, give_up_hours=1e-9)
    receiver = Receiver()
    receiver.failures = {"first": [again() for _ in range(99)]}
    queue(made, "first", lane="study")
    with made.running(*couriers(made, receiver)):
        until(lambda: settled(made))
    (dead,) = made.jobs("deliver.a", "dead")
    assert (dead.reason, receiver.tried) == ("given up: it is busy", 6)


def test_an_earlier_version_does_not_follow_a_later_one(made):
    receiver = Receiver()
    receiver.failures = {"preliminary": [NotDelivered("it answers 422", again=False)]}
    recording = queue(made, "preliminary", lane="study")
    queue(made, "final", lane="study", version="1.1", recording=recording)
    with made.running(*couriers(made, receiver)):
        until(lambda: settled(made))
        (dead,) = made.jobs("deliver.a", "dead")
        retry(made.ledger, [], everything=True)
        until(lambda: (made.jobs("deliver.a", "dead") or [dead])[0].reason.startswith("superseded"))
    assert receiver.got == ["final"]


def test_several_couriers_of_one_destination_keep_to_the_order_of_studies(made):
    receiver = Receiver()
    for number in range(40):
        queue(made, str(number), lane=str(number % 4))
    with made.running(*couriers(made, receiver, 3)):
        until(lambda: settled(made))
    assert sorted(map(int, receiver.got)) == list(range(40))
    for lane in range(4):
        ours = [int(text) for text in receiver.got if int(text) % 4 == lane]
        assert ours == sorted(ours)


def test_what_is_taken_when_the_gateway_stops_is_due_at_once(made):
    receiver = Receiver()
    entered, leave = threading.Event(), threading.Event()

    def send(file):
        entered.set()
        leave.wait(30)

    receiver.send = send
    queue(made, "first", lane="study")
    queue(made, "second", lane="study")
    with made.running(*couriers(made, receiver)):
        assert entered.wait(30)
        made.state.stop()
        leave.set()
    assert [job.state for job in made.jobs("deliver.a")] == ["done", "queued"]


def test_what_was_delivered_is_not_sent_again_because_the_ledger_was_away(made, monkeypatch):
    receiver = Receiver()
    begin, away = made.ledger.begin, threading.Event()

    def sometimes(*contents):
        if away.is_set():
            raise TwelveLeadError("busy", code="ledger")
        return begin(*contents)

    monkeypatch.setattr(made.ledger, "begin", sometimes)
    receiver.send = lambda file: (away.set(), receiver.got.append(file.read_text()))
    queue(made, "first", lane="study")
    with made.running(*couriers(made, receiver)):
        until(lambda: "deliver.a" in made.state.faults)
        receiver.send = lambda file: receiver.got.append(file.read_text())
        away.clear()
        until(lambda: settled(made))
        until(lambda: made.state.faults == {})
    assert receiver.got == ["first"]


def test_what_cannot_be_entered_is_a_dead_letter_and_the_rest_goes_on(made, monkeypatch):
    receiver = Receiver()
    complete = Jobs.complete

    def fail_once(self, job):
        if job.id == 1:
            raise RuntimeError("Doe")
        return complete(self, job)

    monkeypatch.setattr(Jobs, "complete", fail_once)
    for text in ("first", "second"):
        queue(made, text, lane="study")
    with made.running(*couriers(made, receiver)):
        until(lambda: settled(made))
    assert [(job.state, job.reason) for job in made.jobs("deliver.a")] == [
        ("dead", "internal: RuntimeError"),
        ("done", None),
    ]


def test_a_number_that_is_none_and_what_was_never_taken_are_told(made):
    with pytest.raises(TwelveLeadError, match="no dead letter 99"):
        retry(made.ledger, [99])
    made.inbox.list_refused("unknown-format", "a" * 64)
    (listed,) = made.jobs("receive", "dead")
    with pytest.raises(TwelveLeadError, match="send it again"):
        retry(made.ledger, [listed.id])
    assert retry(made.ledger, [], everything=True) == 0
    assert made.jobs("receive", "dead") == (listed,)
