"""An application as a user has it: for production, with a server that no test may reach."""

from __future__ import annotations

from typing import Any

from streamq import Backoff, Retry, StreamQ, current_job

app = StreamQ(
    "shop",
    broker="redis://server-of-production",
    backend="redis://server-of-production",
    durability="replica:1",
    broker_options={"max_connections": 3},
    namespace="production",
)


@app.task
def add(x: int, y: int = 1) -> int:
    return x + y


@app.task(queue="mail")
async def greet(name: str) -> str:
    return f"Hello, {name}!"


@app.task(max_attempts=3, backoff=Backoff.fixed(0))
def flaky(good_on: int) -> int:
    attempt = current_job().attempt
    if attempt < good_on:
        raise OSError(f"attempt {attempt}")
    return attempt


@app.task(max_attempts=2, backoff=3600)
def patient() -> None:
    raise OSError("the other side is busy")


@app.task(max_attempts=3)
def asks(seconds: float) -> int:
    if current_job().attempt == 1:
        raise Retry(countdown=seconds)
    return current_job().attempt


@app.task
def order(number: int) -> None:
    greet.delay(f"order {number}")


@app.task
def tells(times: int, then: str = "") -> int:
    job = current_job()
    for n in range(times):
        job.emit({"n": n})
        job.log("line", n)
        job.set_progress(n + 1, times)
    if then:
        raise ValueError(then)
    return times


@app.task
def tells_what() -> None:
    current_job().emit(object())


@app.task(max_attempts=2, backoff=0)
def resumes(value: Any) -> Any:
    job = current_job()
    if job.restored is None:
        job.checkpoint(value)
        raise OSError("once more")
    return job.restored
