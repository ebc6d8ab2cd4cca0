"""put: one plain job, or nothing at all."""

from __future__ import annotations

from streamq import operations
from streamq.operations import NewJob
from tests.lua.rig import Rig

BODY = b"\x93abc"


def put(rig: Rig, job_id: str, counter: int, producer: str = "p") -> bool:
    job = NewJob(job_id, "t", BODY)
    return rig.run(operations.put(rig.keys, producer=producer, counter=counter, job=job))


def test_put_leaves_what_enqueue_would(rig: Rig) -> None:
    rig.enqueue("a")
    rig.admin.delete(rig.keys.key("wake"))
    assert put(rig, "b", 2)
    assert rig.state() == {
        "schema": "1",
        "jobs": {"a": ".e1 t -\n\x93abc", "b": ".e2 t -\n\x93abc"},
        "stream": {"e1": "a", "e2": "b"},
        "counts": {"enqueued": 2},
        "wake": ["1"],
        "producer:p": "2 b 1",
    }


def test_put_leaves_to_enqueue_what_is_not_plain_or_out_of_turn(rig: Rig) -> None:
    with rig.unchanged():
        assert not put(rig, "a", 1)  # a new queue
    rig.enqueue("a")
    with rig.unchanged():
        for counter in (1, 3):
            assert not put(rig, "b", counter)
        assert not put(rig, "a", 2)  # known
        assert not put(rig, "b", 1, producer="another")
        for job in (
            NewJob("b", "t", BODY, due="+5"),
            NewJob("b", "t", BODY, expires="+5"),
            NewJob("b", "t", BODY, opts="c=1"),
        ):
            assert not rig.run(operations.put(rig.keys, producer="p", counter=2, job=job))


def test_a_put_repeated_by_enqueue_is_known(rig: Rig) -> None:
    rig.enqueue("a")
    assert put(rig, "b", 2)
    again = operations.enqueue(rig.keys, producer="p", counter=2, jobs=[NewJob("b", "t", BODY)])
    with rig.unchanged():
        assert [answer.word for answer in rig.run(again)] == ["ALREADY"]


def test_put_takes_one_whole_job_only(rig: Rig) -> None:
    rig.enqueue("a")
    asked = operations.put(rig.keys, producer="p", counter=2, job=NewJob("b", "t", BODY))
    for args in ((), asked.args[:2], asked.args[:-1], (*asked.args, *asked.args[2:])):
        with rig.unchanged():
            assert not rig.raw(asked, list(args))
