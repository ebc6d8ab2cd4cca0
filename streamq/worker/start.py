"""From the command line to a running worker: the server is there, the banner is printed."""

from __future__ import annotations

import asyncio
import logging
import sys
import time
from typing import TYPE_CHECKING

from streamq.errors import BrokerUnavailable
from streamq.publishing import texts_of
from streamq.worker import banner, logs
from streamq.worker.exits import NO_SERVER
from streamq.worker.options import size_of
from streamq.worker.supervisor import Supervisor

if TYPE_CHECKING:
    from streamq.app import StreamQ
    from streamq.worker.options import WorkerOptions

log = logging.getLogger("streamq.worker")

PING_S = 1.0
STARTING_S = 15.0  # for the embedded server, which may have to start


def supervise(app: StreamQ, options: WorkerOptions) -> int:
    """Run a worker until a signal ends it, or in a burst nothing is left; returns the exit code.

    0 in order; 69 where no server answers at the start and `options.wait` is off; 78 where the
    worker process can't import the application. Raises ConfigurationError, also for a task whose
    limits nobody declared, and BrokerRefused.
    """
    logs.configure(options.loglevel or app.conf.loglevel, options.log_format or app.conf.log_format)
    for queue in size_of(app, options).queues:
        texts_of(app.runtime, queue)  # what can't be published is said before there is a process
    supervisor = Supervisor(app, options)
    try:
        if not _find_server(app, wait=options.wait):
            return NO_SERVER
        banner.show(app, options)
        return asyncio.run(supervisor.serve())
    except KeyboardInterrupt:  # before there was anything to end
        return 130
    finally:
        app.client.close()


def _find_server(app: StreamQ, *, wait: bool) -> bool:
    """Whether a server answers; with `wait`, not before one does."""
    has_said = False
    while True:
        try:
            app.client.ping(timeout=_patience(app))
        except BrokerUnavailable as error:
            if not wait:
                sys.stderr.write(f"{error}\n")
                return False
            if not has_said:
                log.warning("waiting for the server: %s", error)
            has_said = True
            time.sleep(1)
        else:
            return True


def _patience(app: StreamQ) -> float:
    return PING_S if isinstance(app.client.url, str) else STARTING_S
