"""One line of JSON for each thing worth knowing; no name of a person, no token, no header."""

from __future__ import annotations

import json
import logging
import sys
from datetime import UTC, datetime
from typing import TextIO

_OWN = ("path", "why", "address", "advice", "reasons", "generation", "signal", "entries", "policy")


class _Lines(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        said: dict[str, object] = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "message": record.getMessage(),
        }
        said.update((name, getattr(record, name)) for name in _OWN if hasattr(record, name))
        if record.exc_info and record.exc_info[1] is not None:
            said["error"] = f"{type(record.exc_info[1]).__name__}: {record.exc_info[1]}"[:500]
            said["traceback"] = self.formatException(record.exc_info)[-4_000:]
        return json.dumps(said, ensure_ascii=True)


def to_stream(stream: TextIO | None = None, level: int = logging.INFO) -> logging.Logger:
    """Log lines go to `stream` (standard error). Returns the firewall's logger."""
    logger = logging.getLogger("seawall.firewall")
    handler = logging.StreamHandler(stream or sys.stderr)
    handler.setFormatter(_Lines())
    logger.handlers = [handler]
    logger.setLevel(level)
    logger.propagate = False
    for name in ("uvicorn", "uvicorn.error"):
        other = logging.getLogger(name)
        other.handlers = [handler]
        other.setLevel(logging.WARNING)
        other.propagate = False
    return logger
