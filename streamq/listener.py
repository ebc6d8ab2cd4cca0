"""Hears of jobs that end: one connection per process, for all who wait in it.

A thread listens, or where nobody else waits, the one who blocks until his job has ended.

A waiter asks the server once (`operations.wait`), which either answers or puts this process's
reply channel down beside the job; the script that ends the job then publishes to it. What is
published while nobody listens is missed, so everybody asks again after each connection.
"""

from __future__ import annotations

import os
import threading
import time
from base64 import urlsafe_b64encode
from collections import deque
from typing import TYPE_CHECKING

from streamq.errors import StreamQError
from streamq.keys import reply_channel
from streamq.operations import parse_message, parse_news

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from streamq.client import Client
    from streamq.client.subscription import Subscription
    from streamq.operations import Outcome

IDLE_S = 30.0  # with nobody waiting for so long, the connection is given back
LISTEN_S = 1.0  # how often an idle thread looks whether it is still wanted


class Watch:
    """What one waiter waits for, and what it has heard; `wake` is called by another thread."""

    def __init__(
        self, ids: Iterable[str], wake: Callable[[], None], *, wants_news: bool = False
    ) -> None:
        self.outstanding = set(ids)
        self.heard: deque[tuple[str, Outcome]] = deque()  # taken out by the waiter, in order
        self.wake = wake
        self.wants_news = wants_news  # of jobs that run, too
        self.has_news = False  # a job said something since this was last set to False
        self.pushed = b""  # its latest progress, where that came with the news

    def hear(self, job_id: str, outcome: Outcome) -> None:
        """Note how a job ended; told twice, the first word counts."""
        if job_id in self.outstanding:
            self.outstanding.discard(job_id)
            self.heard.append((job_id, outcome))


class Listener:
    """One process's ear. A forked child makes its own (`pid` says whose this is)."""

    def __init__(self, client: Client, namespace: str) -> None:
        self.pid = os.getpid()
        self.channel = reply_channel(namespace, urlsafe_b64encode(os.urandom(9)).decode())
        self.generation = 0  # goes up with each connection; then everybody asks again
        self.failure: StreamQError | None = None  # why nothing can be heard; cleared by `start`
        self._client = client
        self._lock = threading.Lock()
        self._watches: dict[str, list[Watch]] = {}  # by job id
        self._thread: threading.Thread | None = None
        self._subscription: Subscription | None = None
        self._ear = threading.Lock()  # whoever holds it listens for all
        self._connection = 0  # of the subscription: its generation
        self._is_parked = False  # the thread leaves that to the next waiter that blocks
        self._resume = threading.Event()  # somebody waits who won't do it
        self._last_wanted = 0.0  # monotonic

    def add(self, watch: Watch, *, will_wait: bool = False) -> None:
        """Tell this watch of its jobs from now on; `will_wait`: its waiter calls `wait`."""
        with self._lock:
            for job_id in watch.outstanding:
                self._watches.setdefault(job_id, []).append(watch)
            if not will_wait:
                self._resume.set()

    def wait(self, woken: threading.Event, seconds: float) -> None:
        """Block until `woken`, or for so long; listening meanwhile, if nobody else does.

        A thread that would hear first and then wake this one takes twice as long.
        """
        with self._lock:
            subscription = self._subscription
        if subscription is None or not self._ear.acquire(blocking=False):
            woken.wait(seconds)
            return
        try:
            until = time.monotonic() + seconds
            while not (woken.is_set() or subscription.is_closed):
                if (left := until - time.monotonic()) <= 0:
                    break
                self._hear(subscription, min(left, LISTEN_S))
        finally:
            self._ear.release()
            with self._lock:
                if self._is_wanted():
                    self._resume.set()

    def remove(self, watch: Watch, ids: Iterable[str]) -> None:
        """Tell it no more of these jobs."""
        with self._lock:
            for job_id in ids:
                watches = self._watches.get(job_id, [])
                if watch in watches:
                    watches.remove(watch)
                if not watches:
                    self._watches.pop(job_id, None)

    def start(self) -> None:
        """Make sure that somebody listens."""
        with self._lock:
            self._last_wanted = time.monotonic()
            if self._thread is None:
                self.failure = None
                self._connection, self._is_parked = 0, False
                self._subscription = self._client.subscription((self.channel,))
                self._thread = threading.Thread(
                    target=self._listen,
                    args=(self._subscription,),
                    name="streamq-listener",
                    daemon=True,
                )
                self._thread.start()

    def close(self) -> None:
        """Stop listening; `start` begins anew."""
        with self._lock:
            thread, subscription = self._thread, self._subscription
        if subscription is not None:
            subscription.close()
        self._resume.set()
        if thread is not None and thread is not threading.current_thread():
            thread.join(5)

    def _listen(self, subscription: Subscription) -> None:
        try:
            while not subscription.is_closed and not self._retired():
                if self._parks():
                    self._resume.wait(LISTEN_S)
                else:
                    with self._ear:
                        self._hear(subscription, LISTEN_S)
        except StreamQError as error:
            self.failure = error
        finally:
            with self._lock:
                if self._thread is threading.current_thread():
                    self._thread = None
            subscription.close()
            self._wake_all()  # whoever waits finds the failure, or starts another thread

    def _hear(self, subscription: Subscription, seconds: float) -> None:
        """Listen for so long, and pass on what is heard; holds the ear."""
        message = subscription.listen(seconds)
        if subscription.generation != self._connection:
            self._connection = subscription.generation
            self.generation += 1
            self._wake_all()
        if message is not None:
            self._deliver(message[1])

    def _parks(self) -> bool:
        """Whether the thread only stands by: nobody waits, or somebody who listens himself."""
        with self._lock:
            if self._resume.is_set() or not self._is_parked:
                self._resume.clear()
                self._is_parked = not self._is_wanted() and self.generation > 0
            return self._is_parked

    def _is_wanted(self) -> bool:
        """Whether anybody waits; under the lock."""
        return any(watch.outstanding for several in self._watches.values() for watch in several)

    def _retired(self) -> bool:
        """Whether nobody has waited for a while; then this thread is over."""
        with self._lock:
            now = time.monotonic()
            if self._watches:
                self._last_wanted = now
            if now - self._last_wanted <= IDLE_S:
                return False
            self._thread = None  # here, under the lock: who comes now starts another
            return True

    def _deliver(self, message: bytes) -> None:
        try:
            job_id, outcome = parse_message(message)
        except ValueError:  # not from our scripts; asking again will tell
            return
        with self._lock:
            watches = list(self._watches.get(job_id, ()))
        for watch in watches:
            if outcome is not None:
                watch.hear(job_id, outcome)
            elif watch.wants_news:
                watch.pushed = parse_news(message) or watch.pushed
                watch.has_news = True
            else:
                continue
            watch.wake()

    def _wake_all(self) -> None:
        with self._lock:
            watches = {id(one): one for several in self._watches.values() for one in several}
        for watch in watches.values():
            watch.wake()
