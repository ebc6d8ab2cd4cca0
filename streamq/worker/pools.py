"""Where jobs run: which pool gets which job, and what is known of all of them together."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from streamq.operations import Stray
from streamq.worker.early import Early
from streamq.worker.held import Ended
from streamq.worker.interrupting import FOR_GOOD
from streamq.worker.room import Kind, Room

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from streamq.worker.held import Held
    from streamq.worker.interrupting import Why
    from streamq.worker.isolation import IsolatedPool
    from streamq.worker.known import KnownTask
    from streamq.worker.room import Slots
    from streamq.worker.timekeeper import Timekeeper

ALONE_FROM = 2  # crashes from which a job runs in a process of its own; where so many are deadly, 1


class Pool(Protocol):
    """Runs jobs of one kind."""

    slots: Slots

    @property
    def backlog(self) -> int: ...  # noqa: D102
    @property
    def running(self) -> list[Held]: ...  # noqa: D102
    def start(self, jobs: list[Held]) -> None: ...  # noqa: D102
    def stale(self, before: float) -> list[Held]: ...  # noqa: D102
    def tell(self, held: Held, why: Why) -> bool: ...  # noqa: D102


class Pools:
    """All that runs jobs here."""

    def __init__(
        self,
        tasks: Mapping[str, KnownTask],
        pools: Mapping[Kind, Pool],
        isolated: IsolatedPool,
        ended: Callable[[list[Ended]], None],
        runs_apart: Callable[[Held], None] = lambda _held: None,
    ) -> None:
        self._tasks = tasks
        self._runs_apart = runs_apart  # is told of those that go to another process
        self._pools = pools
        self._isolated = isolated
        self._ended = ended
        self.room = Room({kind: pool.slots for kind, pool in pools.items()})
        self.timekeeper: Timekeeper
        self._early = Early(self.room, self._start_one)

    def start(self, jobs: Iterable[Held], seen: set[Kind]) -> None:
        """Give each job to its pool; `seen` gets the kinds that were among them."""
        sorted_by: dict[Kind, list[Held]] = {kind: [] for kind in self._pools}
        for held in jobs:
            if held.job.delay_us and self._early.keep(held):
                continue
            task = self._tasks.get(held.job.record.task)
            if task is None:
                stray = Stray(held.job.id, held.lease.token, held.job.record.task)
                self._ended([Ended(held, stray)])
                continue
            alone = held.job.crashes > 0 and self._goes_alone(held, task)
            # One that must never run twice is lost with us all the same: it may have begun.
            if (alone or task.kind is Kind.PROCESS) and crash_bound(held, task):
                self._runs_apart(held)
            if alone:
                self._isolated.start(held, self._pools[task.kind].slots)
            else:
                sorted_by[task.kind].append(held)
        for kind, some in sorted_by.items():
            if some:
                seen.add(kind)
                self._pools[kind].start(some)

    def _start_one(self, held: Held) -> None:
        """The instant of a job has come."""
        self.start([held], set())

    def _goes_alone(self, held: Held, task: KnownTask) -> bool:
        if task.kind is Kind.PROCESS:  # there, all are alone
            return False
        # The run whose crash would be the job's death is to be nobody else's doing.
        first = min(ALONE_FROM, crash_bound(held, task) - 1)
        return held.job.crashes >= first and self._isolated.can_start

    def tell(self, held: Held, why: Why) -> bool:
        """Tell this job to stop; False: it doesn't run (any more, or yet), or was told before."""
        if held.told in FOR_GOOD:
            return False
        pools = self._pools.values()
        return any(pool.tell(held, why) for pool in pools) or self._isolated.tell(held, why)

    def tell_on_thread(self, held: Held, why: Why) -> bool:
        """As `tell`, for a job that runs on a thread; from any thread."""
        return self._pools[Kind.THREAD].tell(held, why)

    @property
    def backlog(self) -> int:
        """How many jobs are held and haven't started."""
        return len(self._early) + sum(pool.backlog for pool in self._pools.values())

    @property
    def running(self) -> list[Held]:
        """The jobs that run now."""
        running = [held for pool in self._pools.values() for held in pool.running]
        return [*running, *self._isolated.running]

    @property
    def held(self) -> int:
        """How many jobs are here, those too whose end nobody was told of yet.

        More than `backlog` and `running` together: a thread's job is in neither just before it
        starts, and from its end until the loop hears of that.
        """
        return len(self._early) + sum(pool.slots.held for pool in self._pools.values())

    def stale(self, now: float, age: float) -> list[Held]:
        """Take back what was claimed so many seconds ago or more and hasn't started."""
        taken = self._early.stale(now - age)
        for pool in self._pools.values():
            some = pool.stale(now - age)
            if some:
                pool.slots.overfed(now)
                taken += some
        return taken


def crash_bound(held: Held, task: KnownTask) -> int:
    """How many crashes make this job dead, as `lua/lib/bound.lua` has it."""
    own = held.job.record.option("c")[:9]  # the most is 1,000,000
    return int(own) if own.isdecimal() else task.options.max_crashes
