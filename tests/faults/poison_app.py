"""Tasks that do to their worker what tasks should not, and innocent ones beside them."""

from __future__ import annotations

import asyncio
import ctypes
import os
import resource
import signal
import time
from collections.abc import Callable

from streamq import StreamQ
from tests.faults.journal import write
from tests.worker.tasks import hold_the_gil

app = StreamQ("poison", lease=2, default_queue="poison")
BOUND = 2  # crashes
GROUND_MIB = 512  # of address space, over what is in use


@app.task
def works(number: int) -> int:
    """Innocent, on a thread."""
    write(number)
    time.sleep(0.01)
    return number


@app.task
async def waits(number: int) -> int:
    """Innocent, on the event loop."""
    write(number)
    await asyncio.sleep(0.01)
    return number


@app.task(pool="process")
def computes(number: int) -> int:
    """Innocent, in a child."""
    write(number)
    return number


def _segfault() -> None:
    ctypes.string_at(0)


def _exit() -> None:
    os._exit(3)


def _killed() -> None:
    """As by the system when memory is short."""
    os.kill(os.getpid(), signal.SIGKILL)


def _memory() -> None:
    """Takes all that it is allowed."""
    used = int(open("/proc/self/statm").read().split()[0]) * resource.getpagesize()  # noqa: SIM115, PTH123
    most = used + GROUND_MIB * 2**20
    resource.setrlimit(resource.RLIMIT_AS, (most, most))
    hoard = []
    while True:
        hoard.append(bytearray(2**24))


def _base(kind: type[BaseException]) -> Callable[[], None]:
    def throw() -> None:
        raise kind("from a task")

    return throw


# What each ends as: dead for this reason, or `ok`, or `unsendable`.
DEEDS: dict[str, tuple[Callable[[], object], str]] = {
    "segfault": (_segfault, "poison"),
    "exit": (_exit, "poison"),
    "killed": (_killed, "poison"),
    "system_exit": (_base(SystemExit), "failed"),
    "interrupt": (_base(KeyboardInterrupt), "failed"),
    "generator_exit": (_base(GeneratorExit), "failed"),
    "cancelled": (_base(asyncio.CancelledError), "failed"),
    "unsendable": (lambda: object(), "unsendable"),
    "blocks": (lambda: time.sleep(3), "ok"),
    "hogs": (lambda: hold_the_gil(3), "ok"),
}


def _make(name: str, deed: Callable[[], object]) -> None:
    async def on_the_loop() -> object:
        return deed()

    app.task(name=f"{name}_on_thread", max_crashes=BOUND)(deed)
    app.task(name=f"{name}_on_loop", max_crashes=BOUND)(on_the_loop)
    app.task(name=f"{name}_in_child", max_crashes=BOUND, pool="process")(deed)


for _name, (_deed, _) in DEEDS.items():
    _make(_name, _deed)
app.task(name="memory_in_child", max_crashes=BOUND, pool="process")(_memory)

PLACES = ("on_thread", "on_loop", "in_child")
WANTED = {f"{name}_{place}": end for name, (_, end) in DEEDS.items() for place in PLACES} | {
    "memory_in_child": "failed or poison",  # by what memory is left to tell of it
}
