"""The pages: static files of the package, and nothing from anywhere else."""

import hashlib
from collections.abc import Iterator
from importlib.resources import files
from importlib.resources.abc import Traversable
from typing import NamedTuple

from fastapi import APIRouter, Request, Response

from twelvelead.service.problems import Problem
from twelvelead.service.sessions import launch

router = APIRouter(include_in_schema=False)

_MEDIA = {
    "html": "text/html",
    "js": "text/javascript",
    "css": "text/css",
    "json": "application/json",
    "svg": "image/svg+xml",
}


class _File(NamedTuple):
    content: bytes
    media: str
    tag: str


def _load(folder: Traversable, before: str = "") -> Iterator[tuple[str, _File]]:
    for entry in folder.iterdir():
        name = before + entry.name
        media = _MEDIA.get(name.rpartition(".")[2])
        if entry.is_dir():
            yield from _load(entry, f"{name}/")
        elif media is not None:
            content = entry.read_bytes()
            yield name, _File(content, media, f'"{hashlib.sha256(content).hexdigest()[:32]}"')


_FILES = dict(_load(files("twelvelead.service") / "page"))
"""Path below /page/ -> every file that is served; no path of a client is ever looked up on a disk."""


def _give(request: Request, path: str) -> Response:
    if path not in _FILES:
        raise Problem(404, "no-resource", "there is no such file")
    content, media, tag = _FILES[path]
    headers = {"Cache-Control": "no-cache", "ETag": tag}
    if tag in request.headers.get("if-none-match", ""):
        return Response(status_code=304, headers=headers)
    return Response(content, media_type=media, headers=headers)


@router.get("/")
async def index(request: Request, token: str | None = None) -> Response:
    return _give(request, "index.html") if token is None else await launch(request, token)


@router.get("/docs")
async def docs(request: Request) -> Response:
    return _give(request, "docs.html")


@router.get("/page/{path:path}")
async def page(request: Request, path: str) -> Response:
    return _give(request, path)
