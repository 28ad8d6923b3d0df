"""Health and metrics, on this machine alone."""

import http.client
import json

import pytest

from twelvelead.errors import TwelveLeadError
from twelvelead.gateway.monitor import Monitor


@pytest.fixture
def monitor(parts):
    """The parts of a gateway, and its monitor, which answers."""
    made = parts()
    running = Monitor(0, made.state, made.metrics)
    running.start()
    yield made, running
    running.stop()


def ask(monitor, path, **headers):
    connection = http.client.HTTPConnection("127.0.0.1", monitor.port, timeout=10)
    connection.request("GET", path, headers=headers)
    response = connection.getresponse()
    return response.status, response.read()


def test_health_is_red_as_long_as_something_is_wrong_and_says_what(monitor):
    made, running = monitor
    assert ask(running, "/health/ready") == (200, b'{"status": "ready", "faults": {}}')
    made.state.fail("store", "the disk is full")
    status, said = ask(running, "/health/ready")
    assert (status, json.loads(said)["faults"]) == (503, {"store": "the disk is full"})
    assert b"twelvelead_ready 0.0" in ask(running, "/metrics")[1]
    assert ask(running, "/health/live")[0] == 200
    made.state.recover("store")
    assert ask(running, "/health/ready")[0] == 200
    made.state.stop()
    assert ask(running, "/health/ready")[0] == 503
    assert ask(running, "/anything")[0] == 404


def test_it_answers_to_the_names_of_this_machine_alone(monitor):
    _, running = monitor
    assert running._server.server_address[0] == "127.0.0.1"
    assert ask(running, "/metrics", Host="hostile.example:80") == (
        421,
        b'{"status": "not called by a name of this machine"}',
    )
    assert ask(running, "/metrics", Host=f"localhost:{running.port}")[0] == 200


def test_a_port_that_is_taken_is_a_line(monitor):
    made, running = monitor
    with pytest.raises(TwelveLeadError, match="monitor_port"):
        Monitor(running.port, made.state, made.metrics)
