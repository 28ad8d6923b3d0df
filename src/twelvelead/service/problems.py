"""Why a request has no answer: `application/problem+json` (RFC 9457) with our codes."""

import re
from collections.abc import Mapping
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, Response
from pydantic import BaseModel, ConfigDict, Field
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect

from twelvelead.ecg.finding import CODES
from twelvelead.errors import ERROR_CODES, TwelveLeadError
from twelvelead.service.log import logger

MEDIA = "application/problem+json"

_STATUS = {"usage": 400, "unknown-format": 415, "missing-extra": 415, "too-large": 413, "weights": 400}
"""Code -> status, where it is not 422."""

_TOLD = {"usage": 400, "conflict": 409, "not-found": 404}
"""Code of an error that is raised outside of workers -> status, where its text is for the client."""

_OF_STATUS = {401: "denied", 403: "denied", 404: "no-resource", 405: "no-resource", 413: "too-large"}
_OPTION = re.compile(r"--([a-z]+(?:-[a-z]+)*)")


class Problem(Exception):
    """A request that has no answer.

    Args:
        status: of HTTP.
        code: of `twelvelead.errors.ERROR_CODES`, or of a finding.
        detail: what is wrong and what to do, without anything of the patient.
        headers: of the response.
        more: members beside those that every problem has.
    """

    def __init__(
        self,
        status: int,
        code: str,
        detail: str,
        *,
        headers: Mapping[str, str] | None = None,
        more: Mapping[str, Any] | None = None,
    ) -> None:
        super().__init__(detail)
        self.status, self.code, self.detail = status, code, detail
        self.headers, self.more = dict(headers or {}), dict(more or {})

    def to_dict(self, request_id: str) -> dict[str, Any]:
        """Plain values, as JSON holds them."""
        return {
            "type": f"urn:twelvelead:problem:{self.code}",
            "title": ERROR_CODES.get(self.code) or CODES[self.code],
            "status": self.status,
            "detail": self.detail,
            "code": self.code,
            "request_id": request_id,
            **self.more,
        }


class ProblemDetails(BaseModel):
    """RFC 9457, with our members; `findings` of the quality gate where it refused, `source` of what was sent."""

    model_config = ConfigDict(extra="allow")

    type: str = Field(pattern="^urn:twelvelead:problem:[a-z-]+$")
    title: str
    status: int = Field(ge=400, le=599)
    detail: str
    code: str = Field(pattern="^[a-z-]+$")
    request_id: str
    source: str | None = Field(None, description="SHA-256 of the bytes", pattern="^[0-9a-f]{64}$")
    findings: list[dict[str, Any]] = []


def of_error(error: Mapping[str, Any]) -> Problem:
    """The problem of a recording that could not be read or answered.

    Args:
        error: `twelvelead.describe_error` of it, which calls it by the SHA-256 of its bytes.
    """
    code, source = error["code"], error["source"]
    detail = for_http(error["error"], source)
    return Problem(_STATUS.get(code, 422), code, detail, more={"source": source, "findings": error["findings"]})


def for_http(text: str, source: str) -> str:
    """A sentence of the command line for a client: options are parameters, and the file needs no name."""
    text = re.sub(rf"^{source}(\.[a-z0-9]+)?: ", "", text)
    return _OPTION.sub(lambda found: found[1].replace("-", "_"), text)


def responses(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """The entries of OpenAPI for a path that may answer so."""
    content = {MEDIA: {"schema": {"$ref": "#/components/schemas/ProblemDetails"}}}
    return {status: {"description": _MEANING[status], "content": content} for status in statuses}


_MEANING = {
    400: "A parameter asks for what there is not",
    401: "A key is missing, unknown or revoked",
    403: "The key may not do this, or another site sent the request",
    409: "It is there otherwise already",
    404: "There is no such thing, or the key may not know of it",
    406: "None of the forms in Accept can be given",
    408: "The request was sent too slowly",
    412: "It has changed since it was read; read it again",
    413: "More bytes than are taken",
    415: "Not a recording of a known kind",
    422: "A recording that cannot be read, or that the quality gate refuses, with its findings",
    428: "If-Match is missing",
    429: "More work than is taken on; try again after Retry-After seconds",
    503: "The service is starting or stopping",
}


def respond(problem: Problem, request_id: str) -> Response:
    """The response that a problem is."""
    return JSONResponse(problem.to_dict(request_id), problem.status, problem.headers, MEDIA)


def install(app: FastAPI) -> None:
    """Make every fault of an application a problem."""

    def handle(request: Request, error: Exception) -> Response:
        problem = as_problem(error)
        request.scope["twelvelead.code"] = problem.code
        return respond(problem, request.scope.get("twelvelead.request_id", ""))

    for kind in (Problem, TwelveLeadError, RequestValidationError, HTTPException, ClientDisconnect):
        app.add_exception_handler(kind, handle)


def as_problem(error: Exception) -> Problem:
    """What a client is told of an error; of a fault of ours nothing but that it is one."""
    match error:
        case Problem():
            return error
        case TwelveLeadError() if error.code in _TOLD:
            return Problem(_TOLD[error.code], error.code, for_http(str(error), ""))
        case TwelveLeadError():  # its text is for whoever runs the service: it names places and databases
            logger.error("store", exc_info=error, extra={"fields": {"code": error.code, "error": str(error)}})
            return Problem(503, error.code, "what is kept cannot be reached; the log of the service says why")
        case RequestValidationError():
            fault = error.errors()[0]
            where = ".".join(str(part) for part in fault["loc"][1:] if isinstance(part, str))
            text = "no such parameter" if fault["type"] == "extra_forbidden" else fault["msg"]
            return Problem(400, "usage", f"{where[:100]}: {text}" if where else text)
        case HTTPException():
            code = _OF_STATUS.get(error.status_code, "usage")
            return Problem(error.status_code, code, str(error.detail), headers=error.headers)
        case ClientDisconnect():
            return Problem(400, "truncated", "the connection ended before the request did")
    return Problem(500, "internal", "a fault of the service; its log has the request's id")
