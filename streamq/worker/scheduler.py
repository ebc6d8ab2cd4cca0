"""Fires schedules: any worker of the application, for any of its queues, without a leader.

The server's clock says what is due. Whoever comes first moves the schedule's cursor in the step
that makes the job; the others find it moved.
"""

from __future__ import annotations

import logging
import time
from typing import TYPE_CHECKING

from streamq import operations
from streamq.asking import ask_async
from streamq.errors import BrokerRefused, StreamQError
from streamq.jitter import jitter
from streamq.schedules.making import plan_question, tick_job
from streamq.schedules.planning import decide, delay_ms
from streamq.schedules.reading import queues_question
from streamq.schedules.texts import declaration, read_schedule
from streamq.worker.duty import Duty
from streamq.worker.weather import FATAL, TROUBLE

if TYPE_CHECKING:
    from streamq.app import StreamQ
    from streamq.operations import Declaration, ScheduleRead
    from streamq.schedules.schedule import Schedule
    from streamq.worker.weather import Weather

log = logging.getLogger("streamq.worker")

DECLARE_S = 10.0  # a third of the time after which a declaration is nobody's
LOOK_S = 2.0  # at one queue; many are looked at more rarely, a call a second in all
FIND_S = 5.0  # between looks for queues that have got their first schedule
FIND_FIRST_S = 2.0  # the same while there is none
HELD_LOOK_S = 1.0  # while jobs wait for the run before them, which ends without a word to us
AGAIN_S = 1.0  # after a tick whose job could not be made
EARLY_S = 0.0005  # the server counts whole milliseconds
ROUNDS = 20  # of one look: a long list of missed ticks is made up for over several
BATCH = 50  # declarations in a call: 200 hold the server for 10 ms


