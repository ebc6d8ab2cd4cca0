"""Which broker URLs there are, and how one is shown: without its password.

Only looks at the text; the client takes it apart and connects.
"""

from __future__ import annotations

import re

from streamq.errors import ConfigurationError

SCHEMES = frozenset(
    {"redis", "rediss", "valkey", "valkeys", "unix", "redis+socket", "embedded"}
    | {f"{one}+{how}" for one in ("redis", "valkey") for how in ("sentinel", "cluster")}
    | {f"{one}+{how}" for one in ("rediss", "valkeys") for how in ("sentinel", "cluster")}
)
_TAKES = (
    "streamq runs on Redis 7.0 or later, or Valkey: redis://HOST:PORT/0, rediss://… (TLS),\n"
    "unix:///path/to.sock, redis+sentinel://HOST:26379/MASTER/0, redis+cluster://HOST:PORT"
)
# What Celery's users and others bring along.
_INSTEAD = {
    "amqp": "RabbitMQ is not supported.",
    "amqps": "RabbitMQ is not supported.",
    "pyamqp": "RabbitMQ is not supported.",
    "librabbitmq": "RabbitMQ is not supported.",
    "rpc": "RabbitMQ is not supported.",
    "sqs": "Amazon SQS is not supported.",
    "kafka": "Kafka is not supported.",
    "confluentkafka": "Kafka is not supported.",
    "memory": "For tests, StreamQ(…, eager=True) runs jobs in place, without a server.",
    "sentinel": "Write redis+sentinel://HOST:26379/MASTER/0.",
    "redis-sentinel": "Write redis+sentinel://HOST:26379/MASTER/0.",
    "cluster": "Write redis+cluster://HOST:PORT.",
    "redis-cluster": "Write redis+cluster://HOST:PORT.",
    "http": "That is a web address.",
    "https": "That is a web address.",
}
_SCHEME = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*):")
# Greedy, and over lines: an unquoted "/" or "@" in a password hides too.
_USERINFO = re.compile(r"(?<=://)(.*)@", re.DOTALL)
_SECRET = re.compile(r"([?&][^=&]*(?:password|secret|token)[^=&]*=)[^&]*", re.IGNORECASE)


def check_broker_url(url: str, what: str = "broker") -> str:
    """The URL, if its scheme is one of ours; else `ConfigurationError` that says what to write."""
    found = _SCHEME.match(url)
    scheme = found[1].lower() if found else ""
    if scheme == "embedded":
        rest = url[len("embedded:") :]
        if rest and not rest.startswith("///"):
            raise ConfigurationError(
                f"{what}={redact_url(url)!r}: write embedded: for the usual data directory, "
                "or embedded:///absolute/dir"
            )
        return url
    if scheme in SCHEMES and "://" in url:
        return url
    if scheme in SCHEMES:
        raise ConfigurationError(f"{what}={redact_url(url)!r}: '//' is missing after {scheme}:")
    shown = f"{what}={redact_url(url)!r}"
    if "backend" in what:
        raise ConfigurationError(
            f"{shown} can't be used: streamq keeps results with their jobs, in the broker.\n"
            f"Leave {what} out, or give it the broker's URL."
        )
    why = _INSTEAD.get(scheme, "" if found and "://" in url else "It has no scheme.")
    raise ConfigurationError(f"{shown} can't be used. {why}".rstrip() + f"\n{_TAKES}")


def redact_url(url: str) -> str:
    """The URL with its password as ***, for logs and messages; a user's name stays."""

    def hidden(found: re.Match[str]) -> str:
        user, colon, _ = found[1].partition(":")
        return f"{user}{colon}***@" if colon else f"{user}@"

    return _SECRET.sub(r"\1***", _USERINFO.sub(hidden, url))
