"""OpenTelemetry: the enqueuer, the job and the job's own job in one trace; metrics; log lines."""

from __future__ import annotations

import json
import logging
import subprocess
import sys
from collections.abc import Callable
from typing import Any

import pytest
from opentelemetry import trace
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import InMemoryMetricReader
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from streamq import Retry, StreamQ, current_job
from streamq.logs import JobFields
from streamq.otel import instrument
from streamq.worker.logs import JsonFormatter

Working = Callable[..., Any]


@pytest.fixture
def spans(app: StreamQ) -> InMemorySpanExporter:
    """Where the spans of the application end up."""
    exporter = InMemorySpanExporter()
    provider = TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    instrument(app, tracer_provider=provider)
    return exporter


def named(spans: InMemorySpanExporter, name: str) -> list[ReadableSpan]:
    return [span for span in spans.get_finished_spans() if span.name == name]


def test_producer_job_and_child_are_in_one_trace(
    app: StreamQ, working: Working, spans: InMemorySpanExporter
) -> None:
    @app.task(name="child")
    async def child() -> str:
        return f"{trace.get_current_span().get_span_context().span_id:x}"

    @app.task(name="parent")
    def parent() -> str:
        return child.delay().id

    with working():
        job = parent.delay()
        inner = app.result(job.get(timeout=10))
        span_id = inner.get(timeout=10)
    sent, sent_child = named(spans, "send default")
    done = {span.attributes["streamq.task"]: span for span in named(spans, "process default")}  # type: ignore[index]
    assert len({span.context.trace_id for span in spans.get_finished_spans()}) == 1
    assert sent.parent is None
    for above, below in (
        (sent, done["parent"]),
        (done["parent"], sent_child),
        (sent_child, done["child"]),
    ):
        assert below.parent is not None
        assert below.parent.span_id == above.context.span_id
    assert span_id == f"{done['child'].context.span_id:x}"
    assert sent.kind is trace.SpanKind.PRODUCER
    assert done["child"].kind is trace.SpanKind.CONSUMER
    assert dict(done["parent"].attributes or {}) == {
        "messaging.system": "streamq",
        "messaging.operation.name": "process",
        "messaging.operation.type": "process",
        "messaging.destination.name": "default",
        "messaging.message.id": job.id,
        "streamq.task": "parent",
        "streamq.attempt": 1,
    }


def test_a_failure_is_an_error_and_an_asked_retry_is_none(
    app: StreamQ, working: Working, spans: InMemorySpanExporter
) -> None:
    @app.task(name="fails")
    def fails() -> None:
        if current_job().attempt == 1:
            raise Retry(countdown=0)
        raise LookupError("nothing there")

    with working(), pytest.raises(LookupError):
        fails.delay().get(timeout=10)
    asked, failed = named(spans, "process default")
    assert asked.status.status_code is trace.StatusCode.UNSET
    assert asked.attributes["streamq.outcome"] == "retry"  # type: ignore[index]
    assert failed.status.status_code is trace.StatusCode.ERROR
    assert failed.status.description == "LookupError: nothing there"
    assert failed.attributes["error.type"] == "LookupError"  # type: ignore[index]
    assert [event.name for event in failed.events] == ["exception"]


def test_metrics_count_and_time_both_sides(app: StreamQ, working: Working) -> None:
    reader = InMemoryMetricReader()
    instrument(app, meter_provider=MeterProvider([reader]))

    @app.task(name="metered")
    def metered() -> None: ...

    with working():
        for job in metered.delay_many([()] * 3):
            job.get(timeout=10)
    data: Any = reader.get_metrics_data()
    found = {
        metric.name: metric.data.data_points[0]
        for metric in data.resource_metrics[0].scope_metrics[0].metrics
    }
    assert found["messaging.client.sent.messages"].value == 3
    assert found["messaging.client.consumed.messages"].value == 3
    assert found["messaging.process.duration"].count == 3
    assert found["messaging.client.operation.duration"].count == 3
    assert found["messaging.process.duration"].attributes["streamq.task"] == "metered"


def test_lines_of_a_task_carry_its_job_and_trace(
    app: StreamQ,
    working: Working,
    spans: InMemorySpanExporter,
    caplog: pytest.LogCaptureFixture,
) -> None:
    own = logging.Formatter("%(job_id)s %(task)s %(queue)s %(attempt)s %(trace_id)s %(message)s")
    lines: list[tuple[str, dict[str, Any]]] = []

    class Both(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            lines.append((own.format(record), json.loads(JsonFormatter().format(record))))

    handler = Both()
    handler.addFilter(JobFields())
    logger = logging.getLogger("streamq.worker")  # where the worker says how jobs end
    logger.addHandler(handler)
    caplog.set_level(logging.INFO, "streamq.worker")

    @app.task(name="chatty")
    def chatty() -> None:
        logger.info("inside")

    try:
        with working():
            job = chatty.delay()
            job.get(timeout=10)
    finally:
        logger.removeHandler(handler)
    (span,) = named(spans, "process default")
    trace_id = f"{span.context.trace_id:032x}"
    inside = next(one for one in lines if one[0].endswith("inside"))
    assert inside[0] == f"{job.id} chatty default 1 {trace_id} inside"
    ended = next(one for one in lines if "succeeded" in one[0])
    assert ended[0].startswith(f"{job.id} chatty default 1 {trace_id} chatty {job.id} succeeded")
    facts = {"job_id": job.id, "task": "chatty", "queue": "default", "attempt": 1}
    for _, entry in (inside, ended):
        assert {**entry, **facts, "trace_id": trace_id} == entry


def test_outside_a_job_the_fields_are_empty(caplog: pytest.LogCaptureFixture) -> None:
    record = logging.LogRecord("x", logging.INFO, __file__, 1, "said", None, None)
    assert JobFields().filter(record)
    assert (record.job_id, record.attempt, record.trace_id) == ("", 0, "")  # type: ignore[attr-defined]


def test_processes_that_tests_start_have_no_sdk_to_load() -> None:
    code = "import redis, sys; print(*sorted(m for m in sys.modules if 'opentelemetry.' in m))"
    said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert "opentelemetry.sdk" not in said.stdout
