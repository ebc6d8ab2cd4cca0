"""What holds for all scripts: a call that can't be done changes nothing, and work is bounded."""

from __future__ import annotations

import re
from typing import Any

import pytest
import redis

from streamq.keys import HASHES, LISTS, NAMES, SORTED_SETS, STREAMS, STRINGS
from streamq.operations import Call, promote
from streamq.scripts import load, lua_folder
from tests.lua.cases import CASES
from tests.lua.rig import COUNTING, Rig
from tests.servers import NO_RETRIES

SCRIPTS = sorted(path.stem for path in lua_folder().glob("*.lua"))
READERS = {name for name in SCRIPTS if "flags=no-writes" in load(name).source}
REFUSED_WHEN_FULL = {
    "admit",
    "append",
    "checkpoint",
    "define",
    "fire",
    "enqueue",
    "put",
    "progress",
    "revive",
    "wait",
}
STRIDES = {
    "enqueue": 7,
    "admit": 7,
    "ack": 7,
    "relay": 8,
    "retry": 7,
    "bury": 6,
    "release": 3,
    "strand": 3,
    "progress": 3,
    "set_limits": 2,
    "throttle": 4,
    "standing": 1,
    "declare": 4,
    "checkpoint": 3,
    "append": 5,
    **dict.fromkeys(
        ("cancel", "revive", "delete", "forget", "wait", "look", "suspend", "withdraw"), 1
    ),
}

REFUSED_WHEN_FULL |= {"deposit"}  # it adds, and runs in no worker

each_script = pytest.mark.parametrize("name", SCRIPTS)
# A cluster's nodes and an ACL user's server are Valkey: what only Lua and the version decide.
each_version = pytest.mark.parametrize("any_server", ["redis70", "valkey9"], indirect=True)


def fresh(rig: Rig, name: str, n: int = 1) -> Call[Any]:
    for key in rig.admin.scan_iter(match=rig.keys.key("*"), count=1000):
        rig.admin.delete(key)
    rig._counters.clear()
    return CASES[name](rig, n)


def test_each_script_has_its_case() -> None:
    assert sorted(CASES) == SCRIPTS


@each_script
def test_the_widest_call_works_and_the_queue_stays_sound(rig: Rig, name: str) -> None:
    asked = fresh(rig, name, 200)
    if name in READERS:
        with rig.unchanged():
            rig.run(asked)
    else:
        before = rig.snapshot()
        rig.run(asked)
        assert rig.snapshot() != before or name == "extend"
    assert rig.violations() == []


@each_version
@pytest.mark.no_audit("foreign values stand in the queue's keys")
@each_script
def test_a_foreign_value_in_any_key_is_refused_and_changes_nothing(rig: Rig, name: str) -> None:
    for index, key in enumerate(fresh(rig, name, 2).keys):
        asked = fresh(rig, name, 2)
        rig.admin.delete(key)
        suffix = key.rpartition("}:")[2]
        if suffix in COUNTING:
            continue  # counting fails no transition: test_tally.py
        if suffix in NAMES and suffix != "schema":
            rig.admin.set(key, "foreign")
        else:
            is_list = suffix.startswith("ended:")
            rig.admin.set(key, "x") if is_list else rig.admin.rpush(key, "foreign")
        with rig.unchanged():
            refusal = refused(rig, asked)
        is_left_to_enqueue = name == "put" and suffix.startswith(("schema", "producer:"))
        allowed = name in READERS or is_left_to_enqueue
        assert "WRONGTYPE" in refusal or (allowed and not refusal), (index, key)


def refused(rig: Rig, asked: Call[Any]) -> str:
    """The server's error, empty where there is none."""
    try:
        rig.run(asked)
    except redis.ResponseError as error:
        return str(error)
    return ""


@each_version
@pytest.mark.parametrize("name", sorted(STRIDES))
def test_none_too_many_or_half_an_item_is_refused_and_changes_nothing(rig: Rig, name: str) -> None:
    asked = fresh(rig, name)
    stride = STRIDES[name]
    named, item = list(asked.args[:-stride]), list(asked.args[-stride:])
    wrong = [named, named + item * 201]
    if stride > 1:
        wrong += [named + item[:-1], named + item * 2 + item[:1]]
    for args in wrong:
        with rig.unchanged(), pytest.raises(redis.ResponseError, match="1 to 200 items"):
            rig.raw(asked, args)


@each_version
@each_script
def test_what_is_no_number_is_refused_and_changes_nothing(rig: Rig, name: str) -> None:
    script = load(name)
    asked = fresh(rig, name)
    numbers = [
        i for i, arg in enumerate(script.args) if f"local {arg} = tonumber(" in script.source
    ]
    for index in numbers:
        for value in ("", "x", "-1", "nan", "1e300"):
            args = [*asked.args[:index], value, *asked.args[index + 1 :]]
            with rig.unchanged(), pytest.raises(redis.ResponseError, match="number"):
                rig.raw(asked, args)


