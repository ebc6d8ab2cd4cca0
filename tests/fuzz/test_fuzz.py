"""The targets of `make fuzz` with Hypothesis, and with all that was kept in `corpus`."""

from __future__ import annotations

import resource
import time
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.fuzz.targets import TARGETS

CORPUS = Path(__file__).parent / "corpus"
KEPT = {name: [file.read_bytes() for file in sorted((CORPUS / name).iterdir())] for name in TARGETS}
EXAMPLES = 300
MOST_KB = 300_000  # that the process may grow by

small = st.binary(max_size=200)
changes = st.lists(st.tuples(st.integers(0, 2**12), st.binary(max_size=4)), max_size=4)


def changed(start: bytes, changes: list[tuple[int, bytes]]) -> bytes:
    """Some bytes of it replaced or inserted."""
    data = start
    for place, new in changes:
        at = place % (len(data) + 1)
        data = data[:at] + new + data[at + place % 3 :]
    return data


@pytest.mark.parametrize("name", TARGETS)
def test_what_was_found_once_is_handled(name: str) -> None:
    for data in KEPT[name]:
        TARGETS[name](data)


@pytest.mark.parametrize("name", TARGETS)
def test_any_input_is_read_or_refused_in_words_soon_and_in_little_memory(name: str) -> None:
    @settings(max_examples=EXAMPLES, deadline=None)  # the processor's time counts, not a load's
    @given(st.one_of(small, st.builds(changed, st.sampled_from(KEPT[name]), changes)))
    def takes(data: bytes) -> None:
        began = time.process_time()
        TARGETS[name](data)
        assert time.process_time() - began < 1

    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    takes()
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < MOST_KB
