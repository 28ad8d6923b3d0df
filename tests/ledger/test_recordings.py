"""What came is there, whole, for its owner, in the order that was asked for."""

import hashlib

import pytest

from twelvelead.errors import Conflict, TwelveLeadError
from twelvelead.ledger import File, Identity, Ledger, NewAnswer, NewReading, Patient, Wanted

HIDDEN = "Ötzi"


def test_a_recording_comes_back_as_it_was_entered(ledger, clock):
    header, signal = b"rec 12 500\nrec.dat 16\n", bytes(range(256)) * 100
    first, second = (hashlib.sha256(each).hexdigest() for each in (header, signal))
    who = Identity(HIDDEN, "12", "hospital", "1990-01-01", "A1", "2026-01-30T08:00:00", "1.2.3", "V7", {"sex": "F"})
    with ledger.begin(header, signal) as books:
        recording, new = books.recordings.add(
            "ward", "f" * 64, "WFDB", [File("rec.hea", first), File("rec.dat", second)], identity=who
        )
    with ledger.view() as books:
        assert (books.recordings.get(recording.id, "ward"), new) == (recording, True)
        files = books.recordings.files(recording.id)
    assert (recording.state, recording.received, recording.identity) == ("received", clock.now, who)
    assert [(file.name, ledger.content(file.sha256)) for file in files] == [("rec.hea", header), ("rec.dat", signal)]
    assert not any(text in repr([recording, files]) for text in (HIDDEN, "1990", "rec.hea"))


def test_another_owners_recording_is_like_none(ledger, keep):
    mine, other = keep(ledger, b"same"), keep(ledger, b"same", "other ward")
    assert mine.id != other.id
    assert len([path for path in (ledger.folder / "objects").rglob("*") if path.is_file()]) == 1
    with ledger.view() as books:
        errors = []
        for wanted in (other.id, "no such id"):
            with pytest.raises(TwelveLeadError) as error:
                books.recordings.get(wanted, "ward")
            errors.append((error.value.code, str(error.value)))
        assert errors[0] == errors[1] == ("not-found", "there is no such recording")
        assert [each.id for each in books.recordings.list("ward").recordings] == [mine.id]
        assert books.recordings.list("ward", Wanted(source_sha256=mine.source_sha256)).total == 1
        assert books.recordings.list(None).total == 2


def test_what_is_there_once_is_found_again_and_other_bytes_are_a_conflict(ledger, keep):
    first = keep(ledger, b"one", once="uid")
    assert keep(ledger, b"one", once="uid") == first
    assert keep(ledger, b"one", "other ward", once="uid") != first
    with pytest.raises(Conflict):
        keep(ledger, b"two", once="uid")
    with ledger.view() as books:
        assert books.recordings.list("ward").total == 1
    assert not ledger._objects.path(hashlib.sha256(b"two").hexdigest()).exists()
    assert ledger.content(first.source_sha256) == b"one"


def test_an_answer_is_a_version_and_the_worklist_shows_the_latest(ledger, keep, clock):
    recording = keep(ledger)
    refused = NewAnswer("refused", {"code": "flat"}, code="flat", findings=({"code": "flat"},), weights_sha256="a" * 64)
    said = NewAnswer("interpreted", {"classes": {"MI": 0.5}}, statements=("MI",), urgency=2, conclusion="infarction")
    with ledger.begin() as books:
        books.recordings.answer(recording.id, refused)
    clock.move(seconds=1)
    with ledger.begin() as books:
        answer = books.recordings.answer(recording.id, said)
    with ledger.view() as books:
        now = books.recordings.get(recording.id, "ward")
        first, latest = (books.recordings.answered(recording.id, version) for version in (1, None))
        assert books.recordings.answered(recording.id, 3) is None
    assert (now.state, now.code, now.findings, now.statements) == ("interpreted", None, (), ("MI",))
    assert (now.urgency, now.conclusion, now.answer_version) == (2, "infarction", 2)
    assert latest == answer
    assert (first.content, first.code, first.weights_sha256) == ({"code": "flat"}, "flat", "a" * 64)
    assert (first.version, latest.version, latest.made) == (1, 2, clock.now)


