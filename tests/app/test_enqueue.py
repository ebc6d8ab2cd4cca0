from __future__ import annotations

import asyncio
import os
import threading
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta

import pytest

from streamq import (
    BrokerUnavailable,
    EncodeError,
    EnqueueUncertain,
    IdempotencyConflict,
    JobState,
    StreamQ,
    Task,
    operations,
)
from streamq.asking import ask, known_queues
from streamq.client.blocking import Channel
from streamq.scripts import load
from tests.app.hands import Hands
from tests.proxy import Proxy
from tests.proxy_faults import Fault, Harm, script
from tests.servers import Server
from tests.waiting import wait_until


def waiting(app: StreamQ, queue: str = "default") -> int:
    return app.client.run(operations.count(app.keys(queue)))["waiting"]


def test_delay_enqueues_one_job_that_says_what_it_is(
    app: StreamQ, add: Task[[int, int], int]
) -> None:
    before = datetime.now(UTC) - timedelta(seconds=2)
    info = add.delay(4, 5).info()
    assert (info.task, info.queue, info.state) == ("shop.add", "default", JobState.WAITING)
    assert (info.args, info.kwargs, info.attempt, info.crashes) == ((4, 5), {}, 0, 0)
    assert info.enqueued_at is not None
    assert before < info.enqueued_at < before + timedelta(seconds=10)
    assert ask(app, known_queues(app)) == ["default"]


def test_every_way_to_enqueue_makes_the_same_job(
    app: StreamQ, add: Task[[int, int], int], hands: Hands
) -> None:
    async def from_async() -> list[str]:
        jobs = [await add.adelay(1, 2), *await add.adelay_many([(1, 2)])]
        jobs += [await app.asend_task("shop.add", (1, 2)), *await app.adelay_many([add.s(1, 2)])]
        jobs += [await add.s(1, 2).adelay()]
        await app.aclose()
        return [job.id for job in jobs]

    jobs = [
        add.delay(1, 2),
        add.options(countdown=0).delay(1, 2),
        add.apply_async((1, 2)),
        add.apply_async((1,), {"y": 2}, queue="default"),
        add.s(1, 2).delay(),
        add.s(1, 2).apply_async(tags="x"),
        app.send_task("shop.add", (1, 2)),
        *add.delay_many([(1, 2), add.s(1, 2)]),
        *app.delay_many([add.s(1, y=2)]),  # type: ignore[call-arg] # the fixture's type is poor
    ]
    ids = [job.id for job in jobs] + asyncio.run(from_async())
    assert len(set(ids)) == len(ids) == 15
    claims = hands.claim()
    assert [one.id for one in claims] == ids
    for one in claims:
        hands.run(one)
    assert [app.result(one).get(timeout=5) for one in ids] == [3] * 15


def test_many_jobs_go_in_batches_and_keep_their_order(
    app: StreamQ, add: Task[[int, int], int], hands: Hands
) -> None:
    jobs = add.delay_many([(n, 0) for n in range(450)])
    assert waiting(app) == 450
    claimed = [one.id for _ in range(3) for one in hands.claim(200)]
    assert claimed == [job.id for job in jobs]


def test_calls_of_several_queues_go_each_to_its_own(
    app: StreamQ, add: Task[[int, int], int]
) -> None:
    low = add.options(queue="low")
    jobs = app.delay_many([add.s(1, 1), low.s(2, 2), add.s(3, 3)])
    assert [job.info().queue for job in jobs] == ["default", "low", "default"]
    assert (waiting(app), waiting(app, "low")) == (2, 1)


def test_nothing_is_sent_when_one_of_many_can_not_be(
    app: StreamQ, add: Task[[int, int], int]
) -> None:
    with pytest.raises(EncodeError):
        add.delay_many([(1, 2), (1, object())])
    with pytest.raises(TypeError):
        add.delay_many([(1, 2), ()])
    assert waiting(app) == 0


def test_many_calls_are_encoded_a_thousand_ahead_of_what_is_sent(
    app: StreamQ, add: Task[[int, int], int]
) -> None:
    add.delay(0, 0)  # from now on there is a connection
    seen: list[int] = []

    def calls() -> Iterator[tuple[int, int]]:
        for n in range(2500):
            if n % 100 == 0:
                seen.append(n - waiting(app))
            yield n, 0

    jobs = add.delay_many(calls())
    assert len({job.id for job in jobs}) == 2500
    assert waiting(app) == 2501
    assert max(seen) <= 1000 + 200  # a batch is on its way


