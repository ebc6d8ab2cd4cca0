"""The notes that streamq was made from: their programs run as they are, with another import.

The notes lie beside the project's folder; where they don't, these tests are skipped. What the notes
say is also tested in our own words, in the other modules here and in `tests/docs`.
"""

from __future__ import annotations

import re
import runpy
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from textwrap import dedent

import pytest
import redis

from tests.conftest import MakeServer
from tests.searched import ROOT, SEARCHED
from tests.servers_process import end, spawn
from tests.waiting import wait_until

NOTES = ROOT.parent / "shared" / "celery-notes.md"
FENCE = re.compile(r"^( *)```(\w*)\n(.*?)^\1```", re.MULTILINE | re.DOTALL)
IMPORTS = ["from streamq.celery import Celery", "from streamq import StreamQ as Celery"]
OTHER_SERVERS = re.compile(r"pyamqp://|rpc://")

pytestmark = [
    pytest.mark.skipif(not NOTES.exists(), reason=f"the notes are not beside {ROOT.name}/"),
]


def blocks() -> list[str]:
    """The programs, shell lines and settings of the notes, in their order."""
    return [dedent(found[3]).strip() for found in FENCE.finditer(NOTES.read_text("utf-8"))]


def block(word: str, without: str = "nothing") -> str:
    """The one that has this, and not that."""
    found = [one for one in blocks() if word in one and without not in one]
    assert len(found) == 1, (word, found)
    return found[0]


class Desk:
    """A folder with the notes' files, a server, a worker."""

    def __init__(self, folder: Path, url: str, line: str) -> None:
        self.folder, self.url, self.line = folder, url, line
        self.log = folder / "worker.log"
        self._worker: subprocess.Popen[bytes] | None = None

    def here(self, code: str) -> str:
        """The code with our import and our server's address."""
        code = re.sub(r"^from celery import Celery$", self.line, code, flags=re.MULTILINE)
        return code.replace("redis://localhost", self.url)

    def write(self, name: str, code: str) -> None:
        (self.folder / name).write_text(self.here(code), encoding="utf-8")

    def shell(self, line: str) -> list[str]:
        """A shell line of the notes as it is typed here."""
        assert line.startswith("celery ")
        return [sys.executable, "-m", "streamq.cli", *line.split()[1:]]

    def work(self) -> None:
        """Start the worker with the notes' own line."""
        command: list[str | Path] = [*self.shell(block("celery -A tasks worker"))]
        self._worker = spawn(command, output=self.log, cwd=self.folder, env=self.environment())
        with redis.Redis.from_url(self.url) as server:
            wait_until(lambda: server.keys("*:worker_info"), "it to register", 20)

    def environment(self) -> dict[str, str]:
        return {"PYTHONPATH": f"{self.folder}:{SEARCHED}", "PATH": "/usr/bin:/bin"}

    def run(self, code: str, name: str = "calls.py") -> str:
        """What a program prints; it ends well."""
        self.write(name, code)
        ran = subprocess.run(
            [sys.executable, "-W", "error", name],
            cwd=self.folder,
            env=self.environment(),
            capture_output=True,
            text=True,
            timeout=40,
            check=False,
        )
        log = self.log.read_text() if self.log.exists() else ""
        assert ran.returncode == 0, f"{ran.stdout}{ran.stderr}\n{log}"
        return ran.stdout

    def close(self) -> None:
        if self._worker is not None:
            self._worker.terminate()
            assert self._worker.wait(20) == 0, self.log.read_text()
            end(self._worker)


@pytest.fixture(params=IMPORTS, ids=["streamq.celery", "streamq"])
def desk(request: pytest.FixtureRequest, make_server: MakeServer, tmp_path: Path) -> Iterator[Desk]:
    desk = Desk(tmp_path, make_server(tcp=True).url, request.param)
    yield desk
    desk.close()


def without_other_servers(desk: Desk, code: str) -> str:
    """The code without the lines that name another kind of server; each of those is refused."""
    refused = [line for line in code.splitlines() if OTHER_SERVERS.search(line)]
    assert refused
    for line in refused:
        assert_refused(desk, line)
    return "\n".join(line for line in code.splitlines() if line not in refused)


