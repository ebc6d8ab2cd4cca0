"""enqueue: what is accepted is in one place; a repeat is known; nothing is half accepted."""

from __future__ import annotations

import pytest
import redis

from streamq import operations
from streamq.operations import Call, Enqueued, Idempotency, NewJob, ProducerGap
from tests.lua.rig import BODY, HOUR_MS, Rig


def call(rig: Rig, *jobs: NewJob, counter: int = 1, producer: str = "p") -> Call[list[Enqueued]]:
    return operations.enqueue(rig.keys, producer=producer, counter=counter, jobs=jobs)


def job(id_: str, *, idem: tuple[str, str] | None = None, **more: str) -> NewJob:
    key = Idempotency(idem[0], idem[1], HOUR_MS) if idem else None
    return NewJob(id=id_, task="t", body=BODY, idempotency=key, **more)


def words(rig: Rig, asked: Call[list[Enqueued]]) -> list[tuple[str, str]]:
    return [(answer.word, answer.id) for answer in rig.run(asked)]


def test_enqueue_puts_jobs_into_the_stream_in_their_order(rig: Rig) -> None:
    assert rig.enqueue("b", "a") == ["OK", "OK"]
    assert rig.state() == {
        "schema": "1",
        "jobs": {"b": ".e1 t -\n\x93abc", "a": ".e2 t -\n\x93abc"},
        "stream": {"e1": "b", "e2": "a"},
        "counts": {"enqueued": 2},
        "wake": ["1"],
        "producer:p": "1 b 2",
    }
    assert 0 < rig.admin.pttl(rig.keys.producer("p")) <= 4 * HOUR_MS


def test_a_job_that_goes_into_the_line_wakes_a_worker(rig: Rig) -> None:
    rig.enqueue("a", opts="q=|cone=1")
    assert rig.state()["wake"] == ["1"]


def test_enqueue_for_later_parks_the_job_and_wakes_only_for_a_new_first_one(rig: Rig) -> None:
    rig.enqueue("a", due="+60000")
    assert rig.state() == {
        "schema": "1",
        "jobs": {"a": ".@+60s t -\n\x93abc"},
        "scheduled": {"a": "+60s"},
        "counts": {"enqueued": 1},
        "wake": ["1"],
        "producer:p": "1 a 1",
    }
    rig.admin.delete(rig.keys.key("wake"))
    rig.enqueue("b", due="+90000")
    assert "wake" not in rig.state()
    rig.enqueue("c", due=f"@{rig.now_ms() + 30_000}")
    assert rig.state()["wake"] == ["1"]
    assert rig.state()["scheduled"] == {"c": "+30s", "a": "+60s", "b": "+90s"}


def test_enqueue_writes_an_expiry_behind_the_other_options_as_server_time(rig: Rig) -> None:
    rig.enqueue("a", expires="+60000")
    rig.enqueue("b", expires=f"@{rig.now_ms() + 30_000}", opts="c=2")
    assert rig.state()["jobs"] == {
        "a": "xe1 t x=+60s\n\x93abc",
        "b": "xe2 t c=2,x=+30s\n\x93abc",
    }


def test_enqueue_again_is_answered_already_and_changes_nothing(rig: Rig) -> None:
    asked = call(rig, job("a"), job("b"))
    assert words(rig, asked) == [("OK", "a"), ("OK", "b")]
    with rig.unchanged():
        assert words(rig, asked) == [("ALREADY", "a"), ("ALREADY", "b")]


def test_enqueue_again_after_the_jobs_ended_is_still_known(rig: Rig) -> None:
    asked = call(rig, job("a"))
    rig.run(asked)
    rig.claim()
    rig.ack("a")
    with rig.unchanged():
        assert words(rig, asked) == [("ALREADY", "a")]


def test_enqueue_skipping_a_number_is_a_gap_and_changes_nothing(rig: Rig) -> None:
    rig.run(call(rig, job("a"), counter=1))
    for counter in (1, 3):
        with rig.unchanged(), pytest.raises(ProducerGap):
            rig.run(call(rig, job("b"), counter=counter))
    assert words(rig, call(rig, job("b"), counter=2)) == [("OK", "b")]


