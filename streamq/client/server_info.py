"""What a server says about itself."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True, slots=True)
class ServerInfo:
    """One server, as its INFO and CONFIG tell; None where we may not ask."""

    flavour: str  # "redis" or "valkey"
    version: tuple[int, ...]  # of that flavour
    run_id: str  # new with each start of the server
    aof: bool  # an append-only file is written
    appendfsync: str | None  # "always", "everysec" or "no"
    maxmemory_policy: str | None
    cluster: bool

    @property
    def title(self) -> str:
        """For people: `Valkey 9.1.2`."""
        return f"{self.flavour.capitalize()} {'.'.join(map(str, self.version))}"

    @property
    def has_waitaof(self) -> bool:
        """Whether WAITAOF is there: Redis 7.2 and any Valkey."""
        return self.flavour == "valkey" or self.version >= (7, 2)


def read_info(text: bytes) -> dict[str, str]:
    """The fields of an INFO reply."""
    lines = text.decode("utf-8", "replace").splitlines()
    pairs = (line.partition(":") for line in lines if line and not line.startswith("#"))
    return {name: value for name, _, value in pairs}


def make_server_info(info: Mapping[str, str], config: Any) -> ServerInfo:
    """Put the answers together; `config` is CONFIG GET appendfsync's, or its refusal."""
    valkey = info.get("valkey_version")
    version = valkey or info.get("redis_version", "0")
    numbers = tuple(int(part) for part in version.split(".") if part.isdecimal())
    appendfsync = config[1].decode() if isinstance(config, list) and len(config) > 1 else None
    return ServerInfo(
        flavour="valkey" if valkey else "redis",
        version=numbers,
        run_id=info.get("run_id", ""),
        aof=info.get("aof_enabled") == "1",
        appendfsync=appendfsync,
        maxmemory_policy=info.get("maxmemory_policy"),
        cluster=info.get("cluster_enabled") == "1",
    )
