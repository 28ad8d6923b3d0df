"""The pages: static files of the package, and nothing from anywhere else."""

from importlib.resources import files

from fastapi import APIRouter, Request, Response

from twelvelead.service.problems import Problem
from twelvelead.service.sessions import launch

router = APIRouter(include_in_schema=False)

_FOLDER = files("twelvelead.service") / "page"
_MEDIA = {"html": "text/html", "js": "text/javascript", "css": "text/css"}


def _load() -> dict[str, tuple[bytes, str]]:
    found = {}
    for entry in _FOLDER.iterdir():
        media = _MEDIA.get(entry.name.rpartition(".")[2])
        if media is not None:
            found[entry.name] = (entry.read_bytes(), media)
    return found


_FILES = _load()
"""Name -> content and media type of every file that is served; no path of a client is ever looked up on a disk."""


def _give(name: str) -> Response:
    if name not in _FILES:
        raise Problem(404, "no-resource", "there is no such file")
    content, media = _FILES[name]
    return Response(content, media_type=media, headers={"Cache-Control": "no-cache"})


@router.get("/")
async def index(request: Request, token: str | None = None) -> Response:
    return _give("index.html") if token is None else await launch(request, token)


@router.get("/docs")
async def docs() -> Response:
    return _give("docs.html")


@router.get("/page/{name}")
async def page(name: str) -> Response:
    return _give(name)