def test_the_worklist_puts_what_is_not_readable_first_then_the_urgent_then_the_new(ledger, keep, clock):
    ids = {}
    for name, state, urgency in (
        ("calm", "interpreted", 0),
        ("urgent", "interpreted", 3),
        ("waits", "received", 0),
        ("refused", "refused", 0),
        ("urgent too", "interpreted", 3),
        ("unreadable", "unreadable", 0),
    ):
        clock.move(seconds=1)
        recording = keep(ledger, name.encode())
        ids[recording.id] = name
        if state != "received":
            with ledger.begin() as books:
                books.recordings.answer(recording.id, NewAnswer(state, {}, urgency=urgency))

    def names(**how):
        return [ids[each.id] for each in books.recordings.list("ward", **how).recordings]

    with ledger.view() as books:
        assert names(sort="urgency") == ["unreadable", "refused", "urgent too", "urgent", "waits", "calm"]
        assert names() == ["unreadable", "urgent too", "refused", "waits", "urgent", "calm"]
        assert names(limit=2, offset=1) == ["urgent too", "refused"]
        assert books.recordings.list("ward", limit=2, offset=1).total == 6


def test_the_worklist_is_filtered(ledger, keep, clock):
    start = clock.now
    urgent = keep(ledger, b"1", identity=Identity(patient_id="12", issuer="a"))
    clock.move(hours=1)
    calm = keep(ledger, b"2", identity=Identity(patient_id="12", issuer="b"))
    clock.move(hours=1)
    plain = keep(ledger, b"3", identity=Identity(patient_id="12"))
    with ledger.begin() as books:
        books.recordings.answer(urgent.id, NewAnswer("interpreted", {}, statements=("MI_A", "AF"), urgency=3))
        books.recordings.answer(calm.id, NewAnswer("interpreted", {}, statements=("MIXA",), urgency=1))
        books.readings.add(calm.id, NewReading("dr", True, (), signed=True), after=0)
        books.recordings.mark_seen(urgent.id, "dr")

    def found(**wanted):
        return {each.id for each in books.recordings.list("ward", Wanted(**wanted), reader="dr").recordings}

    with ledger.view() as books:
        assert found(statement="MI_A") == {urgent.id}
        assert found(statement="MI") == found(statement="%") == set()
        assert found(state="received") == {plain.id}
        assert found(urgency=1) == {urgent.id, calm.id}
        assert found(since=calm.received) == {calm.id, plain.id}
        assert found(until=calm.received) == {urgent.id}
        assert found(since=start, until=plain.received, signed=True) == {calm.id}
        assert found(signed=False) == {urgent.id, plain.id}
        assert found(seen=True) == {urgent.id}
        assert found(seen=False) == {calm.id, plain.id}
        assert found(patient=("12", "a")) == {urgent.id}
        assert found(patient=("12", None)) == {plain.id}
        assert [each.seen for each in books.recordings.list("ward", reader="other").recordings] == [False] * 3


def test_what_is_given_by_hand_stands_before_what_the_file_states_and_can_be_taken_back(ledger, keep, clock):
    stated = keep(ledger, b"1", identity=Identity(name="Doe", patient_id="12", issuer="a"))
    unknown = keep(ledger, b"2")
    given = Patient("77", None, "dr", clock.now)

    def found(patient_id, issuer=None):
        with ledger.view() as books:
            return {each.id for each in books.recordings.list("ward", Wanted(patient=(patient_id, issuer))).recordings}

    for recording in (stated, unknown):
        with ledger.begin() as books:
            books.recordings.state_patient(recording.id, given)
    with ledger.view() as books:
        now = books.recordings.get(stated.id, "ward")
    assert (now.patient, now.identity.patient_id, now.whose) == (given, "12", ("77", None))
    assert found("77") == {stated.id, unknown.id}
    assert found("12", "a") == found("77", "a") == found("7") == set()
    with ledger.begin() as books:
        books.recordings.state_patient(stated.id, None)
    assert found("77") == {unknown.id}
    assert found("12", "a") == {stated.id}
    assert "77" not in repr(given)


