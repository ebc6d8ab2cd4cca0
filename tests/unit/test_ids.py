from __future__ import annotations

import os
import re
import threading
from itertools import count

import pytest

from streamq.errors import UnknownJob
from streamq.ids import (
    ID_LENGTH,
    IdMaker,
    decode_time,
    encode_time,
    id_keeps_result,
    id_queue_slug,
    id_slug,
    id_time_ms,
    keeps_result,
    parse_id,
)

LONG = "q" * 128


def test_an_id_names_queue_time_and_whether_its_result_is_kept() -> None:
    maker = IdMaker(now_ns=lambda: 1_795_407_539_773_999_999)
    found = parse_id(maker.new_id("mail:bulk", True))
    assert (found.queue, found.time_ms, found.kept) == ("mail:bulk", 1_795_407_539_773, True)
    assert not id_keeps_result(maker.new_id("mail", False))
    assert id_queue_slug(maker.new_id("mail:bulk", False)) == "mail~bulk"
    assert id_time_ms(maker.new_id("mail", True)) == 1_795_407_539_773


@pytest.mark.parametrize("queue", ["a", "mail:bulk", "q" * 40, LONG, "A-b_c.d:e", ":" * 40])
def test_an_id_is_url_safe_and_short_and_begins_with_no_dash(queue: str) -> None:
    job_id = IdMaker().new_id(queue, True)
    assert len(job_id) <= ID_LENGTH
    assert re.fullmatch(r"[A-Za-z0-9_.~-]+", job_id)
    assert job_id[0] != "-"


def test_the_queue_of_a_long_name_is_found_among_those_known() -> None:
    found = parse_id(IdMaker().new_id(LONG, True))
    assert found.queue is None
    assert found.find_queue(["mail", LONG]) == LONG
    assert found.find_queue(["mail"]) is None


def test_a_short_name_that_looks_like_a_hashed_one_is_not_taken_for_it() -> None:
    impostor = id_slug(LONG).replace("~", ":")
    assert id_slug(impostor) != id_slug(LONG)
    assert parse_id(IdMaker().new_id(impostor, True)).find_queue([LONG, impostor]) == impostor


def test_ids_sort_by_time() -> None:
    clock = count(1_795_407_539_773_000_000, 1_000_000)
    maker = IdMaker(now_ns=clock.__next__)
    ids = [maker.new_id("q", True) for _ in range(1000)]
    assert [one[:7] for one in ids] == sorted({one[:7] for one in ids})


@pytest.mark.parametrize("time_ms", [0, 1, 61, 62, 238_327, 238_328, 1_795_407_539_773, 62**7 - 1])
def test_a_time_comes_back(time_ms: int) -> None:
    assert decode_time(encode_time(time_ms)) == time_ms
    maker = IdMaker(now_ns=lambda: time_ms * 1_000_000)
    assert id_time_ms(maker.new_id("q", True)) == time_ms


@pytest.mark.parametrize("now_s", [-(10**10), 10**12])
def test_a_clock_far_off_still_gives_ids(now_s: int) -> None:
    parse_id(IdMaker(now_ns=lambda: now_s * 10**9).new_id("q", True))


def test_threads_never_get_the_same_id() -> None:
    maker = IdMaker()
    made: list[list[str]] = [[] for _ in range(4)]

    def work(into: list[str]) -> None:
        into.extend(maker.new_id("q", True) for _ in range(5000))

    threads = [threading.Thread(target=work, args=(into,)) for into in made]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len({one for into in made for one in into}) == 20_000


def test_a_used_up_counter_draws_new_random_bits() -> None:
    maker = IdMaker()
    before = maker.new_id("q", True)
    maker._slot.next = count(64**4 - 1).__next__
    last, after = maker.new_id("q", True), maker.new_id("q", True)
    assert last[7:19] == before[7:15] + "____"
    assert after[7:15] != before[7:15]
    assert after[15:19] == "AAAA"


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system has no fork")
def test_a_forked_child_draws_new_random_bits_also_while_the_lock_was_held() -> None:
    maker = IdMaker()
    mine = maker.new_id("q", True)
    read, write = os.pipe()
    with maker._lock:
        child = os.fork()
        if child == 0:
            os.write(write, maker.new_id("q", True).encode())
            os._exit(0)
    os.waitpid(child, 0)
    theirs = os.read(read, 100).decode()
    os.close(read)
    os.close(write)
    parse_id(theirs)
    assert theirs[7:15] != mine[7:15]
    assert maker.new_id("q", True)[7:15] == mine[7:15]


@pytest.mark.parametrize(
    "garbage",
    ["", "42", "x" * 64, "x" * 5000, "a b", "é" * 30, "0oHq3XakT3_9fQzAAB7.", None, 7, b"bytes"],
)
def test_what_is_no_id_is_an_unknown_job_with_a_kind_message(garbage: object) -> None:
    with pytest.raises(UnknownJob, match="job id") as caught:
        parse_id(garbage)
    assert len(str(caught.value)) < 300


@pytest.mark.parametrize("short", ["", "x", "x" * 18, "x" * 40])
def test_an_id_of_somebody_else_keeps_no_result_and_raises_nothing(short: str) -> None:
    assert not keeps_result(short)
