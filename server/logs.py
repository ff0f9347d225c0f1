"""Logging of a process: lines for people, or JSON on request."""

import logging
import sys
from datetime import UTC, datetime

import msgspec

_encode = msgspec.json.Encoder().encode


class JsonFormatter(logging.Formatter):
    """One JSON object per line."""

    def format(self, record: logging.LogRecord) -> str:
        fields = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
            "process": record.process,
        }
        if record.exc_info:
            fields["exception"] = self.formatException(record.exc_info)
        return _encode(fields).decode()


def configure(log_format: str, level: str) -> None:
    """Send everything to stderr. Access lines are left out: a proxy has them, and metrics count."""
    handler = logging.StreamHandler(sys.stderr)
    if log_format == "json":
        handler.setFormatter(JsonFormatter())
    else:
        handler.setFormatter(
            logging.Formatter("%(asctime)s %(levelname)s %(name)s: %(message)s", "%H:%M:%S")
        )
    logging.basicConfig(level=level.upper(), handlers=[handler], force=True)
    for noisy in ("uvicorn.access", "uvicorn.error", "websockets", "parlance.gateway"):
        logging.getLogger(noisy).setLevel(logging.WARNING)
    # While PostgreSQL is away the pool tells so with a traceback a second; `parlance.upkeep` says
    # it in a line.
    logging.getLogger("asyncpg.pool").setLevel(logging.ERROR)
