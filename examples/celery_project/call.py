"""Calls the project's tasks and prints what becomes of them."""

import os
import time
from pathlib import Path

from proj.celery import app
from proj.tasks import add, divide, failed, fetch, flaky, note

notes = Path(os.environ.setdefault("PROJECT_NOTES", "notes.txt"))


def noted(lines):
    """What the tasks have noted, once it is as much as that."""
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        found = notes.read_text().splitlines() if notes.exists() else []
        if len(found) >= lines:
            return found
        time.sleep(0.05)
    return ["too late"]


def show(name, result):
    value = result.get(timeout=30, propagate=False)
    print(name, result.state, repr(value), result.successful(), result.failed())


if __name__ == "__main__":
    for priority in (9, 3, 6, 0):
        note.apply_async(("priority", priority), priority=priority)
    print("start the worker", flush=True)
    print(*noted(4), sep="\n")

    show("add", add.delay(4, 4))
    show("by name", app.send_task("proj.tasks.add", (1,), {"y": 2}))
    show("countdown", add.apply_async((1, 1), countdown=0.2))
    show("with an id", add.apply_async((3, 4), task_id="of-our-own"))
    print("by that id", app.AsyncResult("of-our-own").get(timeout=10))
    print("unknown", app.AsyncResult("nobody").state)

    fails = divide.delay(1, 0)
    show("divide", fails)
    print(fails.traceback.splitlines()[-1])
    try:
        fails.get()
    except ZeroDivisionError as error:
        print("raised", error)

    show("flaky", flaky.delay(2))
    show("flaky", flaky.delay(4))
    show("fetch", fetch.delay("a.txt"))

    add.apply_async((2, 2), link=add.s(10).set(link=note.s("linked")))
    print(noted(5)[4])
    add.apply_async((2, 2), link=note.si("immutable"))
    print(noted(6)[5])
    divide.apply_async((1, 0), link_error=failed.s())
    print(noted(7)[6])
    print("in place", flaky.apply((1,)).get(), add(1, 2))
