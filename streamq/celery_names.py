"""Which setting names are Celery's alone, so that they are refused as what they are."""

from __future__ import annotations

_NAMES = frozenset({"imports", "include", "override_backends", "broker_host", "broker_vhost"})
# Not "result_", "broker_" alone: streamq's own settings may be misspelt.
_PREFIXES = (
    *("task_", "worker_", "beat_", "redis_", "elasticsearch_", "cassandra_", "couchbase_"),
    *("mongodb_", "database_", "dynamodb_", "s3_", "azureblockblob_", "gcs_", "filesystem_"),
    *("event_", "events_", "control_", "security_", "email_", "sandbox_", "cache_backend"),
    *("arangodb_", "cosmosdbsql_", "CELERY_", "CELERYD_", "CELERYBEAT_", "BROKER_"),
    *("broker_connection_", "broker_pool_", "broker_transport", "broker_login_", "broker_use_"),
    *("broker_heartbeat", "broker_failover_", "broker_read_", "broker_write_", "broker_native_"),
    *("result_backend_", "result_chord_", "result_cache_"),
    *("result_compression", "result_exchange", "result_persistent", "result_payload_"),
)


def is_celery_name(name: str) -> bool:
    """Whether a setting is one of Celery's, by its name."""
    return name in _NAMES or name.startswith(_PREFIXES)
