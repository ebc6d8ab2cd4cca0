"""What type checkers must say of calls: `# wrong` marks the lines that are errors, and only those.

Never imported; `test_typing.py` runs mypy and pyright on it.
"""

from datetime import timedelta
from typing import assert_type

from streamq import AsyncResult, Backoff, RunningJob, StreamQ, TaskCall
from streamq.schedules.info import ScheduleInfo
from streamq.task import AsyncTask

app = StreamQ("shop")


@app.task
def add(x: int, y: int) -> int:
    return x + y


@app.task
async def aadd(x: int, y: int) -> int:
    return x + y


@app.task(queue="mail", max_attempts=5, backoff=[10, 60, 300])
def send(to: str, *, copies: int = 1) -> None: ...


@app.task(queue="mail", backoff=Backoff(base=5), expires=timedelta(hours=1), tags="x")
async def asend(to: str) -> str:
    return to


@app.task(bind=True)
def bound(job: RunningJob, page: int) -> str:
    return job.id


@app.task(bind=True, retry_on=OSError)
async def abound(job: RunningJob, page: int) -> str:
    return job.id


def plain() -> None:
    assert_type(add.delay(1, 2), AsyncResult[int])
    assert_type(aadd.delay(1, y=2), AsyncResult[int])
    assert_type(add.delay(1, 2).get(), int)
    assert_type(aadd.delay(1, 2).get(timeout=3), int)
    assert_type(add(1, 2), int)
    assert_type(send.delay("a", copies=2), AsyncResult[None])
    assert_type(asend.delay("a").get(), str)
    assert_type(bound.delay(3).get(), str)
    assert_type(abound.delay(page=3).get(), str)
    assert_type(bound(3), str)
    assert_type(add.s(1, 2), TaskCall[int])
    assert_type(add.s(1, 2).options(queue="low").delay(), AsyncResult[int])
    assert_type(add.options(countdown=30, queue="low").delay(1, 2), AsyncResult[int])
    assert_type(add.apply_async((1, 2), countdown=30), AsyncResult[int])
    assert_type(add.delay_many([(1, 2)]), list[AsyncResult[int]])
    assert_type(app.delay_many([add.s(1, 2), aadd.s(1, 2)]), list[AsyncResult[int]])
    assert_type(app.gather([add.delay(1, 2)]), list[int])
    assert_type(add.delay(1, 2).get(propagate=False), int | BaseException)

    add.delay("x", 2)  # wrong
    add.delay(1)  # wrong
    add.delay(1, 2, 3)  # wrong
    add.delay(1, z=2)  # wrong
    aadd.delay("x", 2)  # wrong
    aadd.delay(1)  # wrong
    send.delay(1)  # wrong
    send.delay("a", 2)  # wrong
    asend.delay(1)  # wrong
    bound.delay("x")  # wrong
    bound.delay()  # wrong
    abound.delay("x")  # wrong
    add.s("x", 2)  # wrong
    add.options(queue="low").delay("x", 2)  # wrong
    add.options(countdwn=3)  # wrong
    add.options(queue=3)  # wrong
    add.apply_async((1, 2), countdown="soon")  # wrong
    add("x", 2)  # wrong
    text: str = add.delay(1, 2).get()  # wrong
    del text


async def asynchronous() -> None:
    assert_type(await add.adelay(1, 2), AsyncResult[int])
    assert_type(await (await aadd.adelay(1, 2)), int)
    assert_type(await aadd(1, 2), int)
    assert_type(await abound(1), str)
    assert_type(await app.agather([await add.adelay(1, 2)]), list[int])
    async for job in app.aas_completed([await add.adelay(1, 2)]):
        assert_type(await job, int)

    await add.adelay("x", 2)  # wrong
    await asend.adelay(1)  # wrong
    await aadd("x", 2)  # wrong


@app.task(quue="mail")  # wrong
def misspelt() -> None: ...


@app.task(max_attempts="3")  # wrong
def not_a_number() -> None: ...


@app.cron("0 3 * * *", tz="Europe/Oslo", args=(1, 2))
@app.task
def nightly(x: int, y: int) -> int:
    return x + y


@app.every(timedelta(seconds=30), overlap="skip")
async def beat() -> str:
    return ""


def schedules() -> None:
    assert_type(nightly(1, 2), int)
    assert_type(beat, AsyncTask[[], str])
    assert_type(app.schedules.list(), list[ScheduleInfo])

    nightly.delay("x", 2)  # wrong
    app.every("5m")  # wrong
    app.cron("* * * * *", overlap="never")  # wrong
    app.schedules.create("x", nightly, crom="* * * * *")  # wrong
