"""The duties of one worker process, put together."""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Any

from streamq.limit_texts import settings_of
from streamq.publishing import texts_of
from streamq.worker.bell import Bell
from streamq.worker.cell import Cell
from streamq.worker.claimer import Claimer
from streamq.worker.enrolment import Enrolment
from streamq.worker.exchange import Exchange
from streamq.worker.flow import Flow
from streamq.worker.handback import HandBackTicker
from streamq.worker.isolation import IsolatedPool
from streamq.worker.job_log import JobLog
from streamq.worker.known import known_tasks, without_processes
from streamq.worker.leases import LeaseBook
from streamq.worker.loop_tasks import LoopPool
from streamq.worker.options import bounds_of
from streamq.worker.pools import Pools
from streamq.worker.process_pool import ProcessPool
from streamq.worker.progress import ProgressFlusher
from streamq.worker.promoter import Promoter
from streamq.worker.pulse import Pulse
from streamq.worker.reclaimer import Reclaimer
from streamq.worker.relayer import Relayer
from streamq.worker.reporting import WorkerReports
from streamq.worker.room import Kind
from streamq.worker.runner import Runner
from streamq.worker.scheduler import Scheduler
from streamq.worker.served import ServedQueue
from streamq.worker.sweeper import Sweeper
from streamq.worker.telling import Teller
from streamq.worker.threads import ThreadPool
from streamq.worker.timekeeper import Timekeeper
from streamq.worker.trails import Trails
from streamq.worker.weather import Weather

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from streamq.app import StreamQ
    from streamq.worker.duty import Duty
    from streamq.worker.identity import Identity
    from streamq.worker.known import KnownTask
    from streamq.worker.options import Size
    from streamq.worker.pools import Pool

CALM_PER_QUEUE_S = 1.0  # all idle duties together stay under 5 commands a second


@dataclass(slots=True)
class Crew:
    """Everything that runs in a worker's loop, and beside it."""

    queues: dict[str, ServedQueue]
    book: LeaseBook
    weather: Weather
    flow: Flow
    pools: Pools
    threads: ThreadPool
    loop_pool: LoopPool
    processes: ProcessPool
    isolated: IsolatedPool
    runner: Runner
    exchanges: list[Exchange] = field(default_factory=list)
    bells: list[Bell] = field(default_factory=list)
    relayers: list[Relayer] = field(default_factory=list)
    upkeep: list[Duty] = field(default_factory=list)  # ends when the worker stops claiming
    to_the_end: list[Duty] = field(default_factory=list)  # as long as jobs run


def kinds_of(queue: str, tasks: Mapping[str, KnownTask]) -> set[Kind]:
    """Where jobs of a queue will run: as its tasks do, or where it has none, as any."""
    own = [task for task in tasks.values() if task.options.queue == queue]
    kinds = {task.kind for task in own or tasks.values()}
    return kinds or {Kind.THREAD}