def assert_refused(desk: Desk, line: str) -> None:
    """In at most six lines that say what to use."""
    program = f"{desk.line}\n{line if 'Celery(' in line else setting(line)}\n"
    (desk.folder / "other.py").write_text(program)
    ran = subprocess.run(
        [sys.executable, "-m", "streamq.cli", "-A", "other", "worker"],
        cwd=desk.folder,
        env=desk.environment(),
        capture_output=True,
        text=True,
        timeout=20,
        check=False,
    )
    assert ran.returncode == 78
    assert len(ran.stderr.splitlines()) <= 6
    assert re.search("redis://|give it the broker's URL", ran.stderr), ran.stderr


def setting(line: str) -> str:
    name, _, value = line.partition(" = ")
    return f"app = Celery('tasks')\napp.conf.{name} = {value}"


def test_every_block_is_known_here() -> None:
    assert len(blocks()) == 6


def test_the_installation_is_a_line_for_pip() -> None:
    assert re.fullmatch(r"pip install \w+", block("pip install"))


def test_the_application(desk: Desk) -> None:
    code = without_other_servers(desk, block("app = Celery", "result"))
    desk.write("tasks.py", code)
    desk.work()
    calls = "from tasks import add\nprint(add.delay(4, 4).get(timeout=20), add(1, 2))"
    assert desk.run(calls) == "8 3\n"


def test_keeping_results(desk: Desk) -> None:
    tasks, _, calls = block("result.traceback").partition("# 对于结果调用")
    desk.write("tasks.py", without_other_servers(desk, tasks))
    desk.work()
    calls = re.sub(r"^(result\.[^#\n]*?) *(#.*)?$", r"print(\1)", calls, flags=re.MULTILINE)
    calls = calls.replace("print(result.ready())", "print(result.ready() in (True, False))")
    lines = desk.run(f"from tasks import add\n{calls}").splitlines()
    assert lines[1:] == ["True", "8", "8", "8", "None"]


FAILS = """
@app.task
def divide(x, y):
    return x / y
"""
FAILED = """
from tasks import divide
result = divide.delay(1, 0)
try:
    result.get(timeout=20)
except ZeroDivisionError as error:
    print(error)
print(repr(result.get(propagate=False)))
print(result.traceback.splitlines()[-1])
"""


def test_what_the_notes_say_of_a_failure(desk: Desk) -> None:
    tasks = block("result.traceback").partition("# 对于结果调用")[0]
    desk.write("tasks.py", without_other_servers(desk, tasks) + FAILS)
    desk.work()
    assert desk.run(FAILED).splitlines() == [
        "division by zero",
        "ZeroDivisionError('division by zero')",
        "ZeroDivisionError: division by zero",
    ]


def application(desk: Desk) -> str:
    """The notes' application, on our server."""
    lines = block("app = Celery", "result").splitlines()
    return "\n".join(line for line in lines if not OTHER_SERVERS.search(line))


def test_settings_in_code(desk: Desk) -> None:
    desk.write("tasks.py", application(desk) + "\n" + block("app.conf.task_serializer"))
    desk.work()
    seen = desk.run(
        "from tasks import add, app\nprint(add.delay(4, 4).get(timeout=20))\n"
        "print(app.conf.task_serializer, app.conf.accept_content, app.conf.timezone)"
    )
    assert seen.splitlines()[0] == "8"
    assert "json" in seen
    assert "Europe/Oslo" in seen


def test_settings_in_a_module(desk: Desk) -> None:
    given = block("app.config_from_object")
    loading, _, settings = given.partition("# celeryconfig.py")
    settings, _, more = settings.partition("# python -m celeryconfig.py")
    settings = without_other_servers(desk, settings) + f"\nbroker_url = {desk.url!r}\n"
    routes = more.partition("\n")[2]
    desk.write("celeryconfig.py", settings + routes)
    code = application(desk).replace(", broker='redis://localhost'", "")
    desk.write("tasks.py", f"{code}\n{loading}")
    assert runpy.run_path(str(desk.folder / "celeryconfig.py"))["task_routes"]
    desk.work()
    seen = desk.run(
        "from tasks import add, app\nprint(add.delay(4, 4).get(timeout=20))\n"
        "print(app.conf.task_serializer, app.conf.timezone)"
    )
    assert seen.splitlines() == ["8", "json Europe/Oslo"]
    checked = subprocess.run(
        desk.shell("celery -A tasks check"),
        cwd=desk.folder,
        env=desk.environment(),
        capture_output=True,
        text=True,
        timeout=20,
        check=False,
    )
    assert checked.returncode in (0, 1), checked.stderr
    assert "task_serializer" in checked.stdout
