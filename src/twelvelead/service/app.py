"""The application: routes, problems, doors and OpenAPI put together."""

import asyncio
import json
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from typing import Any

from fastapi import FastAPI

from twelvelead.service import (
    agreement,
    attributions,
    beginning,
    comparison,
    interpretations,
    monitoring,
    pages,
    patients,
    pdf,
    problems,
    readings,
    recordings,
    sessions,
)
from twelvelead.service.core import Core
from twelvelead.service.envelope import Envelope
from twelvelead.service.filling import fill
from twelvelead.service.problems import ProblemDetails
from twelvelead.service.schemas import shipped_schemas
from twelvelead.service.settings import Settings
from twelvelead.service.uploads import Upload
from twelvelead.version import __version__

_ABOUT = "Reads 12-lead ECGs of any format and says what they show. A decision aid, not a medical device."


def create_app(settings: Settings, uploads: Iterable[Upload] = ()) -> FastAPI:
    """The service as an ASGI application; its workers start with its lifespan.

    Args:
        settings: of the service.
        uploads: recordings that are kept once it is ready.

    Raises:
        TwelveLeadError: weights are not there or do not match their contract, or settings are not theirs.
    """
    core = Core(settings)

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        starting = [asyncio.create_task(core.start()), asyncio.create_task(fill(core, uploads))]
        yield
        core.drain()
        for each in starting:
            each.cancel()
        await asyncio.wait(starting)
        core.close()

    app = FastAPI(
        title="twelvelead",
        summary=_ABOUT,
        version=__version__,
        lifespan=lifespan,
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
    )
    app.state.core = core
    problems.install(app)
    for part in (
        interpretations,
        recordings,
        pdf,
        attributions,
        readings,
        patients,
        comparison,
        agreement,
        beginning,
        sessions,
        monitoring,
        pages,
    ):
        app.include_router(part.router)
    app.add_middleware(Envelope, settings=settings, metrics=core.metrics, stamp=lambda: core.answering_sha256)
    _complete_openapi(app)
    return app


def _complete_openapi(app: FastAPI) -> None:
    """Add what FastAPI does not know, the schemas of answers and problems, and take its own problems away."""
    make = app.openapi

    def openapi() -> dict[str, Any]:
        document = make()
        schemas = document.setdefault("components", {}).setdefault("schemas", {})
        if "Interpretation" not in schemas:
            schemas.update(shipped_schemas())
            schemas["ProblemDetails"] = ProblemDetails.model_json_schema()
            for name in ("HTTPValidationError", "ValidationError"):
                schemas.pop(name, None)
            for methods in document["paths"].values():
                for operation in methods.values():
                    if "HTTPValidationError" in json.dumps(operation["responses"].get("422")):
                        del operation["responses"]["422"]
        return document

    app.openapi = openapi  # type: ignore[method-assign]