def test_enqueue_with_the_same_number_but_more_jobs_is_a_gap(rig: Rig) -> None:
    rig.run(call(rig, job("a")))
    with rig.unchanged(), pytest.raises(ProducerGap):
        rig.run(call(rig, job("a"), job("b")))


def test_enqueue_by_a_producer_nobody_knows_may_start_anywhere(rig: Rig) -> None:
    assert words(rig, call(rig, job("a"), counter=7)) == [("OK", "a")]
    assert words(rig, call(rig, job("b"), counter=8)) == [("OK", "b")]


def test_enqueue_of_a_living_id_by_another_producer_changes_only_that_producer(rig: Rig) -> None:
    rig.enqueue("a")
    with rig.unchanged("producer:other"):
        assert rig.enqueue("a", producer="other") == ["ALREADY"]
    assert rig.state()["producer:other"] == "1 a 1"


def test_enqueue_of_one_id_twice_in_a_call_accepts_it_once(rig: Rig) -> None:
    assert rig.enqueue("a", "b", "a") == ["OK", "OK", "ALREADY"]
    assert rig.state()["stream"] == {"e1": "a", "e2": "b"}
    assert rig.state()["counts"] == {"enqueued": 2}


def test_an_idempotency_key_names_its_first_job(rig: Rig) -> None:
    assert words(rig, call(rig, job("a", idem=("k", "args")))) == [("OK", "a")]
    assert rig.state()["idem:k"] == "a args"
    assert 0 < rig.admin.pttl(rig.keys.idempotency("k")) <= HOUR_MS
    with rig.unchanged("producer:p"):
        asked = call(rig, job("b", idem=("k", "args")), job("c", idem=("k", "other")), counter=2)
        assert words(rig, asked) == [("EXISTS", "a"), ("CONFLICT", "a")]
    with rig.unchanged():
        assert words(rig, asked) == [("EXISTS", "a"), ("CONFLICT", "a")]


def test_an_idempotency_key_outlives_its_job(rig: Rig) -> None:
    rig.run(call(rig, job("a", idem=("k", "args"))))
    rig.claim()
    rig.ack("a")
    asked = call(rig, job("b", idem=("k", "args")), counter=2)
    assert words(rig, asked) == [("EXISTS", "a")]


def test_an_idempotency_key_holds_within_one_call(rig: Rig) -> None:
    asked = call(
        rig,
        job("a", idem=("k", "args")),
        job("b", idem=("k", "args")),
        job("c", idem=("k", "other")),
        job("d", idem=("other", "args")),
        job("e"),
    )
    expected = [("EXISTS", "a"), ("CONFLICT", "a")]
    assert words(rig, asked) == [("OK", "a"), *expected, ("OK", "d"), ("OK", "e")]
    assert rig.state()["stream"] == {"e1": "a", "e2": "d", "e3": "e"}
    with rig.unchanged():
        assert words(rig, asked) == [
            ("ALREADY", "a"),
            *expected,
            ("ALREADY", "d"),
            ("ALREADY", "e"),
        ]


def test_a_new_producers_repeat_with_an_idempotency_key_is_known(rig: Rig) -> None:
    rig.run(call(rig, job("a", idem=("k", "args"))))
    with rig.unchanged("producer:other"):
        asked = call(rig, job("a", idem=("k", "args")), producer="other")
        assert words(rig, asked) == [("ALREADY", "a")]


def test_enqueue_into_a_queue_of_another_data_model_is_refused(rig: Rig) -> None:
    rig.admin.set(rig.keys.key("schema"), "2")
    with rig.unchanged(), pytest.raises(Exception, match="SCHEMA"):
        rig.enqueue("a")


