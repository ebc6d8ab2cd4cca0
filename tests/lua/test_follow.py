"""Follow-ups of ack and bury: made in the step that settles their job, or not at all."""

from __future__ import annotations

import msgpack
import pytest
import redis

from streamq import operations as op
from streamq.operations import Call, NewJob
from streamq.operations.call import Value
from tests.lua.rig import BODY, HOUR_MS, Rig


def follow(
    id_: str, queue: str = "", *, task: str = "after", due: str = "0", expires: str = "-"
) -> tuple[Value, ...]:
    return op.follow_up(queue, NewJob(id_, task, BODY, due, expires))


def acking(rig: Rig, seq: int = 1, **follows: tuple[Value, ...]) -> Call[list[str]]:
    jobs = [op.Ack(i, "T", "t", "none", 3, 0, b"", those) for i, those in follows.items()]
    return op.ack(rig.keys, worker="w", seq=seq, jobs=jobs)


def test_an_ack_makes_its_follow_ups_in_the_same_step(rig: Rig) -> None:
    rig.running("a")
    before = rig.state()
    later = follow("c", due="+60000", expires="+120000")
    assert rig.run(acking(rig, a=(*follow("b"), *later))) == ["OK"]
    rig.after(
        before,
        jobs={"b": ".e2 after -\n\x93abc", "c": "x@+60s after x=+120s\n\x93abc"},
        stream={"e2": "b"},
        scheduled={"c": "+60s"},
        ended__t=["a none 1 3 now w"],
        counts={"enqueued": 3, "succeeded": 1},
        replies={"w": "1 OK*1"},
        wake=["1"],
        **dict.fromkeys(("state", "pending", "leases", "claims", "held")),
    )
    assert rig.claimed("T2") == ["b"]


def test_what_goes_to_another_queue_stands_in_the_outbox(rig: Rig) -> None:
    rig.running("a")
    before, now = rig.state(), rig.now_ms()
    away = (*follow("b", "mail"), *follow("c", "low", due="+60000", expires="+120000"))
    assert rig.run(acking(rig, a=away)) == ["OK"]
    first, second = rig.run(op.forward(rig.keys))
    assert (first.queue, first.job) == ("mail", NewJob("b", "after", BODY))
    assert (second.queue, second.job.id) == ("low", "c")
    assert second.job.due[0] == second.job.expires[0] == "@"
    assert 60_000 <= int(second.job.due[1:]) - now < 90_000
    assert int(second.job.expires[1:]) - int(second.job.due[1:]) == 60_000
    after = rig.state()
    assert after["counts"] == {"enqueued": 1, "succeeded": 1, "sent": 2}
    assert "jobs" in before
    assert "jobs" not in after


def test_a_burial_makes_them_too(rig: Rig) -> None:
    rig.running("a")
    job = op.Burial("a", "T", "t", "failed", 3, b"oops", (*follow("b"), *follow("c", "mail")))
    call = op.bury(rig.keys, worker="w", seq=1, jobs=[job])
    assert rig.run(call) == (0, ["OK"])
    assert [sent.job.id for sent in rig.run(op.forward(rig.keys))] == ["c"]
    with rig.unchanged():
        assert rig.run(call) == (0, ["ALREADY"])
    assert rig.claimed("T2") == ["b"]


def test_a_replayed_settle_makes_no_second_follow_up(rig: Rig) -> None:
    rig.running("a")
    call = acking(rig, a=(*follow("b"), *follow("c", "mail")))
    rig.run(call)
    with rig.unchanged():
        assert rig.run(call) == ["ALREADY"]
    assert rig.claimed("T") == ["b"]
    assert rig.run(acking(rig, seq=2, b=())) == ["OK"]
    with rig.unchanged():  # its answer is forgotten, and so is the job
        assert rig.run(call) == ["LEASELOST"]


def test_a_lost_lease_makes_none_and_the_others_of_the_call_make_theirs(rig: Rig) -> None:
    rig.running("a", "b")
    rig.lapse("T")
    rig.worker_is("w", alive=True)
    rig.reclaim()
    assert rig.claimed("T2", 1) == ["a"]
    jobs = [
        op.Ack("b", "T", "t", "none", 3, 0, b"", follow("of-b")),
        op.Ack("a", "T2", "t", "none", 3, 0, b"", follow("of-a")),
    ]
    assert rig.run(op.ack(rig.keys, worker="w", seq=1, jobs=jobs)) == ["LEASELOST", "OK"]
    assert {"b", "of-a"} == set(rig.state()["jobs"])


def test_a_job_named_twice_makes_them_once(rig: Rig) -> None:
    rig.running("a")
    jobs = [op.Ack("a", "T", "t", "none", 3, 0, b"", follow(i)) for i in ("b", "c")]
    assert rig.run(op.ack(rig.keys, worker="w", seq=1, jobs=jobs)) == ["OK", "ALREADY"]
    assert set(rig.state()["jobs"]) == {"b"}


@pytest.mark.parametrize("any_server", ["redis70", "valkey9"], indirect=True)
def test_more_than_200_and_a_time_that_is_none_are_refused_and_change_nothing(rig: Rig) -> None:
    rig.running("a")
    wrong = [
        follow("b") * 201,
        follow("b", due="soon"),
        follow("b", "mail", expires="+x"),
        follow("b")[:-1],
    ]
    for values in wrong:
        with rig.unchanged(), pytest.raises(redis.ResponseError):
            rig.run(acking(rig, a=values))
    assert rig.ack("a", ttl_ms=HOUR_MS) == ["OK"]


def test_a_follow_up_of_no_item_is_refused_and_changes_nothing(rig: Rig) -> None:
    rig.running("a")
    call = acking(rig, a=follow("b"))
    args = list(call.args)
    at, packed = next(
        (n, arg) for n, arg in enumerate(args) if isinstance(arg, bytes) and b"after" in arg
    )
    lists = msgpack.unpackb(packed, raw=True)
    lists[0] = "x"
    with rig.unchanged(), pytest.raises(redis.ResponseError, match="number"):
        rig.raw(call, [*args[:at], msgpack.packb(lists, use_bin_type=False), *args[at + 1 :]])
