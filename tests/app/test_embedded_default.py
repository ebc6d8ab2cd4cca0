from __future__ import annotations

import logging
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from streamq import JobState, StreamQ
from streamq.embedded import stop


@pytest.fixture
def place() -> Iterator[Path]:
    """A data directory with a short path that doesn't exist yet."""
    folder = Path(tempfile.mkdtemp(prefix="sqa-", dir="/tmp"))
    yield folder / "data"
    stop(folder / "data")
    shutil.rmtree(folder, ignore_errors=True)


def test_the_embedded_server_is_started_when_asked_for_and_says_so_once(
    place: Path, caplog: pytest.LogCaptureFixture
) -> None:
    app = StreamQ("shop", broker=f"embedded://{place}")
    task = app.task(name="shop.one")(lambda: 1)
    assert not place.exists()  # making an application starts nothing
    with caplog.at_level(logging.WARNING, logger="streamq"):
        jobs = [task.delay(), task.delay()]
    assert [job.state for job in jobs] == [JobState.WAITING, JobState.WAITING]
    (said,) = [one.getMessage() for one in caplog.records if one.name == "streamq.embedded"]
    assert "embedded server" in said
    assert str(place) in said
    app.close()
