"""Many jobs at once: enqueued together, awaited together or one by one as they end."""

import time

from streamq import StreamQ, WaitTimeout

app = StreamQ("squares")


@app.task
def square(n: int) -> int:
    return n * n


@app.task
def slowly(seconds: float) -> float:
    time.sleep(seconds)
    return seconds


@app.task
def divide(x: int, y: int) -> float:
    return x / y


if __name__ == "__main__":
    jobs = square.delay_many([(n,) for n in range(1000)])  # 200 in each call to the server
    print(sum(app.gather(jobs, timeout=30)))  # 332833500

    naps = [slowly.delay(seconds) for seconds in (0.6, 0.2)]
    print([job.get() for job in app.as_completed(naps, timeout=10)])  # [0.2, 0.6]

    mixed = app.delay_many([divide.s(1, 2), divide.s(1, 0)])
    values = app.gather(mixed, timeout=10, propagate=False)  # an exception in its job's place
    print(values)  # [0.5, ZeroDivisionError('division by zero')]

    try:
        slowly.delay(2).get(timeout=0.3)
    except WaitTimeout as error:
        print(error.state)  # running