def test_a_mark_can_be_taken_away_and_an_identity_replaced(ledger, keep):
    recording = keep(ledger)
    with ledger.begin() as books:
        for seen in (True, True, False):
            books.recordings.mark_seen(recording.id, "dr", seen)
            assert books.recordings.get(recording.id, None, reader="dr").seen is seen
        for identity in (Identity(patient_id="1"), Identity(patient_id="2"), None):
            books.recordings.identify(recording.id, identity)
            assert books.recordings.get(recording.id, None).identity == identity


def test_an_attachment_is_made_once(ledger, keep, clock):
    recording = keep(ledger)
    page, other = b"%PDF one", b"%PDF two"
    with ledger.begin(page) as books:
        made = books.recordings.attach(recording.id, "page.pdf", "application/pdf", hashlib.sha256(page).hexdigest())
    clock.move(seconds=1)
    with ledger.begin(page) as books:
        assert books.recordings.attach(recording.id, "page.pdf", "application/pdf", made.sha256) == made
    with pytest.raises(Conflict), ledger.begin(other) as books:
        books.recordings.attach(recording.id, "page.pdf", "application/pdf", hashlib.sha256(other).hexdigest())
    with ledger.view() as books:
        assert books.recordings.attachments(recording.id) == (made,)
        assert books.recordings.attachment(recording.id, "else") is None
    assert ledger.content(made.sha256) == page


def test_text_that_a_database_cannot_hold_is_replaced_and_json_stays_what_it_is(ledger, keep):
    odd = "a\0b\ud800c"
    recording = keep(ledger, identity=Identity(name=odd, more={"odd": odd}))
    with ledger.view() as books:
        identity = books.recordings.get(recording.id, "ward").identity
    assert (identity.name, identity.more) == ("a\ufffdb?c", {"odd": odd})


def test_bytes_that_were_not_given_are_no_recording(ledger):
    with pytest.raises(ValueError, match="not given"), ledger.begin() as books:
        books.recordings.add("ward", "f" * 64, "DICOM", [File("ecg.dcm", "f" * 64)])
    with ledger.view() as books:
        assert books.recordings.list(None).total == 0


def test_a_view_does_not_write(ledger, keep):
    recording = keep(ledger)
    with pytest.raises(TwelveLeadError) as error, ledger.view() as books:
        books.recordings.mark_seen(recording.id, "dr")
    assert error.value.code == "ledger"


def test_a_view_is_of_one_moment(ledger, keep):
    keep(ledger, b"1")
    with ledger.view() as books:
        assert books.recordings.list(None).total == 1
        keep(ledger, b"2")
        assert books.recordings.list(None).total == 1
    with ledger.view() as books:
        assert books.recordings.list(None).total == 2


def test_metrics_count(ledger, keep, clock):
    recording = keep(ledger, b"12345")
    keep(ledger, b"12345", "other")
    with ledger.begin() as books:
        books.recordings.answer(recording.id, NewAnswer("refused", {}))
        books.readings.add(recording.id, NewReading("dr", True, (), signed=True), after=0)
        books.jobs.enqueue("deliver", {})
    clock.move(seconds=90)
    metrics = ledger.metrics()
    assert metrics.recordings == {"received": 1, "refused": 1}
    assert (metrics.signed, metrics.objects, metrics.object_bytes, metrics.audit) == (1, 1, 5, 0)
    assert (metrics.jobs, metrics.oldest_due_s) == ({("deliver", "queued"): 1}, {"deliver": 90.0})
    assert metrics.free_bytes > 0


def test_settings_are_found_by_their_hash(ledger):
    text = 'model = "single"\n'
    with ledger.begin() as books:
        sha256 = books.settings.keep(text)
        assert books.settings.keep(text) == sha256 == hashlib.sha256(text.encode()).hexdigest()
    with ledger.view() as books:
        assert (books.settings.get(sha256), books.settings.get("0" * 64)) == (text, None)


def test_it_is_all_there_when_it_is_opened_again(tmp_path, url, keep):
    with Ledger.open(tmp_path / "ledger", url) as ledger:
        recording = keep(ledger)
    with Ledger.open(tmp_path / "ledger", url) as ledger, ledger.view() as books:
        assert books.recordings.get(recording.id, "ward") == recording
