"""A slot on its way from node to node when a call's time is over."""

from __future__ import annotations

from redis.exceptions import AskError

from streamq.client.trouble import explain
from streamq.errors import BrokerUnavailable
from streamq.scripts import load


def test_a_slot_that_moves_for_too_long_is_an_outage_and_no_script_that_failed() -> None:
    error = explain(AskError("1234 127.0.0.1:7001"), "here", load("reclaim"))
    assert type(error) is BrokerUnavailable
    assert "here is moving these keys" in str(error)
