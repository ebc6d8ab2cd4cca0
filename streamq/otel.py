"""OpenTelemetry: a span for each enqueue and each run, joined in one trace, and their metrics.

Needs the extra: `pip install "streamq[otel]"`. Names and attributes follow OpenTelemetry's semantic
conventions for messaging (https://opentelemetry.io/docs/specs/semconv/messaging/).
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from streamq.errors import ConfigurationError, Retry

try:
    from opentelemetry import metrics, propagate, trace
    from opentelemetry.trace import SpanKind, StatusCode
except ImportError as error:  # pragma: no cover - without the extra
    raise ConfigurationError(
        "streamq.otel needs OpenTelemetry, which is not installed.\n"
        'Install it: pip install "streamq[otel]"'
    ) from error

if TYPE_CHECKING:
    from collections.abc import Iterator

    from opentelemetry.metrics import MeterProvider
    from opentelemetry.trace import Span, TracerProvider

    from streamq.app import StreamQ
    from streamq.context import RunningJob
    from streamq.hooks import EnqueuedCall

NAME = "streamq"


def instrument(
    app: StreamQ,
    *,
    tracer_provider: TracerProvider | None = None,  # None: the global one
    meter_provider: MeterProvider | None = None,
) -> None:
    """Trace and measure an application's jobs; call it once, where the application is made.

    Producers: a span `send <queue>`, whose context goes with the job (`traceparent` and the like
    in its headers, by the global propagators). Workers: a span `process <queue>` around each run,
    in the enqueuer's trace, and current inside the task. Metrics: `messaging.client.sent.messages`,
    `messaging.client.consumed.messages` (counters), `messaging.client.operation.duration`,
    `messaging.process.duration` (histograms, seconds).
    """
    Instruments(
        trace.get_tracer(NAME, tracer_provider=tracer_provider),
        metrics.get_meter(NAME, meter_provider=meter_provider),
    ).watch(app)


class Instruments:
    """What is written to, and the two generators that write."""

    def __init__(self, tracer: trace.Tracer, meter: metrics.Meter) -> None:
        self._tracer = tracer
        self._sent = meter.create_counter(
            "messaging.client.sent.messages", "{message}", "jobs that were enqueued"
        )
        self._consumed = meter.create_counter(
            "messaging.client.consumed.messages", "{message}", "runs of jobs"
        )
        self._sending = meter.create_histogram(
            "messaging.client.operation.duration", "s", "enqueueing a job"
        )
        self._running = meter.create_histogram("messaging.process.duration", "s", "a run of a job")

    def watch(self, app: StreamQ) -> None:
        """Go around this application's calls and runs, inside what it has declared so far."""
        app.around_enqueue(self.enqueue)
        app.around_run(self.run)

    def enqueue(self, call: EnqueuedCall) -> Iterator[None]:
        """Around one call."""
        labels = _labels("send", call.queue)
        began = time.perf_counter()
        with self._tracer.start_as_current_span(
            f"send {call.queue}",
            kind=SpanKind.PRODUCER,
            attributes={**labels, "messaging.message.id": call.id, "streamq.task": call.task},
            record_exception=False,
            set_status_on_exception=False,
        ) as span:
            propagate.inject(call.headers)
            try:
                yield
            except BaseException as error:
                labels["error.type"] = _failed(span, error)
                raise
            finally:
                self._sent.add(1, labels)
                self._sending.record(time.perf_counter() - began, labels)

    def run(self, job: RunningJob) -> Iterator[None]:
        """Around one run."""
        labels = _labels("process", job.queue)
        began = time.perf_counter()
        facts: dict[str, Any] = {
            "messaging.message.id": job.id,
            "streamq.task": job.task,
            "streamq.attempt": job.attempt,
        }
        with self._tracer.start_as_current_span(
            f"process {job.queue}",
            context=propagate.extract(job.headers),
            kind=SpanKind.CONSUMER,
            attributes={**labels, **facts},
            record_exception=False,
            set_status_on_exception=False,
        ) as span:
            try:
                yield
            except Retry:
                span.set_attribute("streamq.outcome", "retry")  # asked for, no failure
                raise
            except BaseException as error:
                labels["error.type"] = _failed(span, error)
                raise
            finally:
                labels["streamq.task"] = job.task
                self._consumed.add(1, labels)
                self._running.record(time.perf_counter() - began, labels)


def _labels(what: str, queue: str) -> dict[str, Any]:
    return {
        "messaging.system": NAME,
        "messaging.operation.name": what,
        "messaging.operation.type": what,
        "messaging.destination.name": queue,
    }


def _failed(span: Span, error: BaseException) -> str:
    """Say so in the span; the kind of error."""
    kind = f"{type(error).__module__}.{type(error).__qualname__}".removeprefix("builtins.")
    span.set_status(StatusCode.ERROR, f"{type(error).__name__}: {error}"[:500])
    span.set_attribute("error.type", kind)
    if isinstance(error, Exception):
        span.record_exception(error)
    return kind
