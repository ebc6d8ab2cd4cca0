"""audit: each rule of unique keys and budgets, broken by hand, is named with its key and member."""

from __future__ import annotations

import pytest

from streamq.operations import Budget, NewJob
from tests.lua.breaking import Broken, assert_named
from tests.lua.rig import BODY, Rig


def keyed(rig: Rig) -> None:
    """A job that runs and holds its key, one that is next, one that waits and has bytes."""
    rig.admit(NewJob("holder", "t", BODY, unique="u=ab:swr:return"), producer="keyed")
    held = rig.claimed("K", 50)
    assert "holder" in held
    for other in held:
        if other != "holder":
            rig.release(other, token="K")
    rig.admit(NewJob("heir", "t", BODY, unique="u=ab:swr:queue_one"), producer="keyed")
    last = NewJob("last", "t", BODY, unique="u=cd:sw:return")
    rig.admit(last, producer="keyed", budget=Budget(max_bytes=100))


BREAKS: dict[str, Broken] = {
    "a key names nobody": (
        lambda r, k: r.admin.hset(k("unique"), "ef", "nobody"),
        *("a unique key belongs to a living job that carries it", "unique", "ef"),
    ),
    "a key names a job that does not carry it": (
        lambda r, k: r.admin.hset(k("unique"), "ef", "last"),
        *("a unique key belongs to a living job that carries it", "unique", "ef"),
    ),
    "a key is lost": (
        lambda r, k: r.admin.hdel(k("unique"), "ab"),
        *("a job holds the key that it carries", "unique", "holder"),
    ),
    "a scheduled job's key is lost": (
        lambda r, k: (
            r.admit(NewJob("l", "t", BODY, "+60000", unique="u=aa:swr:return"), producer="l"),
            r.admin.hdel(k("unique"), "aa"),
        ),
        *("a job holds the key that it carries", "unique", "l"),
    ),
    "a key stays with a job that runs": (
        lambda r, k: (r.claim("K2"), r.admin.hset(k("unique"), "cd", "last")),
        *("a job holds its unique key in the states it names", "unique", "last"),
    ),
    "an heir is forgotten": (
        lambda r, k: r.admin.hdel(k("heirs"), "ab"),
        *("an heir is named by its key", "heirs", "heir"),
    ),
    "an heir waits for nobody": (
        lambda r, k: r.admin.hdel(k("unique"), "ab"),
        *("an heir waits for a job that holds its key", "heirs", "ab"),
    ),
    "an heir stands elsewhere, too": (
        lambda r, k: r.admin.zadd(k("scheduled"), {"heir": 1}),
        *("a job is in one place only", "scheduled", "heir"),
    ),
    "a job is next and waits": (
        lambda r, k: r.admin.hset(k("heirs"), "cd", "last"),
        *("an heir is in no other place", "heirs", "last"),
    ),
    "a running job lost its mark": (
        lambda r, k: r.admin.hset(
            k("state"), "holder", r.snapshot()["state"]["holder"].removesuffix(" +")
        ),
        *("what occupies something is marked", "state", "holder"),
    ),
    "bytes were freed twice": (
        lambda r, k: r.admin.hincrby(k("counts"), "bytes", -5),
        *("bytes of a budget belong to jobs", "counts", "-1"),
    ),
}


def test_a_queue_with_keys_is_sound(rig: Rig) -> None:
    keyed(rig)
    rig.admit(NewJob("later", "t", BODY, due="+60000", unique="u=ee:s:return"), producer="s")
    rig.admit(NewJob("parked", "t", BODY, opts="q=a", unique="u=ff:w:return"), producer="w")
    with rig.unchanged():
        assert rig.violations() == []


@pytest.mark.no_audit("a rule is broken by hand")
@pytest.mark.parametrize("name", BREAKS)
def test_each_rule_broken_is_named_with_its_key_and_member(rig: Rig, name: str) -> None:
    keyed(rig)
    assert_named(rig, BREAKS[name])


@pytest.mark.no_audit("a byte is left over")
def test_one_byte_that_is_left_over_is_found(rig: Rig) -> None:
    rig.admin.hset(rig.keys.key("counts"), "bytes", 1)
    assert [one.rule for one in rig.violations()] == ["bytes of a budget belong to jobs"]
