"""The options as type checkers see them; never imported at run time."""

from __future__ import annotations

from collections.abc import Mapping, Sequence  # noqa: TC003 - nothing here runs
from datetime import datetime, timedelta  # noqa: TC003 - nothing here runs
from typing import Any, Literal, TypeAlias, TypedDict

from streamq.backoff import BackoffOption  # noqa: TC001 - nothing here runs
from streamq.limits import (
    Concurrency,
    NamedLimit,
    RateLimit,
)
from streamq.unique import Unique  # noqa: TC001 - nothing here runs

Seconds: TypeAlias = float | timedelta
RateLimits: TypeAlias = str | RateLimit | NamedLimit | Sequence[str | RateLimit | NamedLimit]
Concurrencies: TypeAlias = (
    int | str | Concurrency | NamedLimit | Sequence[int | str | Concurrency | NamedLimit]
)
Exceptions: TypeAlias = type[BaseException] | str | Sequence[type[BaseException] | str]


class _Common(TypedDict, total=False):
    queue: str | None
    countdown: Seconds | None
    expires: Seconds | datetime | None
    idempotency_ttl: Seconds | None
    max_attempts: int | None
    backoff: BackoffOption | None
    retry_on: Exceptions | None
    give_up_on: Exceptions | None
    max_age: Seconds | None
    max_crashes: int | None
    time_limit: Seconds | None
    soft_time_limit: Seconds | None
    result_ttl: Seconds | None
    ignore_result: bool | None
    headers: dict[str, Any] | None
    serializer: str | None
    tags: str | Sequence[str] | set[str] | frozenset[str] | None
    rate_limit: RateLimits | None
    concurrency: Concurrencies | None
    lane: str | None
    priority: int | None
    cost: float | None
    ordered: bool | None
    unique: bool | Unique | None
    debounce: Seconds | None
    max_wait: Seconds | None


class CallOptionsDict(_Common, total=False):
    """Options of `.options(…)`, `apply_async(…)`, `send_task(…)`."""

    eta: datetime | None
    idempotency_key: str | None


class TaskOptionsDict(_Common, total=False):
    """Options of `@app.task(…)`, beside `name` and `bind`."""

    pool: Literal["process"] | None
    redact: str | Sequence[str] | None


class QueueOptionsDict(TypedDict, total=False):
    """Options of `app.queue(…)`."""

    rate_limit: RateLimits | None
    concurrency: Concurrencies | None
    weights: Mapping[str, float] | None
    priority_aging: Seconds | None
    max_jobs: int | None
    max_bytes: int | None
    on_full: Literal["raise", "block"] | None
