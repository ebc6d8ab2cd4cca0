"""Arguments that are not shown: in no list, log, error or repr, and the task gets them."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator
from dataclasses import replace

import pytest

from streamq import Secret, StreamQ, inspection
from streamq.cli.documents import plain
from streamq.inspection import JobFilter, Place
from streamq.job import JobInfo
from streamq.testing import drain
from tests.inspection.hand import Hand
from tests.servers import Server

WORD = "hunter2!"


def make(server: Server, **settings: bool) -> StreamQ:
    app = StreamQ("shop", broker=server.url, **settings)  # type: ignore[arg-type]

    @app.task(name="shop.login", redact=("password",), max_attempts=2, backoff=0)
    def login(user: str, password: str, pin: int = 0) -> str:
        raise ValueError(f"{user} can't log in with {password}", {"said": password})

    @app.task(name="shop.pay")
    def pay(card: Secret[str], amount: int) -> int:
        if amount < 0:
            raise ValueError(f"card {card.reveal()} has no {card}")
        return len(card.reveal())

    return app


@pytest.fixture
def app(server: Server) -> Iterator[StreamQ]:
    app = make(server)
    yield app
    app.close()


def everything(info: JobInfo) -> str:
    attempts = [replace(one, error=None) for one in info.attempts]
    return f"{info} {attempts} {info.traceback} {json.dumps(plain(info))}"


@pytest.mark.parametrize("by_name", [False, True])
def test_what_a_task_redacts_is_in_nothing_that_is_shown(
    app: StreamQ, caplog: pytest.LogCaptureFixture, by_name: bool
) -> None:
    caplog.set_level(logging.DEBUG)
    login = app.tasks["shop.login"]
    call = login.s("ada", password=WORD) if by_name else login.s("ada", WORD)
    assert WORD not in repr(call)
    assert "'ada'" in repr(call)
    job = call.delay()
    waiting = inspection.job(app, job.id)
    assert WORD not in everything(waiting)
    assert repr((*waiting.args, *waiting.kwargs.values())) == "('ada', ***)"
    drain(app)
    dead = inspection.job(app, job.id)
    assert len(dead.attempts) == 2
    assert WORD not in everything(dead)
    assert dead.error is not None
    assert "ada can't log in with ***" in str(dead.error)
    assert "ada can't log in with ***" in dead.traceback
    assert WORD not in caplog.text
    assert "ada can't log in with ***" in caplog.text


def test_other_arguments_are_shown_and_hidden_ones_cannot_be_searched(app: StreamQ) -> None:
    job = app.tasks["shop.login"].delay("ada", WORD, 4)
    assert inspection.job(app, job.id).args[2] == 4
    found = inspection.search(
        app, ["default"], (Place.WAITING,), JobFilter(args={"password": WORD})
    )
    assert list(found) == [], "nor can it be guessed"


def test_what_is_sent_by_name_is_hidden_by_those_who_know_the_task(
    app: StreamQ, server: Server
) -> None:
    stranger = StreamQ("else", broker=server.url)
    first = stranger.send_task("shop.login", ("ada", WORD))
    assert WORD in repr(inspection.job(stranger, first.id)), "nobody has said anything yet"
    assert WORD not in repr(inspection.job(app, first.id))
    Hand(app).enrol(["shop.login"])
    stranger.close()
    stranger = StreamQ("else", broker=server.url)
    second = stranger.send_task("shop.login", ("ada", WORD))
    assert WORD not in repr(inspection.job(stranger, second.id))
    stranger.close()


def test_a_secret_arrives_and_shows_nowhere(app: StreamQ, caplog: pytest.LogCaptureFixture) -> None:
    pay = app.tasks["shop.pay"]
    fine, bad = pay.delay(Secret("4711-0815"), 1), pay.delay(Secret("4711-0815"), -1)
    assert inspection.job(app, fine.id).args == (Secret("4711-0815"), 1)
    assert "4711" not in everything(inspection.job(app, fine.id))
    assert "4711" not in repr(pay.s(Secret("4711-0815"), 1))
    drain(app)
    assert fine.get(timeout=5) == 9
    dead = inspection.job(app, bad.id)
    assert "4711" not in everything(dead) + caplog.text
    assert str(dead.error) == "card *** has no ***"
    assert f"{Secret(1)} {Secret(1)!r}" == "*** Secret('***')"
    assert Secret(1) == Secret(1) != Secret(2)
    assert len({Secret(1), Secret(1)}) == 1


def test_eager_mode_hides_it_too(server: Server) -> None:
    app = make(server, task_always_eager=True)
    job = app.tasks["shop.login"].delay("ada", WORD)
    assert WORD not in f"{job!r} {job.result} {job.traceback}"
    app.close()


def test_a_name_that_is_no_argument_is_refused_where_it_is_said() -> None:
    app = StreamQ("shop", broker="redis://nowhere")
    with pytest.raises(TypeError, match="redact='pasword' is no argument of it; there are user"):

        @app.task(redact="pasword")
        def login(user: str) -> None: ...

    with pytest.raises(TypeError, match="must be names of arguments"):
        app.task(redact=7)(print)  # type: ignore[call-overload]

    @app.task(redact="token")
    def call(url: str, **headers: str) -> None: ...

    assert repr(call.s("x", token="t", other="o")).endswith(".call('x', token=***, other='o')")
