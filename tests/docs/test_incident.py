"""The how-to of the first incident: its situation, and every command of it, in order."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator

import pytest

from streamq import StreamQ
from streamq.asking import ask
from streamq.cli import main
from streamq.limit_texts import settings_of
from streamq.limits_published import publish_question
from tests.docs.pages import ROOT, Page
from tests.inspection.hand import Hand
from tests.servers import Server

PAGE = ROOT / "docs" / "how-to" / "first-incident.md"
WAITING, HUNG = "VbnYPBkH-Txi1qVD203.default", "VbnYEsjH-Txi1qVAAAA.default"  # of the page


def charge(order: int) -> None:
    """What the bad deploy made of a task."""
    raise KeyError("price")


@pytest.fixture
def app(server: Server, monkeypatch: pytest.MonkeyPatch) -> Iterator[StreamQ]:
    monkeypatch.setenv("STREAMQ_BROKER_URL", server.url)
    app = StreamQ("shop", broker=server.url)
    app.task(name="shop.charge")(charge)

    @app.task(name="shop.fetch", concurrency=1)
    def fetch(url: str) -> None: ...

    @app.task(name="shop.report")
    def report(month: int) -> None: ...

    yield app
    app.close()


def happen(app: StreamQ) -> dict[str, str]:
    """Jobs pile up behind a limit, a deploy breaks a task, a worker hangs; ids by the page's."""
    one, two = Hand(app, name="shop-1-4711-c0ffee"), Hand(app, name="shop-2-4712-decade")
    for hand in (one, two):
        hand.enrol(app.tasks, knows=app.tasks)
    ask(app, publish_question(one.keys, settings_of(app.runtime, "default")))
    for month in range(5):  # what was before: reports take 1.2 s
        one_report = app.tasks["shop.report"].delay(month)
        one.claim()
        one.succeed(one_report.id)
    job = app.tasks["shop.report"].delay(5)
    one.claim()
    state = one.keys.key("state")
    text = app.client.command("HGET", state, job.id, key=state).decode().split(" ")
    text[5] = str(int(text[5]) - 1_800_000)  # the last one since half an hour
    app.client.command("HSET", state, job.id, " ".join(text), key=state)
    charges = app.tasks["shop.charge"].delay_many([(n,) for n in range(12)])
    two.claim(12)
    for charged in charges:
        try:
            charge(1)
        except KeyError as error:
            two.fail(charged.id, error)
    fetches = app.tasks["shop.fetch"].delay_many([(f"https://{n}",) for n in range(40)])
    two.claim(10)
    return {WAITING: fetches[-1].id, HUNG: job.id}


def session() -> list[tuple[str, list[str]]]:
    """What is typed, and the lines that it printed."""
    found: list[tuple[str, list[str]]] = []
    for block in Page(PAGE).blocks:
        for line in block.code.splitlines() if block.language == "console" else ():
            if line.startswith("$ streamq "):
                found.append((line.removeprefix("$ streamq "), []))
            elif found:
                found[-1][1].append(line)
    return found


def test_every_command_of_the_first_incident_does_what_the_page_shows(
    app: StreamQ, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("COLUMNS", raising=False)
    ids = happen(app)
    typed = session()
    assert len(typed) >= 10
    for line, recorded in typed:
        for example, real in ids.items():
            line = line.replace(example, real)  # noqa: PLW2901 - the page's ids are examples
        capsys.readouterr()
        code = main(shlex.split(line))
        out = capsys.readouterr().out
        assert code == 0, f"{line}: {out}"
        for word in set(re.findall(r"[A-Za-z]{3,}", " ".join(recorded))) - {"VbnYPBkH", "Txi"}:
            if word not in WAITING + HUNG:
                assert word in out, f"{line}: the page shows {word!r}, not so {out}"
