"""Sleeping until a queue has something: blocking pops, on connections of their own.

A wait never raises for an ordinary outage: it reconnects and says "look again".
"""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from hiredis import pack_command
from redis.crc import key_slot
from redis.exceptions import RedisError

from streamq.client.classify import Verdict, classify, root
from streamq.client.connector import close
from streamq.client.conversation import GaveUp, Patience
from streamq.client.trouble import explain
from streamq.errors import BrokerUnavailable

if TYPE_CHECKING:
    from collections.abc import Sequence

    from streamq.client.engine import Engine

READ_MARGIN_S = 2.0  # the server answers that nothing came; later than this, the line is dead
END_MARGIN_S = 0.25
CONNECT_S = 5.0
LOOK_AGAIN = ""  # in place of a key: markers may have been missed
SHORTEST_S = 0.01  # BLPOP takes 0 for "for ever"


@dataclass(eq=False, slots=True)
class _Line:
    """One connection that waits for keys of one slot (all keys, where there is no cluster)."""

    keys: tuple[str, ...]
    connection: Any = None
    task: asyncio.Task[str | None] | None = None
    was_lost: bool = False  # markers may have been missed


class AsyncWaiter:
    """Waits for a marker on any of some lists, in one loop; one wait at a time."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._lines: dict[int | None, _Line] = {}
        self._closed = False

    async def wait(self, keys: Sequence[str], timeout: float) -> str | None:
        """Take a marker off one of these lists, and return that list's key.

        None: `timeout` seconds have passed, or `close` was called, or the connection had to be
        made anew, so look again. Cancelled, it loses no marker: the next wait for
        the same keys gets it. Raises BrokerRefused for a missing right or a wrong password.
        """
        (await self._engine.asynchronous.transport()).others.add(self)
        deadline = time.monotonic() + timeout
        while not self._closed:
            left = max(SHORTEST_S, deadline - time.monotonic())
            lines = self._arm(keys, left)
            tasks = [line.task for line in lines if line.task is not None]
            # The server ends the pops it was asked for now; the margin is for older ones.
            await asyncio.wait(
                tasks, timeout=left + END_MARGIN_S, return_when=asyncio.FIRST_COMPLETED
            )
            # No further than the first key: what other lines brought stays for the next wait.
            found = next((key for line in lines if (key := _collect(line)) is not None), None)
            if found is not None or time.monotonic() >= deadline:
                return found or None
        return None

    def close(self) -> None:
        """End the wait at once, and for good."""
        self._closed = True
        for line in self._lines.values():
            if line.task is not None:
                line.task.cancel()

    async def aclose(self) -> None:
        """Close, and see the connections closed."""
        self.close()
        lines, self._lines = list(self._lines.values()), {}
        tasks = [line.task for line in lines if line.task is not None]
        await asyncio.gather(*tasks, return_exceptions=True)
        for line in lines:
            await _hang_up(line)
        (await self._engine.asynchronous.transport()).others.discard(self)

    def _arm(self, keys: Sequence[str], timeout: float) -> list[_Line]:
        """See that each slot's keys are waited for."""
        groups: dict[int | None, list[str]] = {}
        for key in keys:
            slot = key_slot(key.encode()) if self._engine.talk.router.is_cluster else None
            groups.setdefault(slot, []).append(key)
        lines = []
        for slot, wanted in groups.items():
            line = self._lines.setdefault(slot, _Line(tuple(wanted)))
            if line.keys != tuple(wanted):
                if line.task is not None:
                    line.task.cancel()  # its connection goes with it
                line = self._lines[slot] = _Line(tuple(wanted), was_lost=line.was_lost)
            if line.task is None:
                line.task = asyncio.create_task(self._pop(line, timeout))
            lines.append(line)
        return lines

    async def _pop(self, line: _Line, timeout: float) -> str | None:
        """One blocking pop, with as many connections as it takes; None when time is over."""
        patience = Patience(timeout)
        while True:
            try:
                await self._connect(line)
                if line.was_lost:
                    line.was_lost = False
                    return LOOK_AGAIN
                return await _ask(line, max(SHORTEST_S, patience.left))
            except (RedisError, OSError, BrokerUnavailable) as error:
                await _hang_up(line)
                line.was_lost = True
                if not await self._pause(error, patience):
                    return None
            except BaseException:
                await _hang_up(line)
                raise

    async def _connect(self, line: _Line) -> None:
        if line.connection is not None:
            return
        node = None
        talk = self._engine.talk
        if talk.router.is_cluster:
            # An ordinary command for this slot finds its node, and learns of a move.
            patience = Patience(CONNECT_S)
            question = talk.command((b"LLEN", line.keys[0]), line.keys[0], patience)
            await self._engine.drive_async(question, patience)
            node = talk.router.node_of(line.keys[0])
        line.connection = await talk.connector.connect_async(node, CONNECT_S)

    async def _pause(self, error: Exception, patience: Patience) -> bool:
        """Back off; False when the time is over. Raises what waiting won't mend."""
        talk = self._engine.talk
        verdict = classify(error)
        if verdict is Verdict.RAISE:
            raise explain(root(error), talk.connector.where) from None
        try:
            await asyncio.sleep(patience.pause(error))
        except GaveUp:
            return False
        return True


def _collect(line: _Line) -> str | None:
    """What a line's pop brought, once: a key, LOOK_AGAIN, or None for nothing yet."""
    task = line.task
    if task is None or not task.done():
        return None
    line.task = None
    return None if task.cancelled() else task.result()


async def _ask(line: _Line, timeout: float) -> str | None:
    arguments: tuple[Any, ...] = (b"BLPOP", *line.keys, timeout)
    command = pack_command(arguments)
    async with asyncio.timeout(timeout + READ_MARGIN_S):
        await line.connection.send_packed_command([command], check_health=False)
        reply = await line.connection.read_response()
    return None if reply is None else reply[0].decode()


async def _hang_up(line: _Line) -> None:
    if line.connection is not None:
        connection, line.connection = line.connection, None
        await close(connection)
