"""streaQ's worker without its command line, which would log at INFO."""

from __future__ import annotations

from benchmarks.peers.streaq import pool

if __name__ == "__main__":
    pool.run_sync()
