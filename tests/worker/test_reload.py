"""`--reload`: changed code runs without a restart, and broken code ends nothing."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from streamq import StreamQ
from streamq.errors import ConfigurationError
from streamq.worker import reloading
from tests.searched import ROOT
from tests.servers import Server
from tests.servers_process import end, spawn
from tests.waiting import wait_until
from tests.worker.rig import Process

APP = """
import time
from streamq import StreamQ

app = StreamQ("shop", broker={url!r}, lease=2)

@app.task(name="which")
def which(seconds=0.0):
    time.sleep(seconds)
    return {answer!r}
"""


class Shop:
    """A worker on a module that changes."""

    def __init__(self, server: Server, folder: Path) -> None:
        self.url = server.url
        self.app = StreamQ("shop", broker=server.url)
        self.file = folder / "shop.py"
        self.write("first")
        log = folder / "worker.log"
        program: list[str | Path] = [
            sys.executable,
            "-m",
            "streamq.cli",
            "-A",
            "shop:app",
            "worker",
            "--reload",
        ]
        self.process = Process(spawn(program, output=log, cwd=folder), log)

    def write(self, answer: str, *, more: str = "") -> None:
        self.file.write_text(APP.format(url=self.url, answer=answer) + more)

    def ask(self, timeout: float = 20) -> object:
        return self.app.send_task("which").get(timeout=timeout)

    def answers(self, answer: str) -> None:
        wait_until(lambda: self.ask() == answer, f"{answer!r}:\n{self.process.log}", 20)


@pytest.fixture
def shop(server: Server, tmp_path: Path) -> Iterator[Shop]:
    made = Shop(server, tmp_path)
    yield made
    assert made.process.stop() == 0
    end(made.process.process)
    made.app.close()


def test_changed_code_runs_and_jobs_of_the_old_end_in_peace(shop: Shop) -> None:
    assert shop.ask() == "first"
    long = shop.app.send_task("which", (4.0,))
    wait_until(lambda: long.state.value == "running", "it to run")
    shop.write("second")
    shop.process.logged("shop.py changed: worker processes are replaced")
    shop.answers("second")
    shop.write("third")
    shop.answers("third")
    assert long.get(timeout=10) == "first"
    assert long.info().attempt == 1


def test_code_that_cannot_be_compiled_replaces_nothing(shop: Shop) -> None:
    assert shop.ask() == "first"
    shop.write("second", more="\ndef oops(:\n")
    shop.process.logged(r"shop.py:\d+ is no Python: .*; the code from before goes on")
    assert shop.ask() == "first"
    shop.write("third")
    shop.answers("third")


def test_code_that_cannot_be_imported_is_waited_out(shop: Shop) -> None:
    assert shop.ask() == "first"
    shop.write("second", more="\nimport there_is_no_such_module\n")
    shop.process.logged("can't be imported")
    shop.process.logged("no worker process runs until the next change of the code")
    job = shop.app.send_task("which")
    shop.write("third")
    assert job.get(timeout=20) == "third"


def test_without_the_library_it_is_said_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reloading, "find_spec", lambda _name: None)
    with pytest.raises(ConfigurationError, match=r"pip install 'streamq\[reload\]'"):
        reloading.check_installed()


def test_the_package_of_the_application_and_the_current_directory_are_watched(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.chdir(tmp_path)
    assert reloading.watched("tests.worker.running:app") == [tmp_path, ROOT / "tests"]
    assert reloading.watched(f"{tmp_path}/shop.py:app") == [tmp_path]
    monkeypatch.chdir(ROOT)
    assert reloading.watched("tests.worker.running:app") == [ROOT]


def test_a_line_names_the_first_few_files(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    files = [tmp_path / f"{name}.py" for name in "abcde"]
    assert reloading.said(files[:1]) == "a.py changed"
    assert reloading.said(files) == "a.py, b.py, c.py and 2 more changed"
