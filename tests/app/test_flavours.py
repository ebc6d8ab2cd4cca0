"""The façade on each kind of server that the suite can start."""

from __future__ import annotations

import asyncio

from streamq import JobState, StreamQ
from streamq.asking import ask, known_queues
from tests.app.hands import Hands
from tests.servers import Server


def test_a_job_from_enqueue_to_result_on_every_server(any_server: Server) -> None:
    app = StreamQ("shop", broker=any_server.url)

    @app.task(name="shop.add")
    def add(x: int, y: int) -> int:
        return x + y

    jobs = app.delay_many([add.s(1, 2), add.options(queue="mail").s(3, 4)])
    later = add.options(countdown=60, idempotency_key="k").delay(5, 6)
    assert add.options(idempotency_key="k").delay(5, 6) == later
    assert ask(app, known_queues(app)) == ["default", "mail"]
    Hands(app).run_all()
    Hands(app, "mail").run_all()
    assert app.gather(jobs, timeout=10) == [3, 7]
    assert later.state is JobState.SCHEDULED
    assert later.cancel()

    async def use() -> int:
        job = await add.adelay(1, 1)
        await asyncio.to_thread(Hands(app).run_all)
        value = await job
        await app.aclose()
        return value

    assert asyncio.run(use()) == 2
    app.close()
