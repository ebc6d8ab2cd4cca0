"""`streamq cancel --task|--tag|--queue`: how many there are, the question, what became of them."""

from __future__ import annotations

from unittest.mock import patch

import pytest

from streamq import StreamQ, control
from tests.cli.conftest import Cli
from tests.inspection.hand import Hand

pytestmark = pytest.mark.usefixtures("shop")


def fill(app: StreamQ, hand: Hand) -> dict[str, list[str]]:
    """Jobs of two tasks in two queues, some with a tag, one of each kind of place."""
    add, send = app.tasks["shop.add"], app.tasks["shop.send"]
    running = add.options(tags=["red"]).delay(1).id
    dead = add.options(tags=["red"]).delay(2).id
    hand.claim(2)
    hand.fail(dead, ValueError("no"))
    plain = [add.delay(3).id, add.delay("red").id]
    later = add.options(tags=["blue", "red"], countdown=60).delay(4).id
    mail = send.options(tags=["red"]).delay("me").id
    red = [running, later, mail]
    return {"add": [running, *plain, later], "red": red, "mail": [mail]}


def test_jobs_are_found_by_task_tag_and_queue(app: StreamQ, hand: Hand) -> None:
    jobs = fill(app, hand)
    assert set(control.find_pending(app, task="shop.add")) == set(jobs["add"])
    assert set(control.find_pending(app, tag="red")) == set(jobs["red"])
    assert control.find_pending(app, tag="re") == []
    assert set(control.find_pending(app, queue="mail")) == set(jobs["mail"])
    assert set(control.find_pending(app, queue="mail", tag="red")) == set(jobs["mail"])
    assert control.find_pending(app, queue="mail", task="shop.add") == []
    assert set(control.find_pending(app)) == {*jobs["add"], *jobs["mail"]}


def test_cancelling_many_says_what_became_of_them_and_again_nothing(
    cli: Cli, app: StreamQ, hand: Hand
) -> None:
    jobs = fill(app, hand)
    answer = cli("cancel", "--tag", "red", "--yes")
    assert (answer.code, answer.out.splitlines()) == (
        0,
        ["2 jobs cancelled.", "1 that run are ended by their workers."],
    )
    again = cli("cancel", "--tag", "red", "--yes", "--json")
    assert again.document == {"cancelled": 0, "asked": 1, "left_alone": 0}
    answer = cli("cancel", "--queue", "default,mail", "--task", "shop.add", "-y", "--json")
    assert answer.document == {"cancelled": 2, "asked": 1, "left_alone": 0}
    assert control.find_pending(app) == jobs["red"][:1]


def test_nothing_that_fits_is_no_question(cli: Cli, app: StreamQ, hand: Hand) -> None:
    fill(app, hand)
    answer = cli("cancel", "--task", "shop.none")
    assert (answer.code, answer.out) == (0, "0 jobs cancelled.\n")


def test_many_need_yes_where_nobody_can_be_asked(cli: Cli, app: StreamQ, hand: Hand) -> None:
    fill(app, hand)
    cli("cancel", "--task", "shop.add").failed(2, "4 jobs to cancel: --yes says so")
    cli("cancel").failed(2, "which ones? IDs, or filters")
    cli("cancel", "x", "--task", "shop.add").failed(2, "not both")
    cli("cancel", "--queue", "defualt").failed(1, "did you mean 'default'?")
    assert len(control.find_pending(app)) == 5


def test_on_a_terminal_it_asks_first(cli: Cli, app: StreamQ, hand: Hand) -> None:
    fill(app, hand)
    with patch("sys.stdin") as stdin, patch("click.confirm") as confirm:
        stdin.isatty.return_value = True
        answer = cli("cancel", "--queue", "mail")
    confirm.assert_called_once_with("1 job. Cancel them, also those that run?", abort=True)
    assert answer.out == "1 job cancelled.\n"
