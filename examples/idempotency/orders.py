"""The same call twice makes one job; and a task that may run twice does its work once."""

import secrets
import sqlite3
import tempfile
from pathlib import Path

from streamq import IdempotencyConflict, StreamQ

app = StreamQ("orders")
BOOKS = Path(tempfile.gettempdir()) / "streamq-example-orders.sqlite"


@app.task(max_crashes=3)  # 0: never again after its worker was killed in the middle
def charge(order: int, cents: int) -> bool:
    """True where this run did it, False where an earlier one had."""
    with sqlite3.connect(BOOKS) as books:  # the order is the key: a second charge is refused
        books.execute("CREATE TABLE IF NOT EXISTS charges (id INTEGER PRIMARY KEY, cents INT)")
        done = books.execute("INSERT OR IGNORE INTO charges VALUES (?, ?)", (order, cents))
        return done.rowcount == 1


def checkout(order: int, cents: int) -> str:
    """A button that people press twice; returns the id of the job."""
    return charge.options(idempotency_key=f"order-{order}").delay(order, cents).id


if __name__ == "__main__":
    BOOKS.unlink(missing_ok=True)
    order = secrets.randbelow(10**12)
    first = checkout(order, 995)
    print(checkout(order, 995) == first)  # True
    print(app.result(first).get(timeout=10))  # True
    try:
        checkout(order, 1)
    except IdempotencyConflict as error:
        print(error.job_id == first)  # True

    print(charge.delay(order, 995).get(timeout=10))  # False
    BOOKS.unlink()
