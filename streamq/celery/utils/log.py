"""`from streamq.celery.utils.log import get_task_logger`."""

from __future__ import annotations

import logging


def get_task_logger(name: str) -> logging.Logger:
    """The logger of this name; a worker prints what it logs, from its log level on."""
    return logging.getLogger(name)
