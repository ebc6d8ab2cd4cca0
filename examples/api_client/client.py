"""A client of somebody's API: a limit for each customer, one for all, so many calls at once."""

import asyncio
import time

from streamq import Concurrency, RateLimit, StreamQ

app = StreamQ("client", lease=2)
app.limit("api", "40/s", queue="calls")  # what we may ask of them in all
app.queue("calls", weights={"large": 2})  # two turns where the others have one

PER_CUSTOMER = RateLimit(25, per=1, key="{customer}")  # what they allow each of our customers


@app.task(
    name="call",
    queue="calls",
    lane="{customer}",
    rate_limit=["api", PER_CUSTOMER],
    concurrency=Concurrency(8),
    max_crashes=10,
)
async def call(customer: str, order: int) -> float:
    started = time.time()
    await get(f"/{customer}/orders/{order}")
    return started


async def get(_path: str) -> None:
    """Ask them, in place of a real client."""
    await asyncio.sleep(0.1)


def enqueue(**calls: int) -> dict[str, list[float]]:
    """Make so many calls for each customer, and wait; when each of them started."""
    jobs = {who: call.delay_many([(who, n) for n in range(many)]) for who, many in calls.items()}
    return {who: sorted(app.gather(some, timeout=120)) for who, some in jobs.items()}


def most_in_a_second(starts: list[float]) -> int:
    """How many of them lie in the fullest second."""
    return max(sum(0 <= other - one < 1 for other in starts) for one in starts)


if __name__ == "__main__":
    started = enqueue(large=60, middle=30, small=5)
    every = sorted(start for starts in started.values() for start in starts)
    print(most_in_a_second(every) <= 41)  # True
    print(most_in_a_second(started["large"]) <= 26)  # True
    print(len([one for one in every if one < started["small"][-1]]) < 40)  # True
