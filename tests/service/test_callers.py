"""Keys, sessions, the launch URL: who may come in, and how long a wrong key takes."""

import time

import pytest

from twelvelead.service.callers import Callers

HTTPS = "https://ecg.example"
STORED = "/v1/recordings"


@pytest.fixture(scope="module")
def local(running):
    with running() as client:
        yield client


@pytest.fixture(scope="module")
def network(running):
    """The client of a service that is open to the network behind a proxy."""
    with running(HTTPS, host="127.0.0.1", behind_proxy=("127.0.0.1",), hosts=("ecg.example",)) as client:
        yield client


def new_key(client, name, role="write"):
    with client.app.state.core.ledger.begin() as books:
        return books.keys.add(name, role)[1]


def test_what_is_stored_needs_the_launch_token_or_a_key_on_this_machine_too(local, problem):
    problem(local.get(STORED), 401, "denied")
    problem(local.get("/v1/session"), 401, "denied")
    token = local.app.state.core.callers.token
    assert local.get(STORED, headers={"authorization": f"Bearer {token}"}).status_code == 200
    problem(local.get(STORED, headers={"authorization": f"Bearer {token}x"}), 401, "denied")
    problem(local.get(STORED, headers={"authorization": f"Basic {token}"}), 401, "denied")


def test_the_launch_url_is_exchanged_for_a_cookie_of_this_browser(running, problem):
    with running() as client:
        problem(client.get("/", params={"token": "wrong"}), 401, "denied")
        opened = client.get("/", params={"token": client.app.state.core.callers.token}, follow_redirects=False)
        assert (opened.status_code, opened.headers["location"]) == (303, "/")
        cookie = opened.headers["set-cookie"].lower()
        assert "httponly" in cookie
        assert "samesite=strict" in cookie
        assert client.app.state.core.callers.token not in cookie
        assert client.get("/v1/session").json()["name"] == "local"
        assert client.get(STORED).status_code == 200
        same = {"sec-fetch-site": "same-origin"}
        problem(client.post(STORED, content=b"x"), 403, "denied")  # no browser: no word of where it comes from
        problem(client.post(STORED, content=b"x", headers=same), 415, "unknown-format")
        client.delete("/v1/session", headers=same)
        problem(client.get(STORED), 401, "denied")


def test_a_role_limits_what_a_key_may_do(local, problem, ecg, asked):
    reads = {"authorization": f"Bearer {new_key(local, 'reads', 'read')}"}
    assert local.get(STORED, headers=reads).status_code == 200
    problem(local.post(STORED, params=asked, content=ecg, headers=reads), 403, "denied")
    assert local.post("/v1/interpretations", params=asked, content=ecg, headers=reads).status_code == 200


def test_on_the_network_everything_but_health_and_pages_needs_a_key(network, problem, ecg, asked):
    for path in ("/health/live", "/health/ready", "/", "/docs", "/openapi.json"):
        assert network.get(path).status_code == 200
    for path in ("/metrics", "/v1/models", STORED):
        problem(network.get(path), 401, "denied")
    problem(network.post("/v1/interpretations", params=asked, content=ecg), 401, "denied")
    problem(network.get("/", params={"token": "x"}), 401, "denied")
    reads = {"authorization": f"Bearer {new_key(network, 'monitor', 'read')}"}
    for path in ("/metrics", "/v1/models", STORED):
        assert network.get(path, headers=reads).status_code == 200
    assert network.post("/v1/interpretations", params=asked, content=ecg, headers=reads).status_code == 200
    problem(network.get("/v1/models", headers=reads | {"host": "127.0.0.1"}), 421, "denied")


def test_a_reader_logs_in_with_a_key_and_a_revoked_one_ends_the_session(network, problem):
    secret = new_key(network, "dr who", "read")
    logged = network.post("/v1/session", json={"key": secret}, headers={"origin": HTTPS})
    assert logged.json() == {"name": "dr who", "owner": "dr who", "role": "read", "authenticated": True}
    cookie = logged.headers["set-cookie"]
    assert cookie.startswith("__Host-twelvelead=")
    assert {"Secure", "HttpOnly", "SameSite=strict", "Path=/"} <= set(cookie.split("; "))
    assert secret not in cookie
    session = {"cookie": cookie.partition(";")[0]}
    network.cookies.clear()
    assert network.get(STORED, headers=session).status_code == 200
    with network.app.state.core.ledger.begin() as books:
        books.keys.revoke("dr who")
    problem(network.get(STORED, headers=session), 401, "denied")
    problem(network.post("/v1/session", json={"key": secret}), 401, "denied")


def test_wrong_keys_wait_longer_each_time_and_right_ones_never(local, problem):
    right = {"authorization": f"Bearer {new_key(local, 'patient')}"}

    def ask(headers):
        begun = time.monotonic()
        status = local.get("/v1/session", headers=headers).status_code
        return status, time.monotonic() - begun

    local.app.state.core.callers._failures.clear()
    waits = [ask({"authorization": "Bearer tl_0000000000000000_x"}) for _ in range(3)]
    assert [status for status, _ in waits] == [401] * 3
    assert waits[0][1] > 0.15
    assert waits[2][1] > 0.7
    assert ask(right)[1] < 0.5


def test_many_wrong_keys_at_a_time_are_not_even_kept_waiting(local, monkeypatch):
    callers: Callers = local.app.state.core.callers
    monkeypatch.setattr(callers, "_slowed", 100)
    answer = local.get("/v1/session", headers={"authorization": "Bearer wrong"})
    assert (answer.status_code, answer.headers["retry-after"]) == (429, "4")


def test_keys_that_are_no_ascii_are_wrong_and_no_fault(local, problem):
    local.app.state.core.callers._failures.clear()
    problem(local.post("/v1/session", json={"key": "schlüssel"}), 401, "denied")
    problem(local.get(STORED, headers={"cookie": "twelvelead-8765=\xe4".encode("latin-1")}), 401, "denied")
