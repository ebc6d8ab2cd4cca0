"""Draws when calls of three customers started, a worker being killed meanwhile, as limits.svg.

`PYTHONPATH=examples/api_client STREAMQ_BROKER_URL=… python docs/pictures/limits.py`
"""

import os
import subprocess
import sys
import threading
import time
from pathlib import Path

from client import app, enqueue

from streamq import inspection

HERE = Path(__file__).parent
CALLS = {"large": 400, "middle": 120, "small": 30}
COLOURS = {"large": "#3366aa", "middle": "#cc6633", "small": "#449944", "all": "#888888"}
LIMIT, KILL_AFTER, WIDTH, HEIGHT, LEFT, TOP = 40, 4.0, 720, 400, 60, 30


def worker() -> subprocess.Popen[bytes]:
    """Another worker."""
    command = [sys.executable, "-m", "streamq.cli", "-A", "client", "worker"]
    return subprocess.Popen(command, start_new_session=True)


def curve(starts: list[float], first: float, x: float, y: float) -> str:
    """Starts so far over time, as the points of a line."""
    steps = [
        f"{LEFT + (at - first) * x:.1f},{TOP + HEIGHT - n * y:.1f}" for n, at in enumerate(starts)
    ]
    return " ".join(steps)


def picture(started: dict[str, list[float]], killed: float) -> str:
    """All of it."""
    every = sorted(start for starts in started.values() for start in starts)
    first, seconds = every[0], every[-1] - every[0]
    x, y = WIDTH / seconds, HEIGHT / len(every)
    size = f'width="{WIDTH + 150}" height="{HEIGHT + 80}"'
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" {size} font-family="sans-serif" font-size="13">',
        '<rect width="100%" height="100%" fill="white"/>',
    ]
    for second in range(0, int(seconds) + 1, 2):
        at = LEFT + second * x
        parts.append(
            f'<line x1="{at:.0f}" x2="{at:.0f}" y1="{TOP}" y2="{TOP + HEIGHT}" stroke="#eee"/>'
        )
        parts.append(
            f'<text x="{at:.0f}" y="{TOP + HEIGHT + 18}" text-anchor="middle">{second} s</text>'
        )
    for count in range(0, len(every) + 1, 100):
        up = TOP + HEIGHT - count * y
        parts.append(f'<text x="{LEFT - 8}" y="{up + 4:.0f}" text-anchor="end">{count}</text>')
    end = min(seconds, len(every) / LIMIT)
    parts.append(
        f'<line x1="{LEFT}" y1="{TOP + HEIGHT}" x2="{LEFT + end * x:.0f}" '
        f'y2="{TOP + HEIGHT - end * LIMIT * y:.0f}" stroke="#bbb" stroke-dasharray="5 4"/>'
    )
    for name, starts in {**started, "all": every}.items():
        line = curve(starts, first, x, y)
        parts.append(
            f'<polyline points="{line}" fill="none" stroke="{COLOURS[name]}" stroke-width="2"/>'
        )
        over, up = LEFT + (starts[-1] - first) * x, TOP + HEIGHT - len(starts) * y
        parts.append(
            f'<text x="{over + 6:.0f}" y="{up + 4:.0f}" fill="{COLOURS[name]}">{name}</text>'
        )
    at = LEFT + (killed - first) * x
    parts.append(
        f'<line x1="{at:.0f}" x2="{at:.0f}" y1="{TOP}" y2="{TOP + HEIGHT}" stroke="#c00"/>'
    )
    parts.append(f'<text x="{at + 5:.0f}" y="{TOP + 12}" fill="#c00">a worker is killed</text>')
    return "\n".join([*parts, "</svg>", ""])


if __name__ == "__main__":
    one, two = worker(), worker()
    killed: list[float] = []

    def kill() -> None:
        time.sleep(KILL_AFTER)
        killed.append(time.time())
        os.killpg(one.pid, 9)  # the supervisor and its worker

    while len(inspection.workers(app)) < 2:  # noqa: PLR2004
        time.sleep(0.1)
    threading.Thread(target=kill, daemon=True).start()
    started = enqueue(**CALLS)
    two.terminate()
    two.wait()
    app.close()
    (HERE / "limits.svg").write_text(picture(started, killed[0]), encoding="utf-8")
