"""Whether plain values satisfy a JSON Schema: the part of draft 2020-12 that our schemas use, without a dependency."""

import json
import re
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

_TYPES: dict[str, type | tuple[type, ...]] = {
    "object": dict,
    "array": list,
    "string": str,
    "boolean": bool,
    "null": type(None),
    "number": (int, float),
    "integer": int,
}

_OF_NUMBERS = frozenset({"type", "description", "minimum", "maximum", "exclusiveMinimum"})


@cache
def load_schema(path: Path) -> dict[str, Any]:
    """A schema of the package."""
    schema: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return schema


def find_fault(value: Any, schema: Mapping[str, Any], root: Mapping[str, Any] | None = None) -> str | None:
    """Where a value first breaks a schema, such as "thresholds.f1[2] is -1, below 0"; None where it does not.

    Args:
        value: as `json` gives it.
        schema: the schema, or a part of it.
        root: the schema that holds the definitions; the schema itself where None.
    """
    found = _fault(value, schema, schema if root is None else root, "")
    return None if found is None else found.lstrip(".")


def _fault(value: Any, schema: Mapping[str, Any], root: Mapping[str, Any], where: str) -> str | None:
    if "$ref" in schema:
        fault = _fault(value, root["$defs"][schema["$ref"].rpartition("/")[2]], root, where)
        if fault:
            return fault
    if "oneOf" in schema:
        faults = [_fault(value, each, root, where) for each in schema["oneOf"]]
        if faults.count(None) != 1:
            return next((fault for fault in faults if fault), f"{where} is ambiguous")
    fault = _plain(value, schema, where) or _inner(value, schema, root, where)
    if fault is None and "if" in schema:
        branch = "else" if _fault(value, schema["if"], root, where) else "then"
        fault = _fault(value, schema.get(branch, {}), root, where)
    return fault


def _plain(value: Any, schema: Mapping[str, Any], where: str) -> str | None:
    """What is wrong with the value itself."""
    kinds = schema.get("type", ())
    if kinds and not any(_is_kind(value, kind) for kind in ([kinds] if isinstance(kinds, str) else kinds)):
        return f"{where} is {_shown(value)}, not of type {kinds if isinstance(kinds, str) else ' or '.join(kinds)}"
    allowed = [schema["const"]] if "const" in schema else schema.get("enum")
    if allowed is not None and not any(type(one) is type(value) and one == value for one in allowed):
        return f"{where} is {_shown(value)}, not {' or '.join(json.dumps(one) for one in allowed)}"
    if _is_kind(value, "number"):
        if value < schema.get("minimum", value):
            return f"{where} is {_shown(value)}, below {schema['minimum']}"
        if value > schema.get("maximum", value):
            return f"{where} is {_shown(value)}, above {schema['maximum']:g}"
        if "exclusiveMinimum" in schema and value <= schema["exclusiveMinimum"]:
            return f"{where} is {_shown(value)}, not above {schema['exclusiveMinimum']}"
    if isinstance(value, str):
        if len(value) < schema.get("minLength", 0):
            return f"{where} is empty"
        if "pattern" in schema and not re.search(schema["pattern"], value):
            return f"{where} is {_shown(value)}, which it cannot be"
    return None


def _inner(value: Any, schema: Mapping[str, Any], root: Mapping[str, Any], where: str) -> str | None:
    """What is wrong with what the value holds."""
    if isinstance(value, list):
        least, most = schema.get("minItems", 0), schema.get("maxItems", len(value))
        if not least <= len(value) <= most:
            return f"{where} has {len(value)} entries, not {least if least == most else f'at least {least}'}"
        if schema.get("uniqueItems") and len({json.dumps(each) for each in value}) < len(value):
            return f"{where} names something twice"
        items = schema.get("items", {})
        if _are_good_numbers(value, items, root):
            return None
        pairs = [(each, items, f"{where}[{place}]") for place, each in enumerate(value)]
    elif isinstance(value, dict):
        named, rest = schema.get("properties", {}), schema.get("additionalProperties", {})
        missing = [name for name in schema.get("required", ()) if name not in value]
        unknown = [name for name in value if name not in named] if rest is False else []
        if missing or unknown:
            return f"{where} has missing or unknown entries {', '.join(sorted([*missing, *unknown]))}"
        if len(value) < schema.get("minProperties", 0):
            return f"{where} is empty"
        pairs = [(each, named.get(name, rest), f"{where}.{name}") for name, each in value.items()]
    else:
        return None
    return next((fault for each, of, place in pairs if of and (fault := _fault(each, of, root, place))), None)


def _are_good_numbers(values: list[Any], schema: Mapping[str, Any], root: Mapping[str, Any]) -> bool:
    """Whether these are numbers within the range of a schema that asks for nothing else: the most of a contract."""
    while "$ref" in schema:
        schema = root["$defs"][schema["$ref"].rpartition("/")[2]]
    if not values or schema.get("type") != "number" or schema.keys() - _OF_NUMBERS:
        return False
    low, high, above = (schema.get(key) for key in ("minimum", "maximum", "exclusiveMinimum"))
    return (
        all(type(each) is float or type(each) is int for each in values)
        and (low is None or min(values) >= low)
        and (high is None or max(values) <= high)
        and (above is None or min(values) > above)
    )


def _shown(value: Any) -> str:
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= 60 else f"{text[:57]}..."


def _is_kind(value: Any, kind: str) -> bool:
    return isinstance(value, _TYPES[kind]) and (kind in ("boolean", "null") or not isinstance(value, bool))
