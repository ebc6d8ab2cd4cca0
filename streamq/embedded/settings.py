"""How the embedded server is configured: by its command line alone, no file."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from streamq.embedded.orders import Orders

# Read by Redis 7.0 and later and by every Valkey.
_SETTINGS = {
    # Reached by the socket alone.
    "port": "0",
    "tls-port": "0",
    "unixsocketperm": "700",
    # An answer means that it is on the disk.
    "appendonly": "yes",
    "appendfsync": "always",
    "no-appendfsync-on-rewrite": "no",
    "aof-load-truncated": "yes",  # a write that a kill cut short was never confirmed
    "aof-use-rdb-preamble": "yes",
    "auto-aof-rewrite-percentage": "100",
    "auto-aof-rewrite-min-size": "16mb",
    "save": "",  # no snapshots besides
    "dir": ".",  # its current folder: no path to quote
    # Jobs are never evicted.
    "maxmemory": "0",
    "maxmemory-policy": "noeviction",
    # It stays the keeper's child and speaks to it.
    "daemonize": "no",
    "supervised": "no",
    "pidfile": "",
    "logfile": "",
    "loglevel": "notice",
    "always-show-logo": "no",
    "set-proc-title": "yes",
    # Small: one user, one machine.
    "io-threads": "1",
    "maxclients": "2000",
    "timeout": "0",
    "latency-tracking": "no",
}


def server_command(orders: Orders) -> list[str]:
    """The server's command line."""
    command = [orders.server]
    for name, value in {**_SETTINGS, "unixsocket": orders.socket}.items():
        command += [f"--{name}", value]
    return command
