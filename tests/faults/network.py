"""Row 6: whatever the network does to a call of a script, it is done once or not at all.

Every script of `lua/` is called through a proxy that loses, cuts, delays, resets and repeats, and
what then stands in the database is compared with what the same call leaves when nothing happens to
it. The state before is made once for each script and copied for each try.
"""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from queue import Empty, SimpleQueue
from random import Random
from typing import Any
from unittest.mock import patch

import redis

from streamq.client import Client, conversation
from streamq.errors import BrokerUnavailable, EnqueueUncertain
from streamq.operations import Call
from streamq.scripts import lua_folder
from tests.faults.harness import Figures, Ground, Row
from tests.faults.pictures import Picture, picture
from tests.lua.cases import CASES
from tests.lua.rig import Rig
from tests.proxy import Proxy
from tests.proxy_faults import Fault, Harm, script
from tests.servers import NO_RETRIES, Server

SCRIPTS = sorted(path.stem for path in lua_folder().glob("*.lua"))
LANES = 16  # calls at once: most of the time they wait for what was lost
TIMEOUT_S = 0.6  # of a call in all
TRY_S = 0.1  # the least for one try; a second in life
LATE_S = 0.35  # a delay beyond the first try's time
HANG_S = 5.0  # a call that takes longer than this hangs; the rest is for a busy machine
ROOM_MS = 2000.0  # by how much times may differ
HARMS = sorted(set(Harm) - {Harm.ANSWER}, key=lambda harm: harm.name)
NOT_DONE_BEFORE = (Harm.CLOSE_BEFORE, Harm.REPEAT_REPLY, Harm.CUT_REQUEST)  # the answered try
_NUMBER = re.compile(r"\d{6,}")


class Lane:
    """A database of its own, a proxy of its own, and one call at a time."""

    def __init__(self, ground: Ground, server: Server, number: int) -> None:
        self.figures = Figures()
        self.random = Random(f"{ground.seed} lane {number}")
        self.proxy: Proxy = ground.proxy(server)
        self.server = server
        self.admin = _database(server, 2 * number)
        self.prepared = _database(server, 2 * number + 1)
        ground.ends.callback(self.admin.close)
        ground.ends.callback(self.prepared.close)
        self._number = 2 * number

    def _client(self, timeout: float = TIMEOUT_S) -> Client:
        return Client(self.proxy.url.replace("db=0", f"db={self._number}"), timeout=timeout)

    def try_script(self, name: str, cases: int) -> None:
        """All cases of one script: harms in turn, so that a few cases have each."""
        n = self.random.choice((1, 2, 5))
        call = self._prepare(name, n)
        harms = self.random.sample(HARMS, len(HARMS))
        with closing(self._client(HANG_S)) as direct:
            self._reset()
            before = picture(self.admin)
            reply = _shape(direct.run(call))
            control, at = picture(self.admin), time.monotonic()
        for number in range(cases):
            if time.monotonic() - at > 8:  # what was prepared grows old
                break
            fault = self._fault(name, harms[number % len(harms)])
            self._reset()
            what = f"{name} of {n}, {fault.harm.name} × {fault.times}"
            self._try(call, fault, what, reply, (before, control))

    def _prepare(self, name: str, n: int) -> Call[Any]:
        self.prepared.flushdb()
        rig = Rig(self.server)
        rig.admin = rig.user = self.prepared
        return CASES[name](rig, n)

    def _reset(self) -> None:
        self.admin.flushdb()
        names = list(self.prepared.scan_iter(count=10_000))
        with self.prepared.pipeline(transaction=False) as pipe:
            for name in names:
                pipe.copy(name, name, destination_db=str(self._number))
            pipe.execute()

    def _fault(self, name: str, harm: Harm) -> Fault:
        times = self.random.choice((1, 1, 1, 2))
        return self.proxy.add(Fault(script(name), harm, times=times, seconds=LATE_S))

    def _try(
        self, call: Call[Any], fault: Fault, what: str, reply: str, ends: tuple[Picture, Picture]
    ) -> None:
        """One call under one fault; `ends` are the states in which it may leave the database."""
        began, answer, figures = time.monotonic(), "", self.figures
        sent = len(self.proxy.commands)
        with closing(self._client()) as client:
            try:
                answer = _shape(client.run(call))
            except (BrokerUnavailable, EnqueueUncertain):
                figures.add(given_up=1)
            took = time.monotonic() - began
            if fault.harm in (Harm.DELAY_REQUEST, Harm.DELAY):  # what is late arrives all the same
                time.sleep(max(0.0, began + fault.times * LATE_S + 0.1 - time.monotonic()))
            tries = sum(map(fault.when, self.proxy.commands[sent:]))
            self._look_for_stale_bytes(client, what)
        self.proxy.heal()
        self.proxy.drop_connections()  # or what is late yet would meet the next call's state
        figures.add(calls=1, harmed=fault.fired)
        figures.measure(slowest_call_s=took)
        figures.expect(took < HANG_S, f"{what}: hung for {took:.1f} s")
        before, control = ends
        found = picture(self.admin)
        wrong = found.differs(control, ROOM_MS + 10_000)
        if wrong and not answer:
            wrong = found.differs(before, 0) and wrong
        figures.expect(not wrong, f"{what}: {wrong}")
        # A machine that stands still for a try's time has it sent again: `put` says no to a repeat.
        if tries <= fault.fired + 1 and answer and fault.harm in NOT_DONE_BEFORE:
            figures.expect(answer == reply, f"{what}: answered {answer}, not {reply}")

    def _look_for_stale_bytes(self, client: Client, what: str) -> None:
        """The next call on this connection must have its own answer."""
        mark = str(self.random.random()).encode()
        try:
            said = client.command("ECHO", mark)
        except BrokerUnavailable:
            return
        self.figures.expect(said == mark, f"{what}: the next call was answered {said!r}")


def _database(server: Server, number: int) -> redis.Redis:
    return redis.Redis(
        unix_socket_path=str(server.address),
        db=number,
        protocol=2,
        socket_timeout=10,
        retry=NO_RETRIES,
    )


def _shape(reply: object) -> str:
    """A reply without its times."""
    return _NUMBER.sub("#", repr(reply))


def attack(ground: Ground, *, cases: int) -> None:
    """Every script, `cases` times."""
    server = ground.server(databases=2 * LANES)
    names: SimpleQueue[str] = SimpleQueue()
    for name in ground.random.sample(SCRIPTS, len(SCRIPTS)):
        names.put(name)

    def work(lane: Lane) -> Figures:
        for name in _drain(names):
            lane.try_script(name, cases)
        return lane.figures

    lanes = [Lane(ground, server, number) for number in range(LANES)]
    with (
        patch.object(conversation, "MIN_TRY_S", TRY_S),
        ThreadPoolExecutor(LANES) as threads,
    ):
        for figures in threads.map(work, lanes):
            ground.figures.merge(figures)
    ground.figures.add(scripts=len(SCRIPTS))


def _drain(names: SimpleQueue[str]) -> Iterator[str]:
    while True:
        try:
            yield names.get_nowait()
        except Empty:
            return


ROW = Row(
    6,
    "a network that loses, cuts, delays, resets and repeats, for every script",
    attack,
    small={"cases": 20},
    large={"cases": 20},
    rounds=50,
)
