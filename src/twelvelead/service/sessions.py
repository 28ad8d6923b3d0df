"""Logging in and out in a browser."""

from typing import Annotated

from fastapi import APIRouter, Request, Response
from fastapi.responses import RedirectResponse
from pydantic import BaseModel, ConfigDict, Field, SecretStr

from twelvelead.service.callers import Caller, Callers, Reader
from twelvelead.service.problems import Problem, responses

router = APIRouter(tags=["session"])


class Login(BaseModel):
    """What is exchanged for a session."""

    model_config = ConfigDict(extra="forbid")

    key: Annotated[SecretStr, Field(min_length=1, max_length=200)]


class Who(BaseModel):
    """Who is logged in."""

    name: str
    owner: str
    role: str
    authenticated: bool


@router.post("/v1/session", summary="Exchange a key for a session's cookie", responses=responses(400, 401, 403, 429))
async def log_in(request: Request, response: Response, login: Login) -> Who:
    return _who(await _callers(request).log_in(request, response, login.key.get_secret_value()))


@router.get("/v1/session", summary="Who asks", responses=responses(401))
async def who(caller: Reader) -> Who:
    return _who(caller)


@router.delete("/v1/session", summary="End the session", status_code=204, responses=responses(403))
async def log_out(request: Request, response: Response) -> None:
    await _callers(request).log_out(request, response)


async def launch(request: Request, token: str) -> Response:
    """Exchange the token in the launch URL for a cookie, and leave it out of the address bar.

    Raises:
        Problem: 401, it is another.
    """
    if _callers(request).token is None:
        raise Problem(401, "denied", "there is no launch token here; log in with a key")
    response = RedirectResponse("/", 303)
    await _callers(request).log_in(request, response, token)
    return response


def _callers(request: Request) -> Callers:
    callers: Callers = request.app.state.core.callers
    return callers


def _who(caller: Caller) -> Who:
    return Who(name=caller.name, owner=caller.owner, role=caller.role, authenticated=caller.authenticated)
