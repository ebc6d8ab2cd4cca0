"""Logging of worker processes, for programs that have not set up their own."""

from __future__ import annotations

import json
import logging
import re
from typing import Any

from streamq.logs import job_facts

_TEXT = "%(asctime)s %(levelname)s %(message)s"


# Control characters, and marks that turn text around: of names that anybody may have written.
_UNSEEN = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u200e\u200f\u2028-\u202e\u2066-\u2069]")


class TextFormatter(logging.Formatter):
    """Lines for people; what would move the terminal's cursor or turn text around is shown."""

    def format(self, record: logging.LogRecord) -> str:
        """A record as text, its traceback included."""
        return _UNSEEN.sub(lambda found: f"\\x{ord(found[0]):02x}", super().format(record))


class JsonFormatter(logging.Formatter):
    """One JSON object a line: time, level, logger, message, and what is known of the job."""

    def format(self, record: logging.LogRecord) -> str:
        """A record as JSON."""
        entry: dict[str, Any] = {
            "time": self.formatTime(record, "%Y-%m-%dT%H:%M:%S%z"),
            "level": record.levelname,
            "logger": record.name,
            "message": record.getMessage(),
        }
        job = getattr(record, "job", None)
        entry.update(job if isinstance(job, dict) else job_facts())
        if record.exc_info:
            entry["traceback"] = self.formatException(record.exc_info)
        return json.dumps(entry, default=str)


def configure(level: str, shape: str) -> None:
    """Log to stderr, as "text" or "json"; leaves alone what somebody has set up."""
    root = logging.getLogger()
    if root.handlers:
        return
    handler = logging.StreamHandler()
    handler.setFormatter(JsonFormatter() if shape == "json" else TextFormatter(_TEXT))
    root.addHandler(handler)
    root.setLevel(logging.WARNING)  # of others; ours are asked for
    logging.getLogger("streamq").setLevel(level)