class Scheduler(Duty):
    """Looks at every queue where the application has schedules; sleeps until the next tick."""

    def __init__(self, app: StreamQ, weather: Weather) -> None:
        super().__init__(weather)
        self._app = app
        self._queues: list[str] = []  # where there are schedules
        self._declare_at = self._find_at = 0.0  # monotonic
        self._said: set[str] = set()  # trouble that was logged
        self.has_held = False  # a job waits for the run before it

    async def once(self) -> float:
        """Declare, look and fire; returns seconds until something is due."""
        await self._prepare()
        look_s = max(LOOK_S, 1.25 * len(self._queues))
        self.has_held, wait = False, look_s
        for queue in self._queues:
            wait = min(wait, await self._look(queue, look_s))
        self.weather.answered()
        return max(0.0, min(wait, self._find_at - time.monotonic()))

    def ended(self) -> None:
        """A schedule's job has ended here: what waits for it may go."""
        if self.has_held:
            self.alarm.set()

    # --- what the code has ------------------------------------------------------------------

    async def _prepare(self) -> None:
        now = time.monotonic()
        if now < self._find_at:
            return
        find = queues_question(self._app.runtime, self._app.name)
        self._queues = await ask_async(self._app, find)
        if now >= self._declare_at:
            await self._declare()
            self._declare_at = now + DECLARE_S * jitter.uniform(0.8, 1.0)
        self._find_at = now + (FIND_S if self._queues else FIND_FIRST_S)

    async def _declare(self) -> None:
        """Say what our code has; in the other queues, that it isn't there."""
        by_queue: dict[str, list[Declaration]] = {queue: [] for queue in self._queues}
        for schedule in self._app.schedules.declared.values():
            try:
                here, told = await self._told(schedule)
            except TROUBLE:
                raise
            except (StreamQError, TypeError, ValueError) as error:  # of a queue there may not be
                self._say(schedule.name, f"it can't be declared: {error}")
                continue
            if here not in by_queue:
                await ask_async(self._app, self._app.runtime.desk.schedules.announce(here))
                by_queue[here] = []
            for queue, list_ in by_queue.items():
                moved = operations.Declaration(told.name, told.fingerprint, told.timing, "")
                list_.append(told if queue == here else moved)
        self._queues = sorted(by_queue)
        for is_here in (False, True):  # where it left first, or a tick might come twice
            for queue, all_ in by_queue.items():
                await self._send(queue, [one for one in all_ if bool(one.definition) == is_here])

    async def _told(self, schedule: Schedule) -> tuple[str, Declaration]:
        """In which queue a schedule is, and how it is declared there."""
        app = self._app
        plan = await ask_async(app, plan_question(app.runtime, schedule))
        types = app.runtime.types_of(schedule.task)
        return plan.queue, declaration(app.name, schedule, plan.queue, app.codec, types)

    async def _send(self, queue: str, declarations: list[Declaration]) -> None:
        keys = self._app.keys(queue)
        for at in range(0, len(declarations), BATCH):
            some = declarations[at : at + BATCH]
            words = await self._app.client.run_async(operations.declare(keys, declarations=some))
            for word, told in zip(words, some, strict=True):
                if word == "OK" and told.definition:
                    log.info("schedule %s: this code's declaration is now in force", told.name)

    # --- what is due ------------------------------------------------------------------------

    async def _look(self, queue: str, look_s: float) -> float:
        """Fire what is due in one queue; returns seconds until more will be."""
        keys = self._app.keys(queue)
        for _ in range(ROUNDS):
            call = operations.watch(keys, look_ms=round(look_s * 1000))
            watched = await self._app.client.run_async(call)
            asked = time.monotonic()
            wait = look_s if watched.next_ms < 0 else watched.next_ms / 1000 + EARLY_S
            if watched.held:
                self.has_held = True
                wait = min(wait, HELD_LOOK_S)
            for read in watched.due:
                after = await self._fire(queue, read, watched)
                wait = min(wait, after)
            if wait > 0:
                return max(0.0, min(look_s, wait) - (time.monotonic() - asked))
        return 0.0

    async def _fire(self, queue: str, read: ScheduleRead, watched: operations.Watched) -> float:
        """Make the jobs of one schedule; returns seconds from the look until it is due again."""
        try:
            return await self._make(queue, read, watched)
        except FATAL:
            raise
        except BrokerRefused as error:  # a full server, mostly: the tick stays due
            self._say(read.name, f"its jobs are refused: {error}")
        except TROUBLE:
            raise
        except (StreamQError, TypeError, ValueError) as error:
            self._say(read.name, f"its job can't be made: {error}")
        return AGAIN_S

    async def _make(self, queue: str, read: ScheduleRead, watched: operations.Watched) -> float:
        app, keys = self._app, self._app.keys(queue)
        types = {task: known.types for task, known in app.runtime.definitions.items()}
        schedule = read_schedule(read.name, read.definition, app.codec, types)
        decision = decide(schedule, read.state, watched.now_ms, watched.missed_ms)
        jobs, budget = [], None
        if decision.ticks:
            plan = await ask_async(app, plan_question(app.runtime, schedule, queue))
            jobs = [(tick, tick_job(plan, schedule, read.name, tick)) for tick in decision.ticks]
            budget = plan.budget.most if plan.budget else None
        after = decision.next_ms
        look_at = 0 if after is None else after + delay_ms(schedule, after)
        call = operations.fire(
            keys,
            schedule=read.name,
            version=read.state.version,
            cursor=read.state.cursor,
            next_cursor="end" if after is None else str(after),
            look_at_ms=look_at,
            overlap=schedule.overlap,
            missed=decision.missed,
            jobs=jobs,
            budget=budget,
        )
        words = await app.client.run_async(call)
        if words[0] == "STALE":
            return 0.0
        self.has_held = self.has_held or "HELD" in words
        if decision.missed:
            log.warning(
                "schedule %s: nobody was there for %d of its ticks, and they get no job",
                read.name,
                decision.missed,
            )
        return LOOK_S if after is None else (look_at - watched.now_ms) / 1000 + EARLY_S

    def _say(self, name: str, what: str) -> None:
        line = f"schedule {name}: " + what.partition("\n")[0]
        if line not in self._said:
            self._said.add(line)
            log.error(line)
