"""Logging from tasks: which job a line belongs to, for formatters of your own."""

from __future__ import annotations

import logging
import sys
from typing import TYPE_CHECKING, Any

from streamq.context import running_job

if TYPE_CHECKING:
    from collections.abc import Mapping


class JobFields(logging.Filter):
    """Gives each record `job_id`, `task`, `queue`, `attempt` and `trace_id`.

    `handler.addFilter(JobFields())`, then `"%(job_id)s"` in a format. Outside a job they are
    empty, the attempt 0. A record that names its job already keeps that.
    """

    def filter(self, record: logging.LogRecord) -> bool:
        """Add the fields; keeps every record."""
        told = getattr(record, "job", None)
        facts = told if isinstance(told, dict) else job_facts()
        for name, empty in (("job_id", ""), ("task", ""), ("queue", ""), ("attempt", 0)):
            if not hasattr(record, name):
                setattr(record, name, facts.get(name, empty))
        if not hasattr(record, "trace_id"):
            record.trace_id = facts.get("trace_id", "") or current_trace_id()
        return True


def job_facts() -> dict[str, object]:
    """Of the job that this code runs for; empty where it runs for none."""
    job = running_job()
    if job is None:
        return {}
    facts: dict[str, object] = {
        "job_id": job.id,
        "task": job.task,
        "queue": job.queue,
        "attempt": job.attempt,
    }
    if trace_id := current_trace_id() or trace_id_of(job.headers):
        facts["trace_id"] = trace_id
    return facts


def trace_id_of(headers: Mapping[str, Any]) -> str:
    """The trace that a job was enqueued in, as its `traceparent` header says; else empty."""
    parts = str(headers.get("traceparent", "")).split("-")
    return parts[1] if len(parts) == 4 and len(parts[1]) == 32 else ""  # noqa: PLR2004 - W3C's form


def current_trace_id() -> str:
    """Of OpenTelemetry's current span; empty where there is none, or nobody uses it."""
    trace = sys.modules.get("opentelemetry.trace")
    if trace is None:
        return ""
    context = trace.get_current_span().get_span_context()
    return f"{context.trace_id:032x}" if context.is_valid else ""
