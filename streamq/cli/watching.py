"""The pages that `streamq metrics` and `streamq worker` serve, and where."""

from __future__ import annotations

import os
import socket
from contextlib import ExitStack
from typing import TYPE_CHECKING

from streamq import inspection
from streamq.cli.failures import BadAnswer
from streamq.errors import BrokerUnavailable
from streamq.inspection.exposition import CONTENT_TYPE
from streamq.inspection.serving import Answer, PageServer

if TYPE_CHECKING:
    from collections.abc import Callable

    from streamq.app import StreamQ
    from streamq.inspection import WorkerInfo


def metrics_page(app: StreamQ) -> Answer:
    """What Prometheus asks for."""
    return Answer(inspection.metrics(app), kind=CONTENT_TYPE)


def own_health(app: StreamQ) -> Answer:
    """Of the workers that this process has started; 503 where it is red.

    Without a server nobody can work, and to start a worker anew would not help: that is green.
    """
    try:
        found = inspection.health(app, mine=_started_here)
    except BrokerUnavailable as error:
        return Answer(f"ok, but waits for the server: {error}\n")
    if found.ok:
        return Answer("ok\n")
    return Answer("".join(f"{problem}\n" for problem in found.problems), 503)


def _started_here(worker: WorkerInfo) -> bool:
    facts = worker.details
    return facts.get("host") == socket.gethostname() and facts.get("parent") == os.getpid()


def listen(host: str, port: int, pages: dict[str, Callable[[], Answer]]) -> PageServer:
    """A server of these pages; `BadAnswer` where the address can't be had."""
    try:
        return PageServer(host, port, pages)
    except (OSError, OverflowError) as error:
        raise BadAnswer(f"can't listen on {host} port {port}: {error}") from None


def serve_beside(app: StreamQ, host: str, metrics: int | None, health: int | None) -> ExitStack:
    """Serve what was asked for until the stack is closed; on one port, where both name the same."""
    stack = ExitStack()
    by_port: dict[int, dict[str, Callable[[], Answer]]] = {}
    if metrics is not None:
        by_port.setdefault(metrics, {})["/metrics"] = lambda: metrics_page(app)
    if health is not None:
        by_port.setdefault(health, {})["/health"] = lambda: own_health(app)
    for port, pages in by_port.items():
        stack.enter_context(listen(host, port, pages))
    return stack
