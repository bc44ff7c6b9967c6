"""The service's log: one JSON line for each entry, without bodies, queries or tokens."""

import logging
from datetime import UTC, datetime
from typing import Any

import msgspec

MAX_TEXT = 8_000


class JsonLines(logging.Formatter):
    """Formats an entry as one line of JSON; long texts are cut."""

    def format(self, record: logging.LogRecord) -> str:
        """The line, without its end."""
        line = {
            "time": datetime.fromtimestamp(record.created, UTC),
            "level": record.levelname,
            "logger": record.name,
            "message": record.getMessage()[:MAX_TEXT],
        }
        if record.exc_info:
            line["exception"] = self.formatException(record.exc_info)[-MAX_TEXT:]
        return msgspec.json.encode(line).decode()


def set_up_log(level: Any) -> None:
    """Send all entries from `level` on to standard error."""
    handler = logging.StreamHandler()
    handler.setFormatter(JsonLines())
    logging.basicConfig(level=level, handlers=[handler])
    # In detail it tells each statement with what students wrote.
    logging.getLogger("aiosqlite").setLevel(logging.WARNING)
