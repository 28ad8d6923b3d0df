"""Who has a secret is known by it; the secret itself is nowhere."""

from datetime import timedelta

import pytest

from twelvelead.errors import TwelveLeadError

HOUR = timedelta(hours=1)


def test_a_key_is_known_by_its_secret_alone(ledger, clock):
    with ledger.begin() as books:
        key, secret = books.keys.add("Dr. Müller", "write", owner="ward 3")
        other, _ = books.keys.add("gateway", "read")
    assert (key.name, key.owner, key.role, other.owner) == ("Dr. Müller", "ward 3", "write", "gateway")
    assert (key.created, key.used, key.revoked) == (clock.now, None, None)
    assert ledger.authenticate(secret) == key
    wrong = (
        "",
        "tl",
        secret[:-1],
        secret + "a",
        secret[:-1] + chr(ord(secret[-1]) ^ 1),
        secret.replace(key.id, other.id),
    )
    assert {ledger.authenticate(each) for each in (*wrong, "ü\ud800")} == {None}


def test_a_secret_is_not_kept(ledger):
    with ledger.begin() as books:
        key, secret = books.keys.add("a", "read")
        _, cookie = books.sessions.open(key, HOUR)
    with ledger._database.view() as connection:
        kept = str([connection.exec_driver_sql(f"SELECT * FROM {each}").all() for each in ("keys", "sessions")])
    assert secret.split("_", 2)[2] not in kept
    assert cookie not in kept


def test_the_last_use_is_known_to_the_minute(ledger, clock):
    with ledger.begin() as books:
        _, secret = books.keys.add("a", "read")
    used = []
    for seconds in (0, 59, 1):
        clock.move(seconds=seconds)
        ledger.authenticate(secret)
        with ledger.view() as books:
            used.append(books.keys.list()[0].used)
    assert used == [clock.now - timedelta(seconds=60)] * 2 + [clock.now]


def test_a_revoked_key_is_none_and_its_sessions_have_ended(ledger, clock):
    with ledger.begin() as books:
        key, secret = books.keys.add("a", "admin")
        _, cookie = books.sessions.open(key, HOUR)
    with ledger.begin() as books:
        assert books.keys.revoke("a").revoked == clock.now
    clock.move(seconds=1)
    with ledger.begin() as books:
        assert books.keys.revoke("a").revoked == clock.now - timedelta(seconds=1)
        assert books.sessions.check(cookie) is None
        assert [each.name for each in books.keys.list()] == ["a"]
        with pytest.raises(TwelveLeadError, match="no key 'b'"):
            books.keys.revoke("b")
    assert ledger.authenticate(secret) is None


@pytest.mark.parametrize("name", ["", " a", "a\nb", "a/b", "x" * 65])
def test_a_name_has_to_be_one(ledger, name):
    with pytest.raises(TwelveLeadError, match="no name of a key"), ledger.begin() as books:
        books.keys.add(name, "read")
    with pytest.raises(TwelveLeadError, match="no name of a key"), ledger.begin() as books:
        books.keys.add("a", "read", owner=name)


def test_a_name_is_given_once_even_after_it_was_revoked(ledger):
    with ledger.begin() as books:
        books.keys.add("a", "read")
        books.keys.revoke("a")
        with pytest.raises(TwelveLeadError, match="another name"):
            books.keys.add("a", "read")


def test_a_session_lasts_until_it_ends(ledger, clock):
    with ledger.begin() as books:
        key, _ = books.keys.add("a", "write")
        session, cookie = books.sessions.open(key, HOUR)
        _, second = books.sessions.open(key, 3 * HOUR)
    assert (session.key, session.expires - session.created) == (key, HOUR)
    with ledger.begin() as books:
        assert books.sessions.check(cookie) == session
        assert books.sessions.check("") is books.sessions.check(cookie[:-1]) is None
    clock.move(hours=1)
    with ledger.begin() as books:
        assert books.sessions.check(cookie) is None
        assert books.sessions.check(second).key == key
        books.sessions.close(second)
        assert books.sessions.check(second) is None
        books.sessions.close("none")
