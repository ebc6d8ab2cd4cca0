"""Values of Celery's settings, as the settings here take them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from streamq.celery.priorities import ours
from streamq.celery.routes import annotating, routes
from streamq.content import KINDS, MIME_TYPES, MSGPACK
from streamq.errors import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Callable

    from streamq.celery.routes import Report

_TEN_YEARS = 10 * 365 * 86400.0  # seconds
_KIB_OF_MIB = 1024
# What redis-py takes as it is; ssl_… too.
_REDIS_OPTIONS = frozenset(
    {"max_connections", "socket_connect_timeout", "socket_keepalive", "socket_keepalive_options"}
    | {"health_check_interval", "client_name", "credential_provider", "username", "password"}
)
_NOT_HERE = {
    "visibility_timeout": "there is none: leases are renewed while a worker lives (`lease`)",
    "master_name": "it is in the URL: redis+sentinel://HOST:26379/MASTER/0",
    "sentinel_kwargs": "what it says goes into broker_options",
    "global_keyprefix": "use namespace",
    "socket_timeout": "commands have 5 s, and those that wait their time and 2 s",
}


def _kind(value: Any, report: Report) -> Any:
    """A serializer; those that streamq doesn't write become msgpack."""
    if value in KINDS or value in MIME_TYPES:
        return value
    report(f"{value!r} is never written, msgpack is", "msgpack and json carry plain data, safely")
    return MSGPACK


def _kinds(value: Any, report: Report) -> Any:
    several = [value] if isinstance(value, str) else list(value)
    known = [one for one in several if one in KINDS or one in MIME_TYPES]
    if left_out := [str(one) for one in several if one not in known]:
        report(f"{', '.join(sorted(left_out))} is never read", "payloads are json or msgpack")
    if left_out and MSGPACK not in known:
        known.append(MSGPACK)  # which is written instead of what was left out
    return sorted(known) if isinstance(value, (set, frozenset)) else known


def _url(value: Any, _report: Report) -> Any:
    several = value.split(";") if isinstance(value, str) else value
    if isinstance(several, (list, tuple)):
        if len(several) != 1:
            raise ConfigurationError(
                "broker_url names several servers; to go on when one fails, name them as one:\n"
                "redis+sentinel://HOST:26379,HOST:26379/MASTER/0 or redis+cluster://HOST:PORT"
            )
        return several[0]
    return value


def _expires(value: Any, _report: Report) -> Any:
    return value or _TEN_YEARS


def _queues(value: Any, _report: Report) -> Any:
    return [getattr(one, "name", one) for one in value]


def _priority(value: Any, _report: Report) -> Any:
    return ours(value)


def _rate(value: Any, _report: Report) -> Any:
    return f"{value}/s" if isinstance(value, int) and value else value or None


def _mib(value: Any, _report: Report) -> Any:
    return -(-value // _KIB_OF_MIB) if isinstance(value, int) else value


def _grace(value: Any, _report: Report) -> Any:
    return value or None  # 0, which is Celery's default, ends jobs at once there


def _modules(value: Any, _report: Report) -> Any:
    return (value,) if isinstance(value, str) else tuple(value)


def _tls(value: Any, report: Report) -> Any:
    if isinstance(value, Mapping):
        return dict(value)
    if value:
        report("True alone says not enough", "write rediss:// in broker_url", missed=True)
    return {}


def _transport(value: Any, report: Report) -> Any:
    taken = {}
    for name, one in value.items():
        if name in _REDIS_OPTIONS or name.startswith("ssl_"):
            taken[name] = one
        else:
            report(f"{name} has no effect", _NOT_HERE.get(name, "streamq needs no such thing"))
    return taken


def _option(name: str) -> Callable[[Any, Report], Any]:
    """A single option of redis-py."""
    return lambda value, _report: {name: value}


CONVERT: dict[str, Callable[[Any, Report], Any]] = {
    "accept_content": _kinds,
    "result_accept_content": _kinds,
    "task_serializer": _kind,
    "result_serializer": _kind,
    "task_routes": routes,
    "task_annotations": annotating,
    "task_queues": _queues,
    "task_default_priority": _priority,
    "task_default_rate_limit": _rate,
    "result_expires": _expires,
    "broker_url": _url,
    "broker_use_ssl": _tls,
    "broker_transport_options": _transport,
    "redis_backend_use_ssl": _tls,
    "redis_max_connections": _option("max_connections"),
    "redis_socket_connect_timeout": _option("socket_connect_timeout"),
    "redis_socket_keepalive": _option("socket_keepalive"),
    "redis_client_name": _option("client_name"),
    "redis_backend_health_check_interval": _option("health_check_interval"),
    "redis_backend_credential_provider": _option("credential_provider"),
    "worker_max_memory_per_child": _mib,
    "worker_soft_shutdown_timeout": _grace,
    "imports": _modules,
    "include": _modules,
}