def test_a_call_far_on_that_can_not_be_sent_says_how_many_are(
    app: StreamQ, add: Task[[int, int], int]
) -> None:
    many = [(n, 0) for n in range(1500)]
    with pytest.raises(EncodeError) as caught:
        add.delay_many([*many, (1, object())])
    sent = waiting(app)
    assert 0 < sent <= 1500
    assert caught.value.__notes__ == [f"{sent} jobs were enqueued before this"]
    with pytest.raises(TypeError):
        add.delay_many([*many[:900], ()])
    assert waiting(app) == sent


def test_calls_of_all_kinds_go_together_in_their_order(
    app: StreamQ, add: Task[[int, int], int], hands: Hands
) -> None:
    keyed = add.options(idempotency_key="once")
    jobs = add.delay_many([(1, 1), add.s(2, 2), keyed.s(3, 3), add.s(4, 4), keyed.s(3, 3)])
    assert jobs[2] == jobs[4]
    assert [one.id for one in hands.claim(10)] == [job.id for job in jobs[:4]]


def test_many_jobs_survive_lost_replies(
    app: StreamQ, add: Task[[int, int], int], monkeypatch: pytest.MonkeyPatch
) -> None:
    add.delay(0, 0)
    received = Channel.receive
    lost = iter([False, True, False, True])

    def lose_some(channel: Channel) -> bytes:
        if next(lost, False):
            received(channel)
            raise ConnectionResetError
        return received(channel)

    monkeypatch.setattr(Channel, "receive", lose_some)
    jobs = add.delay_many([(n, 0) for n in range(1000)])
    assert waiting(app) == 1001
    assert len({job.id for job in jobs}) == 1000


@pytest.mark.parametrize(
    ("options", "seconds"),
    [
        ({"countdown": 60}, 60),
        ({"countdown": timedelta(minutes=2)}, 120),
        ({"eta": timedelta(hours=1)}, 3600),
    ],
)
def test_a_job_for_later_is_scheduled(
    add: Task[[int, int], int], options: dict[str, timedelta], seconds: float
) -> None:
    if "eta" in options:
        options = {"eta": datetime.now(UTC) + options["eta"]}  # type: ignore[dict-item]
    info = add.options(**options).delay(1, 2).info()  # type: ignore[arg-type]
    assert (info.state, info.reason) == (JobState.SCHEDULED, "delayed")
    assert info.due_at is not None
    assert abs((info.due_at - datetime.now(UTC)).total_seconds() - seconds) < 5


def test_a_job_past_its_expiry_never_runs(add: Task[[int, int], int], hands: Hands) -> None:
    job = add.options(expires=0.01).delay(1, 2)
    assert job.info().expires_at is not None
    time.sleep(0.02)
    assert hands.claim() == []
    assert job.state is JobState.EXPIRED


def test_overrides_travel_with_the_job(app: StreamQ, add: Task[[int, int], int]) -> None:
    job = add.options(max_crashes=0, max_attempts=7, tags=("a", "b")).delay(1, 2)
    assert job.info().tags == ("a", "b")
    (look,) = app.client.run(operations.look(app.keys("default"), ids=[job.id]))
    assert look.record is not None
    assert look.record.opts == "c=0"
    assert app.codec.decode_call(look.record.body)[2] == {
        "max_attempts": 7,
        "max_crashes": 0,
        "tags": ["a", "b"],
    }


def test_a_tasks_own_tags_are_on_its_jobs(app: StreamQ) -> None:
    @app.task(tags="billing")
    def bill() -> None: ...

    assert bill.delay().info().tags == ("billing",)
    assert bill.options(tags="other").delay().info().tags == ("other",)


def test_an_idempotency_key_gives_the_first_job_whatever_became_of_it(
    add: Task[[int, int], int], hands: Hands
) -> None:
    keyed = add.options(idempotency_key="mail-42")
    first = keyed.delay(1, 2)
    assert keyed.delay(1, 2) == first
    written_otherwise = add.s(1, y=2)  # type: ignore[call-arg] # the fixture's type is poor
    assert written_otherwise.apply_async(idempotency_key="mail-42") == first
    hands.run_all()
    assert keyed.delay(1, 2) == first
    assert keyed.delay(1, 2).get(timeout=5) == 3
    assert hands.claim() == []


def test_an_idempotency_key_with_other_arguments_is_a_conflict(
    app: StreamQ, add: Task[[int, int], int]
) -> None:
    first = add.options(idempotency_key="k").delay(1, 2)
    with pytest.raises(IdempotencyConflict, match=r"shop\.add") as caught:
        add.options(idempotency_key="k").delay(1, 3)
    assert caught.value.job_id == first.id
    other = app.task(name="shop.other")(lambda x, y: None)
    assert other.options(idempotency_key="k").delay(1, 3) != first  # a key is its task's
    assert waiting(app) == 2