@pytest.mark.parametrize("due", ["", "5", "+", "+x", "+nan", "+inf", "@1e300", "-5"])
def test_enqueue_with_a_malformed_time_is_refused_before_any_write(rig: Rig, due: str) -> None:
    for wrong in (job("b", due=due), job("b", expires=due)):
        with rig.unchanged(), pytest.raises(Exception, match="expected"):
            rig.run(call(rig, job("a"), wrong))


@pytest.mark.parametrize("idem", ["", "1", "1 0 x", "0 5 x", "2 5 x", "x 5 x"])
def test_enqueue_with_a_malformed_idempotency_key_is_refused(rig: Rig, idem: str) -> None:
    asked = call(rig, job("a"), job("b", idem=("k", "args")))
    args = list(asked.args)
    args[2 + 7 + 3] = idem
    with rig.unchanged(), pytest.raises(Exception, match="script"):
        rig.raw(asked, args)


PLAIN = ("schema", "jobs", "stream", "counts", "wake")


def test_a_plain_job_by_the_short_way_leaves_what_the_long_way_would(rig: Rig) -> None:
    rig.enqueue("a")
    rig.admin.config_resetstat()
    assert rig.enqueue("b") == ["OK"]
    short = rig.admin.info("commandstats")
    assert "cmdstat_mget" in short
    assert "cmdstat_get" not in short
    assert rig.state() == {
        "schema": "1",
        "jobs": {"a": ".e1 t -\n\x93abc", "b": ".e2 t -\n\x93abc"},
        "stream": {"e1": "a", "e2": "b"},
        "counts": {"enqueued": 2},
        "wake": ["1"],
        "producer:p": "2 b 1",
    }
    assert 0 < rig.admin.pttl(rig.keys.producer("p")) <= 4 * HOUR_MS
    rig.admin.delete(rig.keys.key("wake"))
    rig.enqueue("c")
    assert rig.state()["wake"] == ["1"]


def test_a_plain_job_again_out_of_turn_or_known_is_refused_as_ever(rig: Rig) -> None:
    rig.enqueue("a")
    second = call(rig, job("b"), counter=2)
    assert words(rig, second) == [("OK", "b")]
    with rig.unchanged():
        assert words(rig, second) == [("ALREADY", "b")]
        for counter in (1, 4):
            with pytest.raises(ProducerGap):
                rig.run(call(rig, job("c"), counter=counter))
    assert words(rig, call(rig, job("a"), counter=3)) == [("ALREADY", "a")]
    assert rig.state()["counts"] == {"enqueued": 2}


@pytest.mark.no_audit("foreign values stand in the queue's keys")
@pytest.mark.parametrize("name", PLAIN)
def test_a_plain_job_meets_a_foreign_value_before_the_first_write(rig: Rig, name: str) -> None:
    rig.enqueue("a")
    key = rig.keys.key(name)
    rig.admin.delete(key)
    rig.admin.rpush(key, "foreign") if name != "wake" else rig.admin.set(key, "foreign")
    with rig.unchanged(), pytest.raises(redis.ResponseError, match="WRONGTYPE"):
        rig.run(call(rig, job("b"), counter=2))


def test_a_plain_job_with_a_malformed_time_to_live_changes_nothing(rig: Rig) -> None:
    rig.enqueue("a")
    asked = call(rig, job("b"), counter=2)
    for ttl in ("", "x", "0", "-1", "1e3000", "1" * 20):
        with rig.unchanged(), pytest.raises(redis.ResponseError, match="number"):
            rig.raw(asked, [asked.args[0], ttl, *asked.args[2:]])


@pytest.mark.parametrize("any_server", ["valkey9"], indirect=True)
def test_a_time_that_numbers_cannot_hold_is_refused_of_the_shortest_call_too(rig: Rig) -> None:
    rig.enqueue("a")
    jobs = [NewJob("b", "t", BODY)]
    call = operations.enqueue(rig.keys, producer="p", counter=2, jobs=jobs)
    args = list(call.args)
    args[call.script.args.index("producer_ttl_ms")] = 2**53 + 2
    with rig.unchanged(), pytest.raises(redis.ResponseError, match="number"):
        rig.raw(call, args)
