"""Parent and children: of jobs that a running job enqueues, in whatever way."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from streamq import StreamQ, current_job, inspection, operations
from streamq.context import RunningJob, activate
from streamq.job import Child, JobInfo, JobState
from tests.cli.conftest import Cli, cli  # noqa: F401 - a fixture
from tests.hooks.conftest import Working, working  # noqa: F401 - a fixture
from tests.inspection.hand import Hand
from tests.waiting import wait_until


@pytest.fixture
def tree(app: StreamQ) -> StreamQ:
    """Tasks that enqueue others."""
    add, send = app.tasks["shop.add"], app.tasks["shop.send"]

    @app.task(name="shop.many")
    def many() -> list[str]:
        job = current_job()
        made: list[Any] = [add.delay(1), *add.delay_many([(2,), (3,)])]
        made += [send.delay("me"), app.send_task("shop.add", (4,)), job.enqueue(add.s(5))]
        made.append(add.options(countdown=60, tags=["late"]).delay(6))
        job.enqueue(add.s(7), when="dead")  # which it isn't
        return [one.id for one in made]

    @app.task(name="shop.async_many")
    async def async_many() -> list[str]:
        made = [await add.adelay(1), *await add.adelay_many([(2,)])]
        return [one.id for one in made]

    @app.task(name="shop.parent")
    def parent() -> str:
        add.options(tags=["x"]).delay(1)
        return current_job().parent

    @app.task(name="shop.wide", result_ttl=90_000)
    def wide() -> None:
        add.delay_many((n,) for n in range(1200))

    return app


def states(info: JobInfo) -> dict[str, str]:
    return {one.id: str(one.state) for one in info.children}


def test_children_and_their_parent_name_each_other(tree: StreamQ, working: Working) -> None:  # noqa: F811
    with working():
        jobs = [tree.tasks[name].delay() for name in ("shop.many", "shop.async_many")]
        made = [job.get(timeout=10) for job in jobs]
        ran = [tree.result(one) for one in (*made[0][:3], *made[1])]
        tree.gather(ran, timeout=10)
        found = [inspection.job(tree, job.id) for job in jobs]
        wait_until(lambda: tree.result(made[0][5]).ready(), "the follow-up")
    found = [inspection.job(tree, job.id) for job in jobs]
    assert [sorted(states(info)) for info in found] == [sorted(ids) for ids in made]
    by_id = {one.id: one for one in found[0].children}
    assert by_id[made[0][0]] == Child(made[0][0], "shop.add", JobState.SUCCEEDED)
    assert by_id[made[0][3]].state is JobState.SUCCEEDED  # its result is not kept
    assert by_id[made[0][-1]].state is JobState.SCHEDULED
    assert found[0].parent == ""
    late = inspection.job(tree, made[0][-1])
    ended = inspection.job(tree, made[0][5])
    assert (late.parent, ended.parent) == (jobs[0].id, jobs[0].id)
    assert asyncio.run(read_async(tree, made[1][0])).parent == jobs[1].id


async def read_async(app: StreamQ, job_id: str) -> JobInfo:
    return await inspection.ajob(app, job_id)


def test_a_job_knows_its_parent_and_its_tags_beyond_its_end(
    tree: StreamQ,
    working: Working,  # noqa: F811
) -> None:
    @tree.task(name="shop.grand")
    def grand() -> str:
        return tree.tasks["shop.parent"].options(tags=["y"]).delay().id

    with working():
        job = tree.tasks["shop.grand"].delay()
        child = tree.result(job.get(timeout=10))
        assert child.get(timeout=10) == job.id
        info = inspection.job(tree, child.id)
        assert (info.parent, info.tags, info.result) == (job.id, ("y",), job.id)
        assert [one.task for one in info.children] == ["shop.add"]
        assert child.info().parent == job.id


def test_who_has_no_family_pays_nothing(app: StreamQ, hand: Hand) -> None:
    job = app.tasks["shop.add"].delay(1)
    (first,) = hand.claim()
    assert b"parent" not in hand.held[first][1].record.body
    hand.succeed(job.id, 1)
    info = inspection.job(app, job.id)
    assert (info.parent, info.children) == ("", ())


def test_the_command_line_tells_parent_children_and_what_went_before(
    tree: StreamQ,
    hand: Hand,
    cli: Cli,  # noqa: F811
) -> None:
    add = tree.tasks["shop.add"]
    parent = add.options(max_attempts=2, lane="acme", tags=["eu"]).delay(1)
    hand.claim()
    hand.again(parent.id, ValueError("once"), delay_ms=0)
    tree.client.run(operations.promote(hand.keys, limit=1))
    hand.claim()
    said: list[str] = []
    job = RunningJob(parent.id, detached=False, report=lambda _, child: said.append(child))
    with activate(job):
        made = add.delay(2), tree.tasks["shop.send"].delay("me")
    token = hand.held[parent.id][0]
    entries = [one.encode() for one in said]
    trail = operations.Said(parent.id, token, 1, 60_000, entries)
    tree.client.run(operations.append(hand.keys, trail="children", jobs=[trail]))
    out = cli("--broker", tree.conf.broker, "inspect", "job", parent.id).out
    assert "lane       acme" in out
    assert "children   2 waiting" in out
    for one, task in zip(made, ("shop.add", "shop.send"), strict=True):
        assert any(line.split() == [one.id, task, "waiting"] for line in out.splitlines())
    hand.succeed(parent.id, 3)
    broker = ("--broker", tree.conf.broker)
    out = cli(*broker, "inspect", "job", parent.id).out
    told = [line.split() for line in out.splitlines() if hand.name in line]
    assert told.pop(0) == ["worker", hand.name]
    attempt, last = told
    assert (attempt[:2], last[:2]) == (["1", "retry"], ["2", "succeeded"])
    assert "ValueError: once" in " ".join(attempt)
    assert out.splitlines()[-1].strip() == "ValueError: once"  # its traceback
    assert f"parent     {parent.id}" in cli(*broker, "inspect", "job", made[0].id).out
    document = cli(*broker, "inspect", "job", parent.id, "--json").document["job"]
    assert document["children"][1] == {
        "id": made[1].id,
        "task": "shop.send",
        "state": "waiting",
        "reason": "",
    }
    assert document["attempts"][0]["worker"] == hand.name
    child = cli(*broker, "inspect", "job", made[0].id, "--json").document["job"]
    assert (child["parent"], child["children"]) == (parent.id, [])


def test_children_that_cannot_be_looked_for_are_unknown(app: StreamQ, hand: Hand) -> None:
    job = app.tasks["shop.add"].delay(1)
    hand.claim()
    entries = [b"no-id shop.add", b"\xff", b"VbnnRepZ3N8W3TTAAAD.default shop.add"]
    trail = operations.Said(job.id, hand.held[job.id][0], 1, 60_000, entries)
    app.client.run(operations.append(hand.keys, trail="children", jobs=[trail]))
    found = inspection.job(app, job.id).children
    assert [(one.task, one.state) for one in found] == [
        *(("shop.add", "unknown"), ("", "unknown"), ("shop.add", "unknown"))
    ]


def test_arguments_stay_with_a_result_that_is_extended(
    app: StreamQ,
    working: Working,  # noqa: F811
    cli: Cli,  # noqa: F811
) -> None:
    @app.task(name="shop.login", redact=("password",))
    def login(user_id: int, password: str) -> int:
        return user_id

    app.conf.result_extended = True
    with working():
        jobs = [app.tasks["shop.login"].delay(n, password="geheim") for n in (7, 8)]
        app.gather(jobs, timeout=10)
    info = inspection.job(app, jobs[0].id)
    assert (info.args, info.result, info.state) == ((7,), 7, JobState.SUCCEEDED)
    assert "geheim" not in str(info)
    wanted = inspection.JobFilter(args={"user_id": "8"})
    assert [one.id for one in inspection.search(app, ["default"], (), wanted)] == [jobs[1].id]
    out = cli("-b", app.conf.broker, "inspect", "job", jobs[0].id).out
    assert "call       (7, password=" in out
    assert "geheim" not in out


def test_of_very_many_children_the_first_thousand_are_kept(
    tree: StreamQ,
    working: Working,  # noqa: F811
) -> None:
    with working():
        job = tree.tasks["shop.wide"].delay()
        job.get(timeout=20)
    key = tree.keys("default").trail("children", job.id)
    assert tree.client.command("XLEN", key, key=key) == 1000
    assert 80_000_000 < tree.client.command("PTTL", key, key=key) <= 90_000_000
    assert len(inspection.job(tree, job.id).children) == 200