MAY_BE_0 = {"results_cap", "dead_cap", "result_ttl_ms", "version", "attempts", "run_ms", "paused"}
MAY_BE_0 |= {"look_at", "missed"}


@pytest.mark.parametrize("any_server", ["valkey9"], indirect=True)
@each_script
def test_the_smallest_number_is_taken_and_none_below_it(rig: Rig, name: str) -> None:
    script = load(name)
    for index, arg in enumerate(script.args):
        if f"local {arg} = tonumber(" not in script.source:
            continue
        asked = fresh(rig, name)
        may_be_0 = arg in MAY_BE_0 or (name, arg) == ("withdraw", "hold_ms")
        at_0, at_1 = ([*asked.args[:index], n, *asked.args[index + 1 :]] for n in ("0", "1"))
        if not may_be_0:
            with rig.unchanged(), pytest.raises(redis.ResponseError, match="number"):
                rig.raw(asked, at_0)
        rig.raw(asked, at_0 if may_be_0 else at_1)


@each_version
@each_script
def test_a_full_server_refuses_only_what_adds_and_before_any_write(rig: Rig, name: str) -> None:
    asked = fresh(rig, name)
    rig.admin.config_set("maxmemory", 1)
    if name in REFUSED_WHEN_FULL:
        with rig.unchanged(), pytest.raises(redis.exceptions.OutOfMemoryError):
            rig.run(asked)
    else:
        rig.run(asked)
    rig.admin.config_set("maxmemory", 0)


@each_version
@each_script
def test_a_script_touches_no_key_that_it_does_not_declare(rig: Rig, name: str) -> None:
    for n in (1, 7):
        asked = fresh(rig, name, n)
        patterns = [f"~{key}" for key in asked.keys]
        rig.admin.acl_setuser(
            "declared",
            enabled=True,
            reset=True,
            passwords=["+pw"],
            commands=["+@all"],
            keys=[pattern[1:] for pattern in patterns],
            channels=["*"],
        )
        rig.user = redis.Redis(
            connection_pool=redis.ConnectionPool(
                connection_class=redis.UnixDomainSocketConnection,
                path=str(rig.server.address),
                username="declared",
                password="pw",
                protocol=2,
                retry=NO_RETRIES,
            )
        )
        rig.run(asked)
        rig.user.close()
        rig.user = rig.admin


_KEYED = re.compile(r"redis\.p?call\(\s*'(\w+)',\s*('[^']*'|[^,)]+)(?:,\s*('[^']*'|[^,)]+))?")
_SUBCOMMANDS = {"XGROUP", "XINFO"}
_KEYLESS = {"PUBLISH"}


def test_no_key_is_made_up_in_lua() -> None:
    for path in lua_folder().rglob("*.lua"):
        for match in _KEYED.finditer(path.read_text(encoding="utf-8")):
            command, first, second = match.groups()
            key = second if command in _SUBCOMMANDS else first
            if command not in _KEYLESS:
                assert re.fullmatch(r"\w+(\.\w+|\[[\w.\[\]]+\])*|unpack\((args|keys)", key), (
                    path,
                    match[0],
                )


def test_a_job_with_every_character_that_names_may_have_lives_its_whole_life(rig: Rig) -> None:
    id_, task = "0oHq3Xa-kT3_9fQzAAB7-a~b.c-", "a.b:c-%d_%s"
    rig.running(id_, task=task)
    rig.strand(id_, task=task)
    assert rig.claimed("T2", tasks=[task]) == [id_]
    rig.release(id_, token="T2")
    assert rig.claimed("T3") == [id_]
    rig.retry(id_, token="T3", delay_ms=0)
    rig.run(promote(rig.keys, limit=1))
    assert rig.violations() == []
    assert rig.claimed("T4", limit=1) == [id_]
    assert rig.ack(id_, token="T4") == ["OK"]


def test_key_names_and_types_are_all_known() -> None:
    assert {*HASHES, *SORTED_SETS, *LISTS, *STREAMS, *STRINGS} == set(NAMES)


@pytest.mark.parametrize("any_server", ["valkey9"], indirect=True)
@pytest.mark.parametrize("name", [n for n in SCRIPTS if "check_schema" in load(n).source])
def test_another_data_model_is_refused_and_nothing_changes(rig: Rig, name: str) -> None:
    asked = fresh(rig, name, 2)
    rig.admin.set(rig.keys.key("schema"), "2")
    with rig.unchanged(), pytest.raises(redis.ResponseError, match="SCHEMA"):
        rig.run(asked)
    rig.admin.set(rig.keys.key("schema"), "1")
