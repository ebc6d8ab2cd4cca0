"""The program that `test_shop.py` tests."""

from streamq import StreamQ

app = StreamQ("shop", broker="redis://localhost")  # not used by the tests


@app.task
def add(x: int, y: int) -> int:
    return x + y


@app.task(queue="mail", max_attempts=3, backoff=0)
def confirm(order: int) -> str:
    return f"order {order} is on its way"


def buy(order: int) -> None:
    """What a request does."""
    confirm.options(countdown=60).delay(order)
    add.delay(order, 1)
