"""The pytest plugin, in test runs of its own; and what it costs everyone else: nothing."""

from __future__ import annotations

import os
import subprocess
import sys
from importlib.metadata import entry_points
from pathlib import Path

import pytest

import pytest_streamq

pytest_plugins = ["pytester"]
ROOT = Path(__file__).parent.parent.parent
# Installed, pytest finds the plugin itself; from a checkout on the path it has to be named.
INSTALLED = [one.name for one in entry_points(group="pytest11") if one.value == "pytest_streamq"]
NAMED = [] if INSTALLED else ["-p", "pytest_streamq"]
QUIET = ["-p", "no:valkey", "-p", "no:cacheprovider", "-W", "error"]


@pytest.fixture(autouse=True)
def on_the_path(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("PYTEST_ADDOPTS", raising=False)


def run(pytester: pytest.Pytester, *options: str) -> pytest.RunResult:
    return pytester.runpytest_subprocess(*NAMED, *QUIET, *options, timeout=50)


APPLICATION = """
    from streamq import StreamQ
    app = StreamQ("shop", broker="redis://server-of-production")
    @app.task
    def add(x: int, y: int) -> int:
        return x + y
"""


def test_an_application_on_a_server_of_its_own_for_each_test(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(shop=APPLICATION)
    pytester.makepyfile(
        test_it="""
        import pytest, shop
        from streamq.testing import assert_enqueued, enqueued

        @pytest.fixture
        def app(streamq_use):
            return streamq_use(shop.app)

        @pytest.mark.parametrize("n", range(4))
        def test_alone(app, streamq_server, n):
            assert app.conf.broker == streamq_server.url
            assert enqueued(app) == []
            shop.add.delay(n, 1)
            assert_enqueued(app, "shop.add", args=(n, 1), times=1)

        def test_an_empty_application(streamq_app):
            @streamq_app.task
            def double(n: int) -> int:
                return 2 * n
            double.delay(2)
            assert_enqueued(streamq_app, "test_it.double", args=(2,), times=1)

        def test_without():
            assert shop.app.conf.broker == "redis://server-of-production"
        """
    )
    result = run(pytester)
    result.assert_outcomes(passed=6)


def test_each_worker_of_xdist_has_a_server(pytester: pytest.Pytester) -> None:
    pytest.importorskip("xdist")
    pytester.makepyfile(
        """
        import pytest
        from streamq.testing import enqueued

        @pytest.mark.parametrize("n", range(6))
        def test_alone(streamq_app, n):
            @streamq_app.task
            def nothing() -> None: ...
            assert enqueued(streamq_app) == []
            nothing.delay()
            assert len(enqueued(streamq_app)) == 1
        """
    )
    run(pytester, "-n", "2").assert_outcomes(passed=6)


def test_a_failed_assertion_is_shown_at_the_tests_line(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(
        """
        from streamq.testing import assert_enqueued
        def test_it(streamq_app):
            assert_enqueued(streamq_app, "shop.add")
        """
    )
    result = run(pytester)
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["*test_*.py:3: AssertionError*"])
    result.stdout.no_fnmatch_line("*what_there_is*")


def test_what_breaks_the_law_is_an_error_of_that_test(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(
        """
        def test_it(streamq_app):
            @streamq_app.task
            def nothing() -> None: ...
            nothing.delay()
            key = streamq_app.keys("default").key("jobs")
            streamq_app.client.command("DEL", key)
        """
    )
    result = run(pytester)
    result.assert_outcomes(passed=1, errors=1)
    result.stdout.fnmatch_lines(["*violations:*"])


def test_the_server_ends_with_the_run(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(
        """
        from pathlib import Path
        def test_it(streamq_server):
            Path("was").write_text(f"{streamq_server.pid} {streamq_server.data_dir}")
        """
    )
    run(pytester).assert_outcomes(passed=1)
    pid, folder = (pytester.path / "was").read_text().split(" ", 1)
    assert not Path(folder).exists()
    with pytest.raises(ProcessLookupError):
        os.kill(int(pid), 0)


def test_a_run_that_does_not_use_it_imports_nothing_of_it(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(
        """
        import sys
        def test_it(request):
            assert "pytest_streamq" in sys.modules
            for name in ("streamq", "redis", "msgpack", "asyncio.runners"):
                assert name not in sys.modules, name
        """
    )
    others = ("no:timeout", "no:xdist", "no:anyio")  # which may be here, and import asyncio
    run(pytester, *(word for name in others for word in ("-p", name))).assert_outcomes(passed=1)


def test_it_can_be_left_out(pytester: pytest.Pytester) -> None:
    pytester.makepyfile("def test_it(streamq_app): ...")
    options = ["-p", "no:streamq", "-p", "no:pytest_streamq"]
    result = pytester.runpytest_subprocess(*QUIET, *options, timeout=50)
    result.assert_outcomes(errors=1)
    result.stdout.fnmatch_lines(["*fixture 'streamq_app' not found*"])


def test_it_costs_a_start_of_pytest_less_than_ten_milliseconds() -> None:
    said = subprocess.run(
        [sys.executable, "-X", "importtime", "-c", "import pytest, pytest_streamq"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    ).stderr
    (line,) = (one for one in said.splitlines() if one.endswith("| pytest_streamq"))
    cumulative_us = int(line.split("|")[1])
    assert cumulative_us < 10_000


def test_its_fixtures_say_what_they_are() -> None:
    for name in ("streamq_server", "streamq_use", "streamq_app"):
        fixture = getattr(pytest_streamq, name)
        assert fixture.__doc__, name