def assemble(
    app: StreamQ,
    size: Size,
    identity: Identity,
    *,
    birth: dict[str, Any] | None,
    broken: Callable[[BaseException], None],
) -> Crew:
    """Make all of it, in the running loop; starts nothing, sends nothing."""
    loop = asyncio.get_running_loop()
    known, largest = known_tasks(app), app.conf.max_result_bytes
    tasks = without_processes(known) if birth is None else known
    queues = {
        name: ServedQueue(app.keys(name), identity.name, kinds_of(name, tasks), bounds_of(app))
        for name in size.queues
    }
    book, weather = LeaseBook(queues), Weather()
    flow = Flow(queues, book, JobLog(), tasks)
    flow.progress = ProgressFlusher(app.client, queues, weather, loop, pass_on=flow.told)
    flow.trails = Trails(app.client, queues, weather, loop, pass_on=flow.settle)
    reports = WorkerReports(app.client, queues, weather, loop, flow.progress, flow.trails)
    runner = Runner(tasks, app.codec, largest, reports, app.runtime.hooks)
    threads = ThreadPool(size.threads, runner, flow.ended, broken, loop)
    loop_pool = LoopPool(size.async_concurrency, runner, flow.ended, broken, loop)
    make_cell = partial(Cell, birth or {}, largest, runner.timed_out)
    isolated = IsolatedPool(make_cell if birth else None, flow.ended, broken, reports.hear)
    processes = ProcessPool(size.children, make_cell, flow.ended, broken, reports.hear)
    by_kind: dict[Kind, Pool] = {Kind.LOOP: loop_pool, Kind.THREAD: threads}
    by_kind[Kind.PROCESS] = processes
    flow.pools = pools = Pools(tasks, by_kind, isolated, flow.ended, book.runs_apart)
    reports.timekeeper = pools.timekeeper = Timekeeper(loop, pools, loop_pool, broken)
    crew = Crew(queues, book, weather, flow, pools, threads, loop_pool, processes, isolated, runner)
    flow.ticker = HandBackTicker(flow, pools, weather)
    crew.to_the_end += [flow.progress, flow.trails, flow.ticker]
    for queue in queues.values():
        _serve(app, crew, queue, identity.name, tasks)
    _add_what_is_beside_jobs(app, crew, runner, reports)
    return crew


def _add_what_is_beside_jobs(
    app: StreamQ, crew: Crew, runner: Runner, reports: WorkerReports
) -> None:
    """Add the duties that a worker has once: schedules, and who listens to what happens."""
    crew.flow.scheduler = Scheduler(app, crew.weather)
    crew.upkeep.append(crew.flow.scheduler)
    hooks = app.runtime.hooks
    if hooks.see_runs:
        loop = asyncio.get_running_loop()
        teller = Teller(hooks.handlers, app.codec, crew.weather, loop)
        crew.flow.teller = teller
        runner.caller.started = reports.started = teller.started
        crew.to_the_end.append(teller)


def _serve(
    app: StreamQ, crew: Crew, queue: ServedQueue, worker: str, tasks: Mapping[str, KnownTask]
) -> None:
    """Add the duties that each queue has."""
    client, weather, room = app.client, crew.weather, crew.pools.room
    bounds = bounds_of(app)
    calm_s = CALM_PER_QUEUE_S * len(crew.queues)
    claimer = Claimer(
        queue,
        room,
        worker=worker,
        bounds=bounds,
        tasks=list(tasks),
    )
    rate = partial(_rate, crew)
    exchange = Exchange(client, queue, claimer, weather, flow=crew.flow, rate=rate, worker=worker)
    crew.exchanges.append(exchange)
    crew.bells.append(
        Bell(
            client,
            queue,
            weather,
            queues=len(crew.queues),
            exchange=exchange,
            room_in=crew.flow.room_in,
        )
    )
    crew.relayers.append(Relayer(app.runtime, queue, weather, calm_s))
    crew.upkeep += [
        Promoter(client, queue, weather, calm_s),
        Reclaimer(client, queue, weather, bounds, calm_s, crew.flow),
        Sweeper(client, queue, weather, bounds),
        Pulse(client, queue, weather, room=room, worker=worker, calm_s=calm_s),
    ]


def enrolment(app: StreamQ, crew: Crew, identity: Identity) -> Enrolment:
    """The duty that keeps the worker known."""
    return Enrolment(
        app,
        list(crew.queues.values()),
        crew.weather,
        identity=identity,
        alive_ms=int(app.conf.lease * 1000),
        published={name: texts_of(app.runtime, name) for name in crew.queues},
        settings={name: settings_of(app.runtime, name) for name in crew.queues},
        calm_s=CALM_PER_QUEUE_S * len(crew.queues),
    )


def _rate(crew: Crew, now: float | None = None) -> float:
    """Jobs that end per second."""
    at = time.monotonic() if now is None else now
    return sum(slots.rate.per_second(at) for slots in crew.pools.room.slots.values())