def test_a_key_is_forgotten_after_its_time(add: Task[[int, int], int]) -> None:
    keyed = add.options(idempotency_key="k", idempotency_ttl=0.01)
    first = keyed.delay(1, 2)
    time.sleep(0.02)
    assert keyed.delay(1, 3) != first


def test_a_payload_over_the_limit_is_refused(app: StreamQ) -> None:
    @app.task
    def store(data: bytes) -> None: ...

    app.conf.max_payload_bytes = 1000
    store.delay(b"x" * 900)
    with pytest.raises(EncodeError, match="max_payload_bytes is 1000"):
        store.delay(b"x" * 1000)


def test_a_task_sent_by_name_goes_where_its_workers_say(app: StreamQ, server: Server) -> None:
    @app.task(name="shop.send", queue="mail", ignore_result=True, tags="t", max_crashes=0)
    def send() -> None: ...

    Hands(app, "mail").publish()
    app.client.command("SADD", "sq:streamq:queues", "mail")
    stranger = StreamQ("web", broker=server.url)
    job = stranger.send_task("shop.send")
    assert (job.info().queue, job.info().tags) == ("mail", ("t",))
    assert "-" in job.id[19]  # its result is not kept
    assert stranger.send_task("shop.send", queue="low").info().queue == "low"
    assert stranger.send_task("shop.unheard").info().queue == "default"
    assert asyncio.run(sent_async(stranger)) == "mail"
    stranger.close()


async def sent_async(app: StreamQ) -> str:
    job = await app.asend_task("shop.send")
    queue = (await job.ainfo()).queue
    await app.aclose()
    return queue


def test_threads_enqueue_at_once(app: StreamQ, add: Task[[int, int], int]) -> None:
    threads = [
        threading.Thread(target=lambda: [add.delay(n, 0) for n in range(50)]) for _ in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert waiting(app) == 200


def test_a_forked_child_enqueues_and_waits_on_its_own(
    app: StreamQ, add: Task[[int, int], int], hands: Hands
) -> None:
    first = add.delay(1, 1)
    thread = threading.Thread(target=lambda: first.get(timeout=10))
    thread.start()
    # Not while that thread imports: Python's own import locks don't survive a fork.
    wait_until(lambda: app.runtime.listener.generation, "the listener to run while we fork")
    child = os.fork()
    if child == 0:
        done = False
        try:
            done = add.delay(2, 2).get(timeout=10) == 4
        finally:
            os._exit(0 if done else 1)
    deadline = time.monotonic() + 10
    ended = 0
    while ended < 2 and time.monotonic() < deadline:
        ended += hands.run_all()
        time.sleep(0.01)
    assert os.waitpid(child, 0)[1] == 0
    thread.join(10)
    assert first.get(timeout=1) == 2


def test_a_server_that_is_not_there_is_broker_unavailable() -> None:
    away = StreamQ("shop", broker="redis://127.0.0.1:1", enqueue_timeout=0.3)
    task = away.task(name="x")(lambda: None)
    with pytest.raises(BrokerUnavailable) as caught:
        task.delay()
    assert len(str(caught.value).splitlines()) <= 6


def test_lost_replies_make_one_job_each(
    app: StreamQ, server: Server, make_proxy: Callable[..., Proxy]
) -> None:
    proxy = make_proxy(server)
    through = StreamQ("shop", broker=proxy.url)
    task = through.task(name="shop.add")(lambda n: n)
    task.delay(0)
    server.admin.script_load(load("put").source)
    fault = proxy.add(Fault(script("put", "enqueue"), Harm.DROP_REPLY, times=2))
    task.delay(1)
    assert fault.fired == 2
    through.close()
    assert waiting(app) == 2


def test_a_reply_that_never_comes_is_uncertain_with_the_id(
    app: StreamQ, server: Server, make_proxy: Callable[..., Proxy]
) -> None:
    proxy = make_proxy(server)
    through = StreamQ("shop", broker=proxy.url, enqueue_timeout=0.5)
    task = through.task(name="shop.add")(lambda n: n)
    task.delay(0)
    server.admin.script_load(load("put").source)
    proxy.add(Fault(script("put", "enqueue"), Harm.DROP_REPLY, times=1000))
    with pytest.raises(EnqueueUncertain) as caught:
        task.delay(1)
    through.close()
    assert app.result(caught.value.job_id).state is JobState.WAITING
