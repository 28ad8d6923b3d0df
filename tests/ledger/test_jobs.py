"""Jobs are done at least once, in order within their lane, or are listed as dead."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest

from twelvelead.errors import Conflict, TwelveLeadError
from twelvelead.ledger import Ledger, backoff

LEASE = timedelta(seconds=60)


def enqueue(ledger, number, **how):
    with ledger.begin() as books:
        return books.jobs.enqueue("deliver", {"number": number}, **how)[0]


def claim(ledger, queue="deliver"):
    with ledger.begin() as books:
        return books.jobs.claim(queue, LEASE)


def finish(ledger, job):
    with ledger.begin() as books:
        return books.jobs.complete(job)


def fail(ledger, job, again=None):
    with ledger.begin() as books:
        return books.jobs.fail(job, "unreachable", again=again)


def test_jobs_come_out_in_the_order_in_which_they_went_in(ledger):
    for number in range(3):
        enqueue(ledger, number)
    claimed = [claim(ledger) for _ in range(4)]
    assert [job and job.payload["number"] for job in claimed] == [0, 1, 2, None]
    assert claim(ledger, "another queue") is None
    done = finish(ledger, claimed[0])
    assert (done.state, done.attempts, done.reason) == ("done", 1, None)
    with ledger.view() as books:
        assert books.jobs.list("deliver", "claimed") == tuple(claimed[1:3])
        assert books.jobs.get(done.id) == done
        with pytest.raises(TwelveLeadError, match="no job 99"):
            books.jobs.get(99)


def test_in_a_lane_one_after_the_other_while_other_lanes_go_on(ledger, clock):
    first, second = enqueue(ledger, 1, lane="study"), enqueue(ledger, 2, lane="study")
    other = enqueue(ledger, 3, lane="other study")
    job = claim(ledger)
    assert (job.id, claim(ledger).id, claim(ledger)) == (first.id, other.id, None)
    fail(ledger, job, again=timedelta(seconds=10))
    assert claim(ledger) is None
    clock.move(seconds=10)
    job = claim(ledger)
    assert (job.id, job.attempts, job.reason) == (first.id, 2, "unreachable")
    finish(ledger, job)
    assert claim(ledger).id == second.id


def test_a_dead_letter_does_not_hold_up_its_lane_and_can_be_tried_again(ledger):
    first, second = enqueue(ledger, 1, lane="study"), enqueue(ledger, 2, lane="study")
    dead = fail(ledger, claim(ledger))
    assert (dead.id, dead.state, dead.reason) == (first.id, "dead", "unreachable")
    finish(ledger, claim(ledger))
    assert claim(ledger) is None
    with ledger.begin() as books:
        assert books.jobs.list(state="dead") == (dead,)
        assert books.jobs.retry(dead.id).attempts == 0
        with pytest.raises(TwelveLeadError, match="no dead letter"):
            books.jobs.retry(second.id)
    assert claim(ledger).id == first.id


def test_what_a_crashed_worker_held_is_due_when_its_lease_has_ended(ledger, clock):
    enqueue(ledger, 1)
    lost = claim(ledger)
    clock.move(seconds=59)
    assert claim(ledger) is None
    clock.move(seconds=1)
    again = claim(ledger)
    assert (again.id, again.attempts) == (lost.id, 2)
    for late in (finish, fail):
        with pytest.raises(Conflict):
            late(ledger, lost)
    assert finish(ledger, again).state == "done"


def test_who_knows_that_the_others_are_gone_need_not_wait_for_their_leases(ledger):
    first, second = enqueue(ledger, 1, lane="study"), enqueue(ledger, 2, lane="study")
    lost = claim(ledger)
    with ledger.begin() as books:
        assert books.jobs.release("another queue") == 0
        assert books.jobs.release("deliver") == 1
    with pytest.raises(Conflict):
        finish(ledger, lost)
    assert finish(ledger, claim(ledger)).id == first.id
    assert claim(ledger).id == second.id


def test_what_waits_after_a_crash_comes_before_what_has_been_due_for_less_long(ledger, clock):
    enqueue(ledger, 1)
    lost = claim(ledger)
    clock.move(seconds=61)
    enqueue(ledger, 2)
    assert claim(ledger).id == lost.id


def test_a_lease_can_be_extended(ledger, clock):
    enqueue(ledger, 1)
    job = claim(ledger)
    clock.move(seconds=50)
    with ledger.begin() as books:
        job = books.jobs.extend(job, LEASE)
    clock.move(seconds=50)
    assert claim(ledger) is None
    assert finish(ledger, job).state == "done"


def test_a_queue_takes_a_thing_once_whatever_became_of_it(ledger):
    with ledger.begin() as books:
        job, new = books.jobs.enqueue("deliver", {}, once="uid to archive")
        assert new
        assert books.jobs.enqueue("deliver", {}, once="uid to archive") == (job, False)
        assert books.jobs.enqueue("receive", {}, once="uid to archive")[1]
    finish(ledger, claim(ledger))
    with ledger.begin() as books:
        assert books.jobs.enqueue("deliver", {}, once="uid to archive")[0].state == "done"


def test_a_job_can_wait_and_a_failure_can_be_listed_at_once(ledger, clock):
    enqueue(ledger, 1, after=timedelta(seconds=5))
    dead = enqueue(ledger, 2, failed="the same identifier with other bytes")
    assert (dead.state, claim(ledger)) == ("dead", None)
    clock.move(seconds=5)
    assert claim(ledger).payload == {"number": 1}


def test_a_job_is_entered_with_the_recording_or_not_at_all(ledger):
    def enter(books):
        recording, _ = books.recordings.add("gateway", "f" * 64, "DICOM", [])
        books.jobs.enqueue("deliver", {}, recording=recording.id)
        books.jobs.get(99)

    with pytest.raises(TwelveLeadError, match="no job 99"), ledger.begin() as books:
        enter(books)
    assert claim(ledger) is None
    with ledger.view() as books:
        assert books.recordings.list(None).total == 0


def test_several_workers_do_each_job_once_and_keep_to_the_lanes(tmp_path, url):
    with Ledger.open(tmp_path / "ledger", url) as ledger, Ledger.open(tmp_path / "ledger", url) as other:
        with ledger.begin() as books:
            for number in range(30):
                books.jobs.enqueue("deliver", {"number": number}, lane=str(number % 3))
        done = []

        def work(mine):
            while True:
                with mine.begin() as books:
                    job = books.jobs.claim("deliver", LEASE)
                if job is None:
                    with mine.view() as books:
                        if not books.jobs.list("deliver", "queued"):
                            return
                    continue
                done.append(job.payload["number"])
                finish(mine, job)

        with ThreadPoolExecutor(4) as workers:
            list(workers.map(work, [ledger, other, ledger, other]))
        assert sorted(done) == list(range(30))
        for lane in range(3):
            assert [number for number in done if number % 3 == lane] == list(range(lane, 30, 3))


def test_waiting_doubles_up_to_the_longest():
    first, longest = timedelta(seconds=1), timedelta(minutes=1)
    waits = [backoff(attempts, first, longest).total_seconds() for attempts in (1, 2, 3, 6, 7, 8, 10_000)]
    assert waits == [1, 2, 4, 32, 60, 60, 60]
