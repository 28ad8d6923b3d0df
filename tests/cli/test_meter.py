"""How far a long work is, with rate and remaining time."""

import pytest

from twelvelead.cli.meter import Meter
from twelvelead.progress import counted, silent


@pytest.fixture
def clock(monkeypatch):
    """The seconds that the meter sees; a list of one, to be set."""
    now = [1000.0]
    monkeypatch.setattr("twelvelead.cli.meter.time.monotonic", lambda: now[0])
    return now


def test_without_a_terminal_a_line_now_and_then_says_how_long_it_takes(clock, capsys):
    with Meter() as meter:
        for done in range(0, 101, 10):
            meter.show("records scored", done, 1000)
            clock[0] += 5
    lines = capsys.readouterr().err.splitlines()
    assert lines[0] == "records scored: 30 of 1,000, 2.0 a second, 0:08:05 left"
    assert len(lines) == 3


def test_a_work_that_begins_anew_has_its_own_rate(clock, capsys):
    with Meter() as meter:
        for epoch, seconds in ((1, 1), (2, 10)):
            for done in range(0, 101, 20):
                meter.show(f"epoch {epoch} of 2", done, 100)
                clock[0] += seconds
    assert capsys.readouterr().err.splitlines()[0] == "epoch 2 of 2: 20 of 100, 2.0 a second, 0:00:40 left"


def test_bytes_are_shown_as_such(clock, capsys):
    with Meter() as meter:
        meter.show("fetching", 0, 10, 0)
        clock[0] += 20
        meter.show("fetching", 5, 10, 40_000_000)
    assert capsys.readouterr().err == "fetching: 5 of 10, 2.0 MB/s, 0:00:20 left\n"


def test_counted_hands_on_every_item_and_tells_all():
    told = []
    assert list(counted("abc", "letters", lambda *at: told.append(at))) == ["a", "b", "c"]
    assert told == [("letters", done, 3) for done in range(4)]
    assert list(counted("abc", "letters", silent)) == ["a", "b", "c"]
