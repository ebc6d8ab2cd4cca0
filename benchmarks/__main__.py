"""`make bench`: streamq and its peers side by side. Takes about a quarter of an hour.

python -m benchmarks                      everything; into the documents, see publish.py
python -m benchmarks --peers streamq,celery --rounds 1 --scale 0.1     less; printed and kept only
"""

from __future__ import annotations

import argparse
import sys
import time

from benchmarks import alone as measures
from benchmarks.bare import bare_rate
from benchmarks.board import board_file
from benchmarks.environments import HERE, PEERS
from benchmarks.everybody import Race
from benchmarks.publish import publish
from benchmarks.report import Alone, report
from benchmarks.scripts import growth
from benchmarks.server import Server, machine

ROUNDS = 3
DEPTHS = (1_000_000, 100_000, 100_000)  # waiting, scheduled, dead


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--peers", default="streamq," + ",".join(PEERS), help="comma-separated")
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    parser.add_argument("--scale", type=float, default=1.0, help="of the usual sizes")
    parser.add_argument("--publish", action="store_true", help="also what is less than a full run")
    parser.add_argument("--skip", default="", help="of: loads, latencies, counts, alone")
    return parser.parse_args()


def is_full(asked: argparse.Namespace) -> bool:
    """Whether a run leaves nothing out."""
    everybody = {"streamq", *PEERS} == set(asked.peers.split(","))
    return everybody and asked.scale >= 1 and asked.rounds >= ROUNDS and not asked.skip


def measure_alone(server: Server, race: Race, scale: float, rounds: int) -> Alone:
    """What only streamq is asked."""
    found = Alone()
    peer = race.peers.get("streamq")
    if peer is None:
        return found
    board = race.board
    found.enqueuing = measures.enqueuing(server, peer, max(3, int(7 * scale)), int(20_000 * scale))
    print("enqueuing done", flush=True)
    found.waits = measures.longest_wait(server, board, peer, rounds)
    found.idle = measures.idle_commands(server, peer, 5)
    found.two = measures.two_workers(server, board, peer, int(120_000 * scale), rounds)
    n = int(100_000 * scale)
    found.bare = [
        (bare_rate(server, board, race.path, n, 1), bare_rate(server, board, race.path, n, 2))
        for _ in range(rounds)
    ]
    print("two workers done", flush=True)
    found.depths = tuple(int(depth * scale) for depth in DEPTHS)  # type: ignore[assignment]
    found.growth = growth(server, *found.depths)
    print("growth done", flush=True)
    found.memory = measures.memory(server, board, peer, int(1_000_000 * scale))
    return found


def main() -> int:
    asked = arguments()
    skip = asked.skip.split(",")
    began = time.monotonic()
    with board_file() as (path, board), Server() as server:
        race = Race(server, board, path, asked.peers.split(","))
        try:
            if "counts" not in skip:
                race.counts(asked.scale)
            if "loads" not in skip:
                race.loads(asked.rounds, asked.scale)
            if "latencies" not in skip:
                race.latencies(asked.rounds, max(5, int(100 * asked.scale)))
            alone = Alone()
            if "alone" not in skip:
                alone = measure_alone(server, race, asked.scale, asked.rounds)
            text = report(race.found, alone, machine(), server.version, asked.rounds)
        finally:
            race.close()
    results = HERE / ".results"
    results.mkdir(exist_ok=True)
    (results / "latest.md").write_text(text)
    if asked.publish or is_full(asked):
        publish(text)
        print("written into benchmarks/README.md and README.md")
    print(f"\n{text}\n{time.monotonic() - began:.0f} s; also in {results / 'latest.md'}")
    return 0 if "streamq" in race.found.about or "streamq" not in asked.peers else 1


if __name__ == "__main__":
    sys.exit(main())
