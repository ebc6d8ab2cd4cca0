"""relay: what another queue's outbox brings is accepted once, whoever brings it how often."""

from __future__ import annotations

import pytest
import redis

from streamq import operations as op
from streamq.operations import Call, NewJob, Sent
from tests.lua.rig import BODY, Rig


def bringing(rig: Rig, *entries: str, source: str = "other") -> Call[list[str]]:
    jobs = [Sent(entry, "q", NewJob(f"j{entry}", "t", BODY)) for entry in entries]
    return op.relay(rig.keys, source=source, jobs=jobs)


def test_a_relayed_job_is_enqueued(rig: Rig) -> None:
    jobs = [
        Sent("7-0", "q", NewJob("a", "t", BODY)),
        Sent("7-1", "q", NewJob("b", "u", BODY, "+60000", "+120000", "c=1")),
    ]
    assert rig.run(op.relay(rig.keys, source="other", jobs=jobs)) == ["OK", "OK"]
    assert rig.state() == {
        "schema": "1",
        "jobs": {"a": ".e1 t -\n\x93abc", "b": "x@+60s u c=1,x=+120s\n\x93abc"},
        "stream": {"e1": "a"},
        "scheduled": {"b": "+60s"},
        "counts": {"enqueued": 2},
        "inbox": {"other": "7-1"},
        "wake": ["1"],
    }


def test_what_was_brought_before_is_already_even_when_the_job_has_ended(rig: Rig) -> None:
    call = bringing(rig, "7-0", "7-2")
    rig.run(call)
    rig.claim()
    rig.ack("j7-0", "j7-2")
    with rig.unchanged():
        assert rig.run(call) == ["ALREADY", "ALREADY"]
        assert rig.run(bringing(rig, "7-1", "6-99")) == ["ALREADY", "ALREADY"]
    assert rig.run(bringing(rig, "7-2", "7-10", "10-0")) == ["ALREADY", "OK", "OK"]
    assert rig.state()["inbox"] == {"other": "10-0"}


def test_each_source_is_counted_apart(rig: Rig) -> None:
    rig.run(bringing(rig, "7-0"))
    assert rig.run(bringing(rig, "3-0", source="third")) == ["OK"]
    assert rig.state()["inbox"] == {"other": "7-0", "third": "3-0"}


def test_an_id_that_is_here_is_not_made_again(rig: Rig) -> None:
    rig.enqueue("j7-0")
    assert rig.run(bringing(rig, "7-0", "8-0")) == ["ALREADY", "OK"]


def test_what_is_no_entry_or_no_time_is_refused_and_changes_nothing(rig: Rig) -> None:
    late = [Sent("7-0", "q", NewJob("a", "t", BODY, due="soon"))]
    for call in (bringing(rig, "7-0", "x"), op.relay(rig.keys, source="other", jobs=late)):
        with rig.unchanged(), pytest.raises(redis.ResponseError):
            rig.run(call)


def test_one_job_brought_twice_at_once_is_accepted_once(rig: Rig) -> None:
    jobs = [Sent(f"7-{n}", "q", NewJob("a", "t", BODY)) for n in range(2)]
    assert rig.run(op.relay(rig.keys, source="other", jobs=jobs)) == ["OK", "ALREADY"]
    assert rig.state()["counts"] == {"enqueued": 1}


def test_an_entry_that_no_stream_can_have_is_refused(rig: Rig) -> None:
    job = NewJob("a", "t", BODY)
    call = op.relay(rig.keys, source="other", jobs=[Sent("9" * 20 + "-0", "q", job)])
    with rig.unchanged(), pytest.raises(redis.ResponseError, match="number"):
        rig.run(call)


@pytest.mark.no_audit("a foreign value stands in a key of the line")
def test_a_call_that_changes_one_in_the_line_is_refused_where_that_is_foreign(rig: Rig) -> None:
    unique = "u=ab:swr:replace"
    rig.admit(NewJob("a", "t", BODY, opts="q=lane", unique=unique))
    jobs = [Sent("7-0", "q", NewJob("b", "t", BODY, unique=unique))]
    rig.admin.set(rig.keys.key("limits"), "foreign")
    with rig.unchanged(), pytest.raises(redis.ResponseError, match="WRONGTYPE"):
        rig.run(op.relay(rig.keys, source="other", jobs=jobs))
