"""`streamq call`: arguments from a shell, and the result."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path

import pytest

from streamq import StreamQ
from tests.cli.conftest import Cli
from tests.inspection.hand import Hand
from tests.waiting import wait_until

_NUMBERS = count()


def test_arguments_are_json_where_they_are_json(cli: Cli, shop: Path, app: StreamQ) -> None:
    words = [
        "4",
        "-1.5",
        "true",
        "null",
        "[1, 2]",
        '"4"',
        "four",
        "NaN",
        "http://localhost?b=c",
        "y={}",
    ]
    Hand(app).enrol(["shop.add"])
    answer = cli("call", "shop.add", *words)
    assert answer.code == 0
    info = app.result(answer.out.strip()).info()
    assert info.args == (4, -1.5, True, None, [1, 2], "4", "four", "NaN", "http://localhost?b=c")
    assert info.kwargs == {"y": {}}


def test_a_name_given_twice_is_refused(cli: Cli, shop: Path) -> None:
    cli("-A", "shop", "call", "shop.add", "x=1", "x=2").failed(2, "x= is given twice")


@contextmanager
def working(app: StreamQ, *, fails: bool = False) -> Iterator[None]:
    """Somebody who runs one job."""
    hand = Hand(app, name=f"host-1-{next(_NUMBERS):06x}")  # who has not settled anything yet
    hand.enrol(["shop.add"])

    def work() -> None:
        (job_id,) = wait_until(hand.claim, "a job")
        if fails:
            hand.fail(job_id, ValueError("no such price"))
        else:
            hand.succeed(job_id, {"sum": 8})

    thread = threading.Thread(target=work)
    thread.start()
    yield
    thread.join()


def test_the_result_is_printed(cli: Cli, shop: Path, app: StreamQ) -> None:
    with working(app):
        answer = cli("-A", "shop", "call", "shop.add", "4", "y=4", "--wait", "--timeout", "10")
    assert (answer.code, answer.out) == (0, '{"sum": 8}\n')
    with working(app):
        document = cli("call", "shop.add", "4", "--timeout", "10", "--json").document
    assert (document["state"], document["result"]) == ("succeeded", {"sum": 8})
    assert set(document) == {"id", "task", "state", "result"}


def test_a_job_that_failed_is_a_bad_answer(cli: Cli, shop: Path, app: StreamQ) -> None:
    with working(app, fails=True):
        answer = cli("call", "shop.add", "4", "--timeout", "10")
    assert (answer.code, answer.out) == (1, "")
    assert "ValueError: no such price" in answer.err
    assert "streamq inspect job" in answer.err
    assert "Traceback" not in answer.err


@pytest.mark.usefixtures("shop")
def test_a_wait_that_is_too_long_says_where_the_job_stands(cli: Cli) -> None:
    answer = cli("-A", "shop", "call", "shop.add", "4", "--timeout", "0.2")
    assert (answer.code, answer.out) == (1, "")
    assert "No worker runs yet" in answer.err
    assert "has not ended within 0.2 s: waiting" in answer.err
