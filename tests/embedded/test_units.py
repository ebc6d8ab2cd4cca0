"""The small parts, without a server."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from streamq.embedded.locks import Lock, is_held
from streamq.embedded.orders import Orders
from streamq.embedded.state import Phase, State, read_state, write_state
from streamq.embedded.verdict import Ending, Troubles, Verdict, judge
from streamq.embedded.wire import Answer, ping

ORDERS = Orders("/d", "/d/s", "/bin/x", "valkey 9.1.2", "300.0", "ab")


def test_orders_come_back_from_the_command_line() -> None:
    assert Orders.parse(ORDERS.argv()) == ORDERS


def test_state_keeps_its_size_and_is_read_back(root: Path) -> None:
    path = root / "state"
    word = State(token="t", phase=Phase.FAILED, message="é" * 5000, pid=3)
    write_state(path, word)
    assert path.stat().st_size == 4096
    read = read_state(path)
    assert read is not None
    assert (read.phase, read.pid, read.message) == (Phase.FAILED, 3, "é" * 624)
    path.write_text("{}")
    assert read_state(path) is None
    assert read_state(root / "none") is None


def test_lock_is_one_and_is_seen(root: Path) -> None:
    one, two = Lock(root / "lock"), Lock(root / "lock")
    assert not is_held(root / "lock")
    assert one.try_acquire()
    assert is_held(root / "lock")
    assert not two.acquire(0.02)
    one.release()
    assert two.acquire(0.02)
    (root / "lock").unlink()
    assert not two.is_in_place()
    two.release()


def test_a_lock_goes_with_its_killed_holder(root: Path) -> None:
    code = (
        "import sys, time; from pathlib import Path; from streamq.embedded.locks import Lock\n"
        "assert Lock(Path(sys.argv[1])).try_acquire(); print('held', flush=True); time.sleep(60)"
    )
    holder = subprocess.Popen(
        [sys.executable, "-c", code, str(root / "lock")],
        stdout=subprocess.PIPE,
        text=True,
        env={"PYTHONPATH": str(Path(__file__).parents[2])},
    )
    with holder:
        assert holder.stdout
        assert holder.stdout.readline() == "held\n"
        assert is_held(root / "lock")
        holder.kill()
    assert not is_held(root / "lock")


def test_nobody_at_a_socket(root: Path) -> None:
    assert ping(root / "none", 0.1) is Answer.NOBODY
    (root / "file").touch()
    assert ping(root / "file", 0.1) is Answer.NOBODY
    assert ping(root / ("x" * 200), 0.1) is Answer.NOBODY


def lived(*lives: tuple[float, bool]) -> Troubles:
    troubles = Troubles()
    for seconds, served in lives:
        troubles.lived(seconds, served=served)
    return troubles


def test_what_follows_from_an_end() -> None:
    served, never = lived((100, True)), lived((0, False))
    lost = lived((100, True), *[(0, False)] * 5)
    cases = [
        (Ending.IDLE, 0, [], served, Verdict.END),
        (Ending.ASKED, -9, [], never, Verdict.END),
        (Ending.DEAF, 0, [], served, Verdict.AGAIN),
        (Ending.ITSELF, 0, [], served, Verdict.END),  # a SHUTDOWN by someone
        (Ending.ITSELF, -9, [], served, Verdict.AGAIN),
        (Ending.ITSELF, -9, [], never, Verdict.AGAIN),  # killed while it loaded
        (Ending.ITSELF, 1, ["Bad file format"], never, Verdict.FAILED),
        (Ending.ITSELF, 1, [], lived((100, True), (0, False)), Verdict.AGAIN),
        (Ending.ITSELF, 1, [], lost, Verdict.FAILED),
        (Ending.ITSELF, -9, [], lost, Verdict.FAILED),
        (Ending.ITSELF, 1, ["x: No space left on device"], never, Verdict.DISK_FULL),
    ]
    for ending, code, tail, troubles, verdict in cases:
        assert judge(ending, code, tail, troubles)[0] is verdict, (ending, code, tail)


def test_pauses_grow_and_are_forgotten() -> None:
    troubles = lived((1, True))
    assert [troubles.pause() for _ in range(4)] == [0.05, 0.1, 0.2, 0.4]
    assert [troubles.pause() for _ in range(10)][-1] == 10
    troubles.lived(1, served=True)
    assert not troubles.fresh
    troubles.lived(100, served=True)
    assert troubles.fresh
