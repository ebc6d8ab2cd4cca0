"""Which setting names are Celery's, so that they are refused as what they are."""

from __future__ import annotations

_NAMES = frozenset(
    {"accept_content", "broker_url", "enable_utc", "imports", "include", "timezone"}
    | {"result_backend", "result_serializer", "result_expires"}
)
# Not "result_", "broker_" alone: streamq's own settings may be misspelt.
_PREFIXES = (
    *("task_", "worker_", "beat_", "redis_", "elasticsearch_", "cassandra_", "couchbase_"),
    *("mongodb_", "database_", "dynamodb_", "s3_", "azureblockblob_", "gcs_", "filesystem_"),
    *("event_", "control_", "security_", "email_", "sandbox_", "CELERY_"),
    *("broker_connection_", "broker_pool_", "broker_transport", "broker_login_", "broker_use_"),
    *("broker_heartbeat", "broker_failover_", "broker_read_", "broker_write_", "broker_native_"),
    *("result_backend_", "result_chord_", "result_cache_", "result_accept_", "result_extended"),
    *("result_compression", "result_exchange", "result_persistent", "result_payload_"),
)


def is_celery_name(name: str) -> bool:
    """Whether a setting is one of Celery's, by its name."""
    return name in _NAMES or name.startswith(_PREFIXES)


_HERE = {
    "broker_url": "broker",
    "result_backend": "backend",
    "result_expires": "result_ttl",
    "task_default_queue": "default_queue",
    "task_always_eager": "eager",
    "task_ignore_result": "ignore_result= of @app.task",
    "task_routes": "queue= of @app.task",
    "task_max_retries": "max_attempts",
    "worker_concurrency": "concurrency",
    "broker_transport_options": "broker_options",
}


def celery_advice(name: str) -> str:
    """What to write instead of one of Celery's settings, in a sentence; may be empty."""
    return f" Here it is {_HERE[name]}." if name in _HERE else ""
