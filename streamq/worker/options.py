"""What a worker is started with, beside the application's settings."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from streamq.app import StreamQ

FEWEST_THREADS = 4  # by default: plain tasks mostly wait for something


@dataclass(frozen=True, slots=True)
class WorkerOptions:
    """Options of `supervise`; None takes the application's setting."""

    queues: tuple[str, ...] | None = None  # None: every queue that a task names
    threads: int | None = None  # plain tasks at once (setting `concurrency`)
    async_concurrency: int | None = None  # async tasks at once
    loglevel: str | None = None  # DEBUG, INFO, …
    log_format: str | None = None  # "text" or "json"
    process_concurrency: int | None = None  # child processes, for tasks with pool="process"
    grace: float | None = None  # seconds that jobs get to end at shutdown
    processes: int | None = None  # worker processes, each of them with all of the above
    name: str | None = None  # what their names begin with; "%h" in it is the host's name
    burst: bool = False  # end when nothing is left to do
    max_jobs: int | None = None  # after which a worker process makes room for another
    max_memory: int | None = None  # MiB, the same
    wait: bool = False  # for a server that isn't there yet
    reload: bool = False  # replace worker processes when the application's code changes


@dataclass(frozen=True, slots=True)
class ChildBounds:
    """How many child processes there are, and when one is replaced."""

    concurrency: int  # jobs at once, each in a process
    max_jobs: int | None = None
    max_memory: int | None = None  # MiB


@dataclass(frozen=True, slots=True)
class Size:
    """How much one worker process does at once."""

    queues: tuple[str, ...]
    threads: int
    async_concurrency: int
    children: ChildBounds
    grace: float  # seconds
    burst: bool = False  # end when nothing is left to do
    max_jobs: int | None = None  # end after so many
    max_memory: int | None = None  # MiB; end above it


@dataclass(frozen=True, slots=True)
class Bounds:
    """How long things last and how many are kept, as scripts want to be told."""

    lease_ms: int = 30_000
    result_ttl_ms: int = 86_400_000  # of the outcome of a job that expired
    results_cap: int = 100_000  # outcomes kept, per queue
    dead_cap: int = 100_000  # dead jobs kept, per queue
    dead_ttl_ms: int = 30 * 86_400_000


def bounds_of(app: StreamQ) -> Bounds:
    """What the application's settings say."""
    conf = app.conf
    return Bounds(
        int(conf.lease * 1000),
        int(conf.result_ttl * 1000),
        conf.results_limit,
        conf.dead_limit,
        int(conf.dead_ttl * 1000),
    )


def size_of(app: StreamQ, options: WorkerOptions) -> Size:
    """What the options and the application's settings come to."""
    conf = app.conf
    return Size(
        tuple(options.queues or dict.fromkeys([*app.queues(), *app.schedules.queues])),
        options.threads or conf.concurrency or max(FEWEST_THREADS, os.cpu_count() or 1),
        options.async_concurrency or conf.async_concurrency,
        ChildBounds(
            options.process_concurrency or conf.process_concurrency or os.cpu_count() or 1,
            conf.max_jobs_per_child,
            conf.max_memory_per_child,
        ),
        conf.grace if options.grace is None else options.grace,
        options.burst,
        options.max_jobs or conf.max_jobs,
        options.max_memory or conf.max_memory,
    )


def processes_of(app: StreamQ, options: WorkerOptions) -> int:
    """How many worker processes there are to be."""
    return options.processes or app.conf.processes
