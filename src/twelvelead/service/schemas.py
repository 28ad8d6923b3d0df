"""The schemas of OpenAPI that are not made from models: the answer's own, and a body of any kind."""

import json
from importlib.resources import files
from typing import Any

from twelvelead.service.forms import MEDIA

_BINARY = {"type": "string", "format": "binary"}


def interpretation_schema() -> dict[str, Any]:
    """The schema of an answer, as the package has it."""
    text = (files("twelvelead.inference") / "interpretation.schema.json").read_text(encoding="utf-8")
    schema: dict[str, Any] = json.loads(text)
    return schema


_ANSWER = {"$ref": "#/components/schemas/Interpretation"}
_ENTRY = {"anyOf": [_ANSWER, {"$ref": "#/components/schemas/ProblemDetails"}]}

ANSWERS: dict[str, Any] = {
    "description": "The answer of one recording, or a list of answers and problems",
    "content": {
        MEDIA["json"]: {"schema": {"anyOf": [_ANSWER, {"type": "array", "items": _ENTRY}]}},
        **{MEDIA[form]: {"schema": _BINARY} for form in ("pdf", "png", "svg")},
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
