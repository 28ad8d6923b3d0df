"""The pages: static files of the package, and nothing from anywhere else."""

import gzip
import hashlib
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
    media: str
    tag: str
    plain: bytes
    packed: bytes


def _load(folder: Traversable, inside: str = "") -> dict[str, _File]:
    found: dict[str, _File] = {}
    for entry in folder.iterdir():
        name = inside + entry.name
        media = _MEDIA.get(entry.name.rpartition(".")[2])
        if entry.is_dir():
            found |= _load(entry, f"{name}/")
        elif media is not None:
            content = entry.read_bytes()
            tag = f'W/"{hashlib.sha256(content).hexdigest()[:16]}"'
            found[name] = _File(media, tag, content, gzip.compress(content, mtime=0))
    return found


_FILES = _load(files("twelvelead.service") / "page")
"""Path -> every file that is served; no path of a client is ever looked up on a disk."""


def _give(request: Request, name: str) -> Response:
    if name not in _FILES:
        raise Problem(404, "no-resource", "there is no such file")
    file = _FILES[name]
    headers = {"Cache-Control": "no-cache", "ETag": file.tag, "Vary": "Accept-Encoding"}
    if file.tag in request.headers.get("if-none-match", ""):
        # with its media type: a browser takes the policy of this answer over into what it has kept
        return Response(status_code=304, media_type=file.media, headers=headers)
    if "gzip" in request.headers.get("accept-encoding", ""):
        return Response(file.packed, media_type=file.media, headers=headers | {"Content-Encoding": "gzip"})
    return Response(file.plain, media_type=file.media, headers=headers)


@router.get("/")
async def index(request: Request, token: str | None = None) -> Response:
    return _give(request, "index.html") if token is None else await launch(request, token)


@router.get("/docs")
async def docs(request: Request) -> Response:
    return _give(request, "docs.html")


@router.get("/agreement")
async def agreement(request: Request) -> Response:
    return _give(request, "agreement/index.html")


@router.get("/page/{path:path}")
async def page(request: Request, path: str) -> Response:
    return _give(request, path)
