"""What anybody may write into a record or a name, and what becomes of it."""

from __future__ import annotations

import logging
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streamq.client.urls import parse_url
from streamq.codec import Codec
from streamq.errors import DecodeError, StreamQError
from streamq.operations.claim import parse_record
from streamq.worker.logs import TextFormatter


@pytest.mark.parametrize("where", ["", "@", "@junk", "@²", "@" + "9" * 5000, "&7", "0-0"])
def test_a_due_time_that_is_none_is_no_due_time(where: str) -> None:
    record = parse_record(f".{where} t -\n".encode("utf-8", "ignore")) if where.isascii() else None
    assert record is None or record.scheduled_ms is None
    assert parse_record(f".0-0 t t={'9' * 5000}\nx".encode()).scheduled_ms is None


def test_a_line_of_the_log_moves_no_cursor() -> None:
    record = logging.LogRecord("x", 30, "x", 1, "%s is dead\n", ("a\x1b[31m\u202eb\x9b\r",), None)
    assert TextFormatter("%(message)s").format(record) == "a\\x1b[31m\\x202eb\\x9b\\x0d is dead\n"


@given(st.binary(max_size=300))
def test_a_record_of_any_bytes_is_read_or_refused(raw: bytes) -> None:
    try:
        record = parse_record(raw)
    except ValueError:
        return
    assert record.scheduled_ms is None or record.scheduled_ms >= 0
    assert isinstance(record.schedule, str)


@given(st.binary(max_size=300))
def test_a_body_of_any_bytes_is_read_or_refused(raw: bytes) -> None:
    codec = Codec()
    for read in (codec.decode_call, codec.decode_value):
        with suppress(DecodeError):
            read(raw)
    with suppress(DecodeError):
        codec.describe_exception(raw)


@given(st.one_of(st.text(max_size=80), st.text(max_size=40).map("redis://{}".format)))
def test_a_url_of_any_text_is_read_or_refused_in_few_lines(url: str) -> None:
    try:
        parse_url(url)
    except StreamQError as error:
        assert len(str(error).splitlines()) <= 6  # noqa: PT017 -- both ends are fine
