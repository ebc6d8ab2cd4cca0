"""`@app.cron` and `@app.every`: what they make, and what they refuse, with the cure."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any, cast

import pytest

from streamq import ConfigurationError, StreamQ, StreamQError
from streamq.schedules import Cron, Every, Schedule, UnknownSchedule
from streamq.schedules.texts import declaration, read_schedule

DAY = datetime(2026, 1, 1, tzinfo=UTC)


@pytest.fixture
def app() -> StreamQ:
    return StreamQ("shop", broker="redis://localhost")


def report(day: int = 0) -> int:
    return day


def test_a_plain_function_becomes_a_task_and_a_task_stays_what_it_is(app: StreamQ) -> None:
    @app.cron("*/5 8-18 * * mon-fri", tz="Europe/Oslo")
    @app.task(queue="mail", name="mailing")
    def send() -> str:
        return "sent"

    @app.every(timedelta(seconds=30))
    async def beat() -> None: ...

    assert send() == "sent"
    assert app.tasks["mailing"] is send
    assert beat.is_async
    assert app.schedules.declared == {
        "mailing": Schedule("mailing", "mailing", Cron("*/5 8-18 * * mon-fri", "Europe/Oslo")),
        beat.name: Schedule(beat.name, beat.name, Every(30)),
    }


def test_several_on_one_task_are_numbered_from_below(app: StreamQ) -> None:
    app.every(60)(app.cron("0 8 * * *")(app.task(name="t")(report)))
    assert {name: it.timing for name, it in app.schedules.declared.items()} == {
        "t": Cron("0 8 * * *"),
        "t-2": Every(60),
    }


def test_a_cell_that_runs_again_replaces_its_schedules(app: StreamQ) -> None:
    for seconds in (60, 30):
        app.every(seconds)(app.task(name="t")(report))
    assert {name: it.timing for name, it in app.schedules.declared.items()} == {"t": Every(30)}


def test_arguments_and_options_of_the_jobs_are_part_of_it(app: StreamQ) -> None:
    every = app.every(60, args=(5,), queue="low", max_attempts=3, overlap="skip", on_missed="all")
    every(app.task(name="t")(report))
    schedule = app.schedules.declared["t"]
    assert (schedule.args, schedule.overlap, schedule.on_missed) == ((5,), "skip", "all")
    assert schedule.options.said == {"queue": "low", "max_attempts": 3}


def test_what_is_kept_reads_back_as_it_was_and_has_a_fingerprint_of_its_own(app: StreamQ) -> None:
    made = [
        app.cron("0 3 * * *", tz="Asia/Tokyo", kwargs={"day": 3}, start=DAY, missed_limit=5),
        app.every(60, jitter=5, expires=90, backoff=[1, 2], tags=["a"], name="other"),
        app.every(60, name="third"),
    ]
    task = app.task(name="t")(report)
    for decorate in made:
        decorate(task)
    prints = set()
    for schedule in app.schedules.declared.values():
        told = declaration("shop", schedule, "default", app.codec, None)
        assert read_schedule(told.name, told.definition, app.codec, {}) == schedule
        assert declaration("shop", schedule, "default", app.codec, None) == told
        prints.add(told.fingerprint)
    assert len(prints) == 3


def test_upcoming_ticks_ask_nobody(app: StreamQ) -> None:
    app.cron("30 2 * * *", tz="Europe/Oslo")(app.task(name="t")(report))
    seen = app.schedules.upcoming("t", after=datetime(2026, 3, 27, 12, tzinfo=UTC), count=3)
    assert [f"{one:%d %H:%M}" for one in seen] == ["28 01:30", "29 01:00", "30 00:30"]
    with pytest.raises(UnknownSchedule, match="no schedule 'x' in the code: t"):
        app.schedules.upcoming("x", after=DAY)


REFUSED: dict[str, tuple[Callable[[Any], Any], str]] = {
    "no expression": (lambda a: a.cron("every day"), "wrong number of fields.\nIt has five fields"),
    "a bad field": (lambda a: a.cron("61 * * * *"), "bad minute"),
    "a date that never comes": (lambda a: a.cron("0 0 30 2 *"), "bad day-of-month"),
    "no string": (lambda a: a.cron(5), "must be a string"),
    "an unknown zone": (
        lambda a: a.cron("* * * * *", tz="Europe/Olso"),
        "did you mean 'Europe/Oslo'",
    ),
    "no zone at all": (lambda a: a.cron("* * * * *", tz="../x"), "no such time zone"),
    "no interval": (lambda a: a.every(0), "0.01 seconds to ten years"),
    "a negative one": (lambda a: a.every(timedelta(seconds=-5)), "0.01 seconds to ten years"),
    "a text": (lambda a: a.every("5m"), "seconds or a timedelta"),
    "a bad word": (lambda a: a.every(5, overlap="never"), "'allow', 'skip' or 'queue_one'"),
    "another bad word": (lambda a: a.every(5, on_missed="twice"), "'skip', 'once' or 'all'"),
    "too much jitter": (lambda a: a.every(5, jitter=6), "at most its interval"),
    "a naive start": (lambda a: a.every(5, start=datetime(2026, 1, 1)), "has no time zone"),  # noqa: DTZ001
    "an end before": (lambda a: a.every(5, start=DAY, end=DAY - timedelta(1)), "before start="),
    "an unknown option": (lambda a: a.every(5, ovrlap="skip"), "unknown option"),
    "a countdown": (lambda a: a.every(5, countdown=5), "the tick says when"),
    "arguments that don't fit": (lambda a: a.every(5, args=(1, 2)), "give its arguments"),
    "an argument there isn't": (
        lambda a: a.every(5, kwargs={"dya": 1}),
        "unexpected keyword argument 'dya'",
    ),
    "a text of arguments": (lambda a: a.every(5, args="abc"), "must be a tuple"),
    "what can't be sent": (lambda a: a.every(5, args=(object(),)), "object"),
    "no bound": (lambda a: a.every(5, missed_limit=0), "1 to 10000 jobs"),
    "a bad name": (lambda a: a.every(5, name="my schedule"), "no spaces"),
}


@pytest.mark.parametrize("what", REFUSED)
def test_what_cannot_be_is_refused_where_it_stands_in_a_few_lines(app: StreamQ, what: str) -> None:
    make, text = REFUSED[what]
    with pytest.raises((TypeError, ValueError, StreamQError)) as refused:
        make(app)(app.task(name="t")(report))
    assert text in str(refused.value)
    assert 1 <= len(str(refused.value).splitlines()) <= 6
    assert app.schedules.declared == {}


def test_two_of_one_name_are_refused(app: StreamQ) -> None:
    task = app.task(name="t")(report)
    app.every(5, name="x")(task)
    with pytest.raises(ConfigurationError, match=r"another schedule has the name 'x'"):
        app.every(6, name="x")(task)
    with pytest.raises(ConfigurationError, match="it takes a task or a function"):
        app.every(5)(int)


def test_an_application_without_cron_loads_no_cron() -> None:
    program = (
        "import sys; from streamq import StreamQ; app = StreamQ('a', broker='redis://localhost')\n"
        "@app.every(5)\ndef beat(): ...\n"
        "print([m for m in ('cronsim', 'zoneinfo', 'redis', 'asyncio') if m in sys.modules])"
    )
    run = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, check=True, text=True
    )
    assert run.stdout.strip() == "[]"


def test_upcoming_takes_an_aware_time_and_a_number(app: StreamQ) -> None:
    app.every(60)(app.task(name="t")(report))
    assert app.schedules.upcoming("t", after=DAY, count=0) == []
    with pytest.raises(ValueError, match=r"count=-1: must be a number of ticks"):
        app.schedules.upcoming("t", after=DAY, count=-1)
    with pytest.raises(ValueError, match="has no time zone"):
        app.schedules.upcoming("t", after=datetime(2026, 1, 1))  # noqa: DTZ001
    with pytest.raises(TypeError, match="must be an aware datetime"):
        app.schedules.upcoming("t", after=cast("datetime", "2026"))


@pytest.mark.parametrize("name", [None, 5, b"x"])
def test_a_name_is_a_text(app: StreamQ, name: Any) -> None:
    for verb in ("get", "pause", "resume", "trigger", "delete", "update"):
        with pytest.raises(TypeError, match=r"schedule name .*: must be a string"):
            getattr(app.schedules, verb)(name)


@pytest.mark.parametrize("task", [None, 5, "", report])
def test_what_is_no_task_is_refused_with_the_cure(app: StreamQ, task: Any) -> None:
    with pytest.raises(TypeError, match=r"create\('x'\): .* is no task: @app.task makes one"):
        app.schedules.create("x", task, every=5)
