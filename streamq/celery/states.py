"""Celery's words for where a job is in its life."""

from __future__ import annotations

import json
from typing import Any

from streamq.job_state import JobState

CUSTOM = "celery:"  # begins a progress message that is a state of the task's own

PENDING = "PENDING"
RECEIVED = "RECEIVED"
STARTED = "STARTED"
SUCCESS = "SUCCESS"
FAILURE = "FAILURE"
REVOKED = "REVOKED"
REJECTED = "REJECTED"
RETRY = "RETRY"
IGNORED = "IGNORED"

READY_STATES = frozenset({SUCCESS, FAILURE, REVOKED})
UNREADY_STATES = frozenset({PENDING, RECEIVED, STARTED, REJECTED, RETRY})
EXCEPTION_STATES = frozenset({RETRY, FAILURE, REVOKED})
PROPAGATE_STATES = frozenset({FAILURE, REVOKED})
ALL_STATES = READY_STATES | UNREADY_STATES

_WORDS = {
    JobState.RUNNING: STARTED,
    JobState.SUCCEEDED: SUCCESS,
    JobState.DEAD: FAILURE,
    JobState.CANCELLED: REVOKED,
    JobState.EXPIRED: REVOKED,
}


def of(state: JobState, reason: str) -> str:
    """Celery's word for a state: a job that nobody knows is PENDING there."""
    if reason == "retry" and state in {JobState.SCHEDULED, JobState.WAITING}:
        return RETRY
    return _WORDS.get(state, PENDING)


def custom(message: str) -> tuple[str, Any] | None:
    """What `update_state` put into the progress message."""
    if not message.startswith(CUSTOM):
        return None
    try:
        state, meta = json.loads(message.removeprefix(CUSTOM))
    except ValueError:
        return None
    return str(state), meta
