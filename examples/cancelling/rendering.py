"""Cancelling jobs: before they start, while they run, and many at once."""

import asyncio
import time

from streamq import AsyncResult, JobCancelled, StreamQ, control, current_job

app = StreamQ("rendering")


@app.task(max_attempts=3)
def render(frames: int) -> int:
    """On a thread: it is told between two of its steps."""
    job = current_job()
    try:
        for frame in range(frames):
            job.set_progress(frame, frames)
            time.sleep(0.05)
    finally:
        job.log("put away")  # also where it is cancelled
    return frames


@app.task
async def upload(files: int) -> None:
    """It is told at its `await`, and may await what tidying up takes."""
    try:
        await asyncio.sleep(files)
    except asyncio.CancelledError:
        await asyncio.sleep(0.05)
        current_job().log("put away")
        raise


@app.task(pool="process")
def encode(seconds: float) -> None:
    """In a process of its own: told by a signal, and killed where that isn't enough."""
    try:
        time.sleep(seconds)
    finally:
        current_job().log("put away")


def stop(job: AsyncResult[object]) -> str:
    while job.state != "running":
        time.sleep(0.05)
    said = job.cancel()
    try:
        job.get(timeout=60)
    except JobCancelled:
        return f"{said}, {job.state}, {[line.text for line in job.log()]}"
    return "too late"


if __name__ == "__main__":
    later = render.options(countdown=3600).delay(10)
    print(later.cancel(), later.state)  # cancelled cancelled

    print(stop(render.delay(100_000)))  # asked, cancelled, ['put away']
    print(stop(upload.delay(100_000)))  # asked, cancelled, ['put away']
    print(stop(encode.delay(100_000)))  # asked, cancelled, ['put away']

    for n in range(5):
        render.options(countdown=3600, tags=["customer-7"]).delay(n)
    answers = control.cancel(app, control.find_pending(app, tag="customer-7"))
    print(sum(map(bool, answers.values())), "of", len(answers))  # 5 of 5
