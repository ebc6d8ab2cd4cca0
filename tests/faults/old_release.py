"""Row 15: workers and producers of an earlier release beside these, on one queue.

`old_release.tar.xz` is the package and its scripts as they were, frozen. Both are killed meanwhile;
what they come to must hold by the rules of the new one's audit. A release is frozen for the next by
`python -m tests.faults.old_release COMMIT`.
"""

from __future__ import annotations

import io
import json
import os
import shutil
import signal
import subprocess
import sys
import tarfile
import tempfile
import time
from contextlib import suppress
from pathlib import Path

from streamq.worker.exits import NOT_CONFIGURED
from tests.faults import storm_app
from tests.faults.field import Field
from tests.faults.harness import Ground, Row
from tests.faults.journal import FOLDER
from tests.searched import ROOT
from tests.worker.rig import Process

ARCHIVE = Path(__file__).with_name("old_release.tar.xz")
SEND = """
import json, sys
from tests.faults import storm_app
print(json.dumps(storm_app.send(range(int(sys.argv[1]), int(sys.argv[2])))))
"""


def unpack(ground: Ground) -> dict[str, str]:
    """The environment of a process that runs the earlier release."""
    folder = ground.folder / "old"
    with tarfile.open(ARCHIVE) as archive:
        archive.extractall(folder, filter="data")
    (folder / "tests").symlink_to(ROOT / "tests")
    return {"PYTHONPATH": str(folder), FOLDER: str(ground.folder)}


def attack(ground: Ground, *, jobs: int, kills: int, limit_s: float) -> None:
    server = ground.server()
    field = Field(ground, server, storm_app.app, "tests.faults.storm_app")
    env = unpack(ground)
    size = ("-c", "6", "--async-concurrency", "8", "--process-concurrency", "1")
    old = _start_old(field, env, *size)
    field.start(*size)
    field.registered(2)
    sent = storm_app.send(range(jobs // 2))
    sent |= _send_old(field, env, jobs // 2, jobs)
    done, until = 0, time.monotonic() + limit_s
    while time.monotonic() < until and not field.is_empty():
        time.sleep(ground.random.uniform(0.2, 0.5))
        ground.snapshot(server, field.keys)
        if done < kills:
            pid = ground.random.choice(field.workers).worker_pid
            if pid in field.infos().values():
                with suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
                    done += 1
    field.expect_all_done(sent)
    ground.figures.expect_same(set(field.runs()), set(sent.values()), "numbers that ran")
    ground.figures.add(jobs=len(sent), kills=done)
    both = {worker.pid: 0 for worker in (old, field.workers[-1])}
    ground.figures.expect(len(both) == 2, "there was only one of them")
    field.stop()
    ground.audit(server)
    _refuses_another_schema(ground, field)


def _start_old(field: Field, env: dict[str, str], *size: str) -> Process:
    worker = field.start(*size, cwd=Path(env["PYTHONPATH"]), env=env)
    field.registered(1)
    (streamq_file,) = {
        line
        for line in Path(f"/proc/{worker.worker_pid}/environ").read_bytes().split(b"\0")
        if line.startswith(b"PYTHONPATH=")
    }
    assert env["PYTHONPATH"].encode() in streamq_file
    return worker


def _send_old(field: Field, env: dict[str, str], first: int, end: int) -> dict[str, int]:
    said = subprocess.run(
        [sys.executable, "-c", SEND, str(first), str(end)],
        env={**os.environ, **env, "STREAMQ_BROKER_URL": field.server.url},
        cwd=env["PYTHONPATH"],
        capture_output=True,
        check=False,
    )
    assert said.returncode == 0, said.stderr.decode()
    sent: dict[str, int] = json.loads(said.stdout)
    return sent


def _refuses_another_schema(ground: Ground, field: Field) -> None:
    """A worker that meets a data model that it doesn't know ends, and says what to do."""
    field.server.admin.flushall()
    field.server.admin.set(field.keys.key("schema"), "2")
    worker = field.start("-c", "2")
    code = worker.ended(30)
    ground.figures.expect(code == NOT_CONFIGURED, f"exit code {code}")
    ground.figures.expect("data model 2" in worker.log, f"it said {worker.log[-500:]}")
    ground.figures.add(refused_schemas=1)


def freeze(commit: str) -> None:
    """Keep the package of this commit as the earlier release."""
    with tempfile.TemporaryDirectory() as folder:
        archive = subprocess.run(
            ["git", "archive", commit, "streamq", "lua"], cwd=ROOT, capture_output=True, check=True
        )
        with tarfile.open(fileobj=io.BytesIO(archive.stdout)) as tree:
            tree.extractall(folder, filter="data")
        shutil.move(f"{folder}/lua", f"{folder}/streamq/lua")  # as in a wheel
        with tarfile.open(ARCHIVE, "w:xz") as tree:
            tree.add(f"{folder}/streamq", "streamq")


ROW = Row(
    15,
    "an earlier release beside this one",
    attack,
    small={"jobs": 400, "kills": 2, "limit_s": 60},
    large={"jobs": 10_000, "kills": 40, "limit_s": 600},
    rounds=5,
)

if __name__ == "__main__":
    freeze(sys.argv[1])
