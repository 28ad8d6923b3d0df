"""The interface does what its OpenAPI document says, in small form; and the document is whole."""

import json
from importlib import import_module

import pytest
from hypothesis import HealthCheck, given, settings

schemathesis = pytest.importorskip("schemathesis")
rules = import_module("schemathesis.specs.openapi.checks")
CHECKS = [
    import_module("schemathesis.checks").not_a_server_error,
    rules.status_code_conformance,
    rules.content_type_conformance,
    rules.response_schema_conformance,
]


@pytest.fixture(scope="module")
def service(start, tmp_path_factory):
    """A running service for the whole module."""
    with start(tmp_path_factory.mktemp("openapi"), TWELVELEAD_WORKERS="1") as process:
        yield process


@pytest.fixture(scope="module")
def document(service):
    return schemathesis.openapi.from_url(f"http://127.0.0.1:{service.port}/openapi.json")


def test_every_operation_answers_as_documented(document, service):
    asked = set()
    for found in document.get_all_operations():
        operation = found.ok()
        asked.add((operation.method.upper(), operation.path))

        @settings(max_examples=4, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
        @given(case=operation.as_strategy())
        def check(case):
            case.call_and_validate(headers={"Authorization": f"Bearer {service.token}"}, checks=CHECKS)

        check()
    lines = [json.loads(line) for line in service.log.read_text().splitlines() if line.startswith("{")]
    logged = {(line["method"], line["route"]) for line in lines if line["event"] == "request" and line["status"] != 405}
    assert asked <= logged
    assert not any(line["event"] == "fault" for line in lines)


def test_the_document_names_every_route_and_every_problem(client):
    found = client.get("/openapi.json").json()
    assert {"/v1/interpretations", "/v1/recordings", "/v1/recordings/{recording}/reading", "/v1/models"} <= set(
        found["paths"]
    )
    assert "HTTPValidationError" not in found["components"]["schemas"]
    for methods in found["paths"].values():
        for operation in methods.values():
            assert operation["summary"]
            for status, response in operation["responses"].items():
                if int(status) >= 400:
                    assert list(response["content"]) == ["application/problem+json"]
