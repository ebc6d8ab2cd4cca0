"""append: what running jobs log and emit, in order, once, from their holder only."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
import redis

from streamq import operations
from streamq.operations import Said
from tests.lua.rig import HOUR_MS, LEASE_MS, Rig


def said(job_id: str, number: int, *entries: str, token: str = "T") -> Said:  # noqa: S107
    return Said(job_id, token, number, HOUR_MS, [entry.encode() for entry in entries])


def append(rig: Rig, *jobs: Said, trail: str = "chunks") -> list[str]:
    return rig.run(operations.append(rig.keys, trail=trail, jobs=jobs))


def trail(rig: Rig, job_id: str, kind: str = "chunks") -> list[tuple[str, int, str]]:
    reply: Any = rig.admin.xrange(rig.keys.trail(kind, job_id))
    pairs = [(raw, [part for pair in entry.items() for part in pair]) for raw, entry in reply]
    return [(e.run, e.number, e.value.decode()) for e in operations.read_trail(pairs)]


def test_entries_are_kept_in_their_order(rig: Rig) -> None:
    rig.running("a", "b")
    assert append(rig, said("a", 1, "x", "y"), said("b", 1, "z")) == ["OK", "OK"]
    assert append(rig, said("a", 3, "w")) == ["OK"]
    assert trail(rig, "a") == [("T", 1, "x"), ("T", 2, "y"), ("T", 3, "w")]
    assert trail(rig, "b") == [("T", 1, "z")]
    ttl = rig.admin.pttl(rig.keys.trail("chunks", "a"))
    assert HOUR_MS - 60_000 < ttl <= HOUR_MS


def test_a_repeat_adds_nothing_and_half_a_repeat_its_new_half(rig: Rig) -> None:
    rig.running("a")
    append(rig, said("a", 1, "x", "y"))
    with rig.unchanged():
        assert append(rig, said("a", 1, "x", "y")) == ["OK"]
    append(rig, said("a", 2, "y", "z"))
    assert [entry[2] for entry in trail(rig, "a")] == ["x", "y", "z"]


def test_the_next_run_counts_anew(rig: Rig) -> None:
    rig.running("a")
    append(rig, said("a", 1, "x", "y"))
    rig.release("a")
    rig.claim("U")
    append(rig, said("a", 1, "x", token="U"))
    assert trail(rig, "a") == [("T", 1, "x"), ("T", 2, "y"), ("U", 1, "x")]


def test_by_another_than_the_holder_changes_nothing(rig: Rig) -> None:
    rig.running("a")
    rig.enqueue("waits")
    with rig.unchanged():
        wrong = [said("a", 1, "x", token="U"), said("waits", 1, "x"), said("nobody", 1, "x")]
        assert append(rig, *wrong) == ["LEASELOST"] * 3
    rig.lapse("T")
    rig.reclaim()
    rig.claim("U")
    with rig.unchanged():
        assert append(rig, said("a", 1, "x")) == ["LEASELOST"]


def test_a_trail_keeps_the_newest(rig: Rig) -> None:
    rig.running("a")
    for first in range(1, 1101, 100):
        append(rig, said("a", first, *(f"{n}" for n in range(first, first + 100))), trail="log")
    kept = [entry[1] for entry in trail(rig, "a", "log")]
    assert kept == list(range(101, 1101))


def test_who_waits_has_news(rig: Rig) -> None:
    rig.running("a")
    rig.wait("a")
    with rig.listening() as heard:
        append(rig, said("a", 1, "x"))
        rig.run(operations.progress(rig.keys, jobs=[("a", "T", b"1")]))
        append(rig, said("a", 1, "x", token="U"))
    assert [operations.parse_message(message) for message in heard] == [("a", None)] * 2


def test_what_is_no_list_of_texts_is_refused_and_changes_nothing(rig: Rig) -> None:
    rig.running("a")
    good = operations.append(rig.keys, trail="log", jobs=[said("a", 1, "x")])
    for packed in (b"\xc1", b"\x01", b"\x91\x01", b"\xdc\x00\xc9" + b"\xa1x" * 201):
        with rig.unchanged(), pytest.raises(redis.ResponseError, match="0 to 200 entries"):
            rig.raw(good, [*good.args[:-1], packed])
    for number in ("0", "x"):
        with rig.unchanged(), pytest.raises(redis.ResponseError, match="number"):
            rig.raw(good, [*good.args[:3], number, LEASE_MS, good.args[-1]])
        with rig.unchanged(), pytest.raises(redis.ResponseError, match="number"):
            rig.raw(good, [*good.args[:4], number, good.args[-1]])


def test_a_trail_too_many_is_refused_and_changes_nothing(rig: Rig) -> None:
    rig.running("a")
    call = operations.append(rig.keys, trail="log", jobs=[said("a", 1, "x")])
    two = replace(call, keys=[*call.keys, rig.keys.trail("log", "b")])
    with rig.unchanged(), pytest.raises(redis.ResponseError, match="a trail for each item"):
        rig.run(two)


def test_two_hundred_entries_are_taken_and_a_run_is_twelve_characters(rig: Rig) -> None:
    rig.running("a", token="abcdefghijklmnopq")
    texts = [str(n) for n in range(200)]
    assert append(rig, said("a", 1, *texts, token="abcdefghijklmnopq")) == ["OK"]
    assert trail(rig, "a") == [("abcdefghijkl", n + 1, text) for n, text in enumerate(texts)]
