"""How a worker starts: what it says, and what it says when it can't."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from streamq import StreamQ
from streamq.errors import ConfigurationError
from streamq.worker import Worker, WorkerOptions, application, banner, supervise
from tests.servers import Server
from tests.waiting import wait_until
from tests.worker.rig import Rig

MakeRig = Callable[..., Rig]


def test_import_streamq_does_not_import_the_worker() -> None:
    code = "import sys, streamq; print(any(m.startswith('streamq.worker') for m in sys.modules))"
    root = Path(__file__).parents[2]
    said = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True, cwd=root)
    assert said.stdout.strip() == b"False"


def test_the_banner_says_where_and_how_in_at_most_twelve_lines(rig: Rig) -> None:
    lines = banner.lines(rig.app, WorkerOptions(threads=3))
    assert len(lines) <= 12
    text = "\n".join(lines)
    for part in ("streamq", "Valkey 9", rig.server.url, "default", "tasks", "aadd", "3 threads"):
        assert part in text
    assert "durability" in text


def test_the_supervisor_prints_the_banner_once_and_a_line_per_job(rig: Rig) -> None:
    process = rig.start()
    job = rig.send("add", 1, 2)
    job.get(timeout=10)
    line = process.logged(rf".*add {job.id} succeeded.*")
    assert "INFO" in line
    assert "attempt 1" in line
    assert process.log.count("concurrency") == 1


def test_lines_as_json_are_nothing_but_json(rig: Rig) -> None:
    process = rig.start(log_format="json")
    job = rig.send("boom", "x")
    process.logged(job.id)
    entries = [json.loads(line) for line in process.log.splitlines()]
    entry = next(entry for entry in entries if entry.get("job_id") == job.id)
    assert (entry["level"], entry["task"], entry["attempt"]) == ("ERROR", "boom", 1)
    assert "KeyError" in entry["traceback"]


def test_below_info_there_is_no_line_per_job(rig: Rig) -> None:
    process = rig.start(loglevel="WARNING")
    job = rig.send("add", 1, 2)
    job.get(timeout=10)
    rig.send("boom", "x")
    process.logged("KeyError")
    assert job.id not in process.log


def test_no_server_is_said_kindly_with_exit_code_69(
    server: Server, make_rig: MakeRig, tmp_path: Path
) -> None:
    rig = make_rig(server, broker=f"unix://{tmp_path}/none")
    process = rig.start(ready=False)
    assert process.ended(20) == 69
    assert "No server answers" in process.log
    assert "Traceback" not in process.log
    assert len(process.log.splitlines()) <= 6


def test_with_wait_it_works_as_soon_as_there_is_a_server(
    make_server: Callable[..., Server], make_rig: MakeRig
) -> None:
    server = make_server()
    rig = make_rig(server)
    server.stop()
    process = rig.start(ready=False, wait=True)
    process.logged("waiting for the server", timeout=20)
    server.start()
    assert rig.send("add", 1, 2).get(timeout=15) == 3


def test_an_application_that_no_process_can_import_is_refused(server: Server) -> None:
    hidden = [StreamQ("hidden", broker=server.url)]
    with pytest.raises(ConfigurationError, match="can't import it"):
        supervise(hidden[0], WorkerOptions())


def test_an_application_is_found_by_module_or_file(tmp_path: Path) -> None:
    module = tmp_path / "lonely_shop.py"
    module.write_text("from streamq import StreamQ\napp = StreamQ('lonely', broker='redis://x')\n")
    code = (
        "from streamq.worker import application\n"
        f"found = {{'location': {str(module)!r} + ':app', 'path': __import__('sys').path}}\n"
        "app = application.find({**found, 'flags': {'lease': 7.0}})\n"
        "print(app.name, app.conf.lease)\n"
    )
    root = Path(__file__).parents[2]
    said = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True, cwd=root)
    assert said.stdout.split() == [b"lonely", b"7.0"]


def test_flags_reach_the_worker_process(rig: Rig) -> None:
    rig.app.conf.set_flags(lease=3, loglevel="WARNING")
    module = sys.modules[__name__]
    module.found_app = rig.app  # type: ignore[attr-defined]
    described = json.loads(json.dumps(application.describe(rig.app)))
    assert described["flags"] == {"lease": 3.0, "loglevel": "WARNING"}
    assert described["location"] == f"{__name__}:found_app"
    del module.found_app


def test_what_a_worker_says_of_itself_can_be_read(rig: Rig) -> None:
    here = rig.work(threads=3)
    key = rig.app.keys("default").key("worker_info")
    told = json.loads(rig.server.admin.hget(key, here.worker.name) or b"{}")
    assert told["queues"] == ["default"]
    assert told["threads"] == 3
    assert {"host", "pid", "started", "streamq", "tasks"} <= told.keys()
    policy = rig.server.admin.hget(rig.app.keys("default").key("policy"), "flaky")
    assert json.loads(policy or b"{}")["max_attempts"] == 3
    assert rig.server.admin.sismember("sq:streamq:queues", "default")


def test_many_queues_are_served_in_turn(server: Server, make_rig: MakeRig) -> None:
    rig = make_rig(server)
    queues = [f"q{number}" for number in range(5)]
    assert Worker(rig.app, queues=queues).queues == tuple(queues)
    jobs = [rig.send("add", n, n, queue=queue) for n in range(20) for queue in queues]
    rig.work(queues=queues)
    assert [job.get(timeout=10) for job in jobs] == [2 * n for n in range(20) for _ in queues]
    wait_until(lambda: all(rig.counts(queue)["jobs"] == 0 for queue in queues), "all to end")


def test_logging_that_the_application_set_up_is_left_alone(rig: Rig) -> None:
    process = rig.start(own_logging=True)
    job = rig.send("add", 1, 2)
    process.logged(f"MINE add {job.id} succeeded")
    assert process.log.count(f"{job.id} succeeded") == 1
