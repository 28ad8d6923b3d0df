"""Logs as JSON, one object a line: what happened, never to whom, from whom or with which file."""

import json
import logging
import sys
import traceback
from datetime import UTC, datetime
from pathlib import Path

logger = logging.getLogger("twelvelead.service")


class JsonLines(logging.Formatter):
    """The message as `event`, the `fields` of `extra` beside it; of an exception its type and place, not its text,
    which may quote a file."""

    def format(self, record: logging.LogRecord) -> str:
        line = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "event": record.getMessage(),
            **getattr(record, "fields", {}),
        }
        if record.exc_info and record.exc_info[1] is not None:
            line |= describe_exception(record.exc_info[1])
        return json.dumps(line, ensure_ascii=False)


def describe_exception(error: BaseException) -> dict[str, object]:
    """Type and places of an exception."""
    frames = traceback.extract_tb(error.__traceback__)
    return {
        "exception": type(error).__qualname__,
        "at": [f"{Path(frame.filename).name}:{frame.lineno} {frame.name}" for frame in frames],
    }


def set_up() -> None:
    """Send the logs of this process to standard error."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(JsonLines())
    for name, level in (("twelvelead", logging.INFO), ("uvicorn", logging.WARNING)):
        each = logging.getLogger(name)
        each.handlers, each.propagate = [handler], False
        each.setLevel(level)
    logging.getLogger("uvicorn.access").disabled = True  # it would log addresses and queries


def event(message: str, /, **fields: object) -> None:
    """Log what happened."""
    logger.info(message, extra={"fields": fields})
