"""What happens when a task fails: again later, again at its own request, or never again."""

from streamq import GiveUp, Retry, StreamQ, current_job

app = StreamQ("retries")


class Busy(Exception):
    """The other side is busy; it won't be for long."""


@app.task(max_attempts=5, backoff=[0.1, 0.2, 0.4], retry_on=Busy)
def fetch(page: int) -> str:
    attempt = current_job().attempt
    if attempt < 3:
        raise Busy(f"page {page}, attempt {attempt}")
    return f"page {page} on attempt {attempt}"


@app.task(max_attempts=3)
def poll(ready_on: int) -> str:
    attempt = current_job().attempt
    if attempt < ready_on:
        raise Retry(countdown=0.1)  # Retry(countdown=0.1, counted=False) would not count
    return f"ready on attempt {attempt}"


@app.task(max_attempts=5)
def send(address: str) -> None:
    if "@" not in address:
        raise GiveUp(f"{address!r} is no address")  # no attempt would help


if __name__ == "__main__":
    print(fetch.delay(1).get(timeout=10))  # page 1 on attempt 3
    print(poll.delay(2).get(timeout=10))  # ready on attempt 2
    lost = send.delay("nowhere")
    print(repr(lost.get(timeout=10, propagate=False)))  # GiveUp("'nowhere' is no address")
    info = lost.info()
    print(info.state, info.reason, info.attempt)  # dead given-up 1
