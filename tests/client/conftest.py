"""Clients that are closed after the test, whatever they were used for."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import ExitStack
from typing import Any

import pytest

from streamq.client import Client
from tests.client.small import MakeClient, Url


@pytest.fixture
def make_client() -> Iterator[MakeClient]:
    """Makes clients for this test; a socket that one of them leaks is a warning, so an error."""
    with ExitStack() as ends:

        def make(url: Url, **options: Any) -> Client:
            client = Client(url, **options)
            ends.callback(client.close)
            return client

        yield make
    gc.collect()
