"""A supervisor for the tests: `python -m tests.worker.running OPTIONS`, options as JSON.

The application is in a module's variable, so that worker processes can import it; what differs
from test to test comes from the environment.
"""

from __future__ import annotations

import asyncio
import json
import logging
import os
import sys
from collections.abc import AsyncIterator

from streamq.worker import WorkerOptions, cell, supervise, timekeeper
from tests.worker.tasks import make_app

SETTINGS = "STREAMQ_TEST_SETTINGS"

app = make_app(**json.loads(os.environ.get(SETTINGS, "{}")))
if os.environ.get("STREAMQ_TEST_OWN_LOGGING"):
    logging.basicConfig(level=logging.INFO, format="MINE %(message)s")
if os.environ.get("STREAMQ_TEST_NEVER_OPENS"):

    @app.lifespan
    async def database(_: object) -> AsyncIterator[None]:
        """As where a database hangs."""
        sys.stderr.write("opening\n")
        await asyncio.Event().wait()
        yield


if os.environ.get("STREAMQ_TEST_EXTRA_TASK"):

    @app.task(name="newer")
    def newer() -> str:
        return "known now"


for declared in json.loads(os.environ.get("STREAMQ_TEST_DECLARES") or "[]"):
    app.every(declared.pop("every"), **declared)(app.tasks["tick"])
if patience := os.environ.get("STREAMQ_TEST_PATIENCE"):  # seconds with jobs that are cancelled
    cell.CANCEL_S = timekeeper.UNHEARD_S = float(patience)
    timekeeper.CANCEL_PATIENCE_S = 2 * float(patience)


if __name__ == "__main__":
    options = json.loads(sys.argv[1])
    if "queues" in options:
        options["queues"] = tuple(options["queues"])
    sys.exit(supervise(app, WorkerOptions(**options)))
