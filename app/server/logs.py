"""The log: lines of text or of JSON on standard error, without personal data or secrets."""

from __future__ import annotations

import json
import logging
import sys
from datetime import UTC, datetime
from typing import Any, Final

from app.server.redaction import Redaction

QUIET: Final = ("apscheduler", "httpx2", "alembic", "uvicorn")
"""Libraries of which only warnings are logged."""
_OF_EVERY_RECORD: Final = frozenset(logging.makeLogRecord({}).__dict__) | {"message", "asctime", "color_message"}


def extra_fields(record: logging.LogRecord) -> dict[str, Any]:
    """What a call passed as `extra`."""
    return {name: value for name, value in record.__dict__.items() if name not in _OF_EVERY_RECORD}


class TextFormatter(logging.Formatter):
    """`time level logger message field=value ...`, an exception below."""

    def __init__(self, redact: Redaction) -> None:
        super().__init__("%(asctime)s %(levelname)s %(name)s %(message)s")
        self._redact = redact

    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802 - logging's name
        fields = "".join(f" {name}={value}" for name, value in extra_fields(record).items())
        return super().formatMessage(record) + fields

    def format(self, record: logging.LogRecord) -> str:
        return self._redact(super().format(record))


class JsonFormatter(logging.Formatter):
    """One JSON object a line: `time` (RFC 3339, UTC), `level`, `logger`, `message`, the fields, `exception`."""

    def __init__(self, redact: Redaction) -> None:
        super().__init__()
        self._redact = redact

    def format(self, record: logging.LogRecord) -> str:
        at = datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds")
        line = {
            "time": at,
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": self._redact(record.getMessage()),
            **{name: self._value(value) for name, value in extra_fields(record).items()},
        }
        if record.exc_info:
            line["exception"] = self._redact(self.formatException(record.exc_info))
        return json.dumps(line, ensure_ascii=False)

    def _value(self, value: Any) -> Any:
        return value if value is None or isinstance(value, bool | int | float) else self._redact(str(value))


FORMATTERS: Final = {"text": TextFormatter, "json": JsonFormatter}


def start_logging(redact: Redaction) -> None:
    """Log to standard error as text until `use_format` is called."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(TextFormatter(redact))
    logging.basicConfig(level=logging.INFO, handlers=[handler])
    for verbose in QUIET:
        logging.getLogger(verbose).setLevel(logging.WARNING)


def use_format(name: str, redact: Redaction) -> None:
    """Change the format of what `start_logging` set up."""
    for handler in logging.getLogger().handlers:
        if isinstance(handler.formatter, TextFormatter | JsonFormatter):
            handler.setFormatter(FORMATTERS[name](redact))
