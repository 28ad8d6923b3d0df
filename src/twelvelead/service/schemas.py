"""The schemas of OpenAPI that are not made from models: the answer's own, and a body of any kind."""

import json
from importlib.resources import files
from typing import Any

from twelvelead.service.forms import MEDIA

_BINARY = {"type": "string", "format": "binary"}


def shipped_schemas() -> dict[str, dict[str, Any]]:
    """Those of the answer and of an error, as the package has them."""
    names = {"Interpretation": "interpretation.schema.json", "Error": "error.schema.json"}
    folder = files("twelvelead.inference")
    return {name: json.loads((folder / file).read_text(encoding="utf-8")) for name, file in names.items()}


def entries(schema: str, description: str) -> dict[str, Any]:
    """The response of something for one recording, or a list for several with problems among them."""
    one = {"$ref": f"#/components/schemas/{schema}"}
    several = {"type": "array", "items": {"anyOf": [one, {"$ref": "#/components/schemas/ProblemDetails"}]}}
    return {"description": description, "content": {MEDIA["json"]: {"schema": {"anyOf": [one, several]}}}}


def binary(media: str) -> dict[str, Any]:
    """The response of bytes."""
    return {"description": "The bytes", "content": {media: {"schema": _BINARY}}}


ANSWERS = entries("Interpretation", "The answer of one recording, or a list of answers and problems")
ANSWERS["content"] |= {MEDIA[form]: {"schema": _BINARY} for form in ("pdf", "png", "svg")}

CONTENT: dict[str, Any] = {
    "description": "An interpretation, or why there is none",
    "content": {
        MEDIA["json"]: {
            "schema": {
                "anyOf": [{"$ref": "#/components/schemas/Interpretation"}, {"$ref": "#/components/schemas/Error"}]
            }
        }
    },
}

BODY: dict[str, Any] = {
    "required": True,
    "description": "An ECG of any format that is read; docs/own-ecg.md lists them",
    "content": {
        "application/octet-stream": {"schema": _BINARY},
        "multipart/form-data": {
            "schema": {
                "type": "object",
                "properties": {"file": {"type": "array", "items": _BINARY, "minItems": 1}},
                "required": ["file"],
            }
        },
    },
}
