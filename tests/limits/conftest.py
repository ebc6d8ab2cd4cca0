from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, closing
from pathlib import Path
from typing import Any

import pytest

from tests.limits.crew import Crew, MakeCrew
from tests.limits.killing import Killed
from tests.servers import Server


@pytest.fixture
def make_crew(server: Server) -> Iterator[MakeCrew]:
    """Puts an application on a server: `make_crew(lease=2)`."""
    with ExitStack() as ends:

        def make(**settings: Any) -> Crew:
            crew = Crew(server, {"lease": 2, "grace": 5, **settings})
            ends.callback(crew.close)
            return crew

        yield make


@pytest.fixture
def crew(make_crew: MakeCrew) -> Crew:
    return make_crew()


@pytest.fixture
def killed(request: pytest.FixtureRequest, server: Server, tmp_path: Path) -> Iterator[Killed]:
    """Worker processes of the application that the test's module names."""
    with closing(Killed(server, tmp_path, request.module.APP)) as made:
        yield made
