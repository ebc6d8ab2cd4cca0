"""Celery's settings of brokers, of Redis, and of the other stores of results."""

from __future__ import annotations

from typing import TYPE_CHECKING

from streamq.celery.setting_row import always, never, unused, works

if TYPE_CHECKING:
    from streamq.celery.setting_row import Row

_ONE_RETRY = "one layer repeats what is safe to repeat, within `enqueue_timeout`"
_URL = "the broker's URL says it: `broker_url`"
_AMQP = "it is for RabbitMQ; streamq runs on Redis and Valkey"
_OPTIONS = "goes to redis-py, as in `broker_options`"
_ELSEWHERE = "results are kept in the broker: leave it out"

BROKERS = (
    works("broker_url", "redis://, rediss://, unix://, redis+sentinel://, redis+cluster://"),
    *unused(
        "broker_read_url broker_write_url",
        "one server both takes and gives: `broker_url`",
        missed=True,
    ),
    *unused(
        "broker_transport broker_host broker_port broker_user broker_password broker_vhost",
        _URL,
        missed=True,
    ),
    *unused(
        "broker_failover_strategy", "redis+sentinel:// and redis+cluster:// find the next server"
    ),
    *unused("broker_heartbeat broker_heartbeat_checkrate broker_login_method", _AMQP),
    *unused("broker_native_delayed_delivery_queue_type", _AMQP),
    works("broker_use_ssl", "a dict goes to redis-py; the URL is rediss://", "broker_options"),
    *unused(
        "broker_pool_limit", 'connections are made as needed; `broker_options["max_connections"]`'
    ),
    *unused("broker_pool_acquire_timeout", "`enqueue_timeout` bounds that, too"),
    *unused(
        "broker_connection_timeout", '`broker_options["socket_connect_timeout"]`, for each try'
    ),
    always("broker_connection_retry", "a worker waits for its server, however long"),
    never("broker_connection_retry_on_startup", "`streamq worker --wait` waits at the start"),
    *unused("broker_connection_max_retries", "a worker never gives up"),
    always("broker_channel_error_retry", _ONE_RETRY),
    works(
        "broker_transport_options",
        "what redis-py knows goes there; there is no visibility_timeout, as leases are renewed",
        "broker_options",
    ),
)

REDIS = (
    *unused(
        "redis_host redis_port redis_db redis_username redis_password",
        "results are kept in the broker, whose URL says it",
    ),
    works("redis_max_connections", _OPTIONS, "broker_options"),
    works("redis_socket_connect_timeout", _OPTIONS, "broker_options"),
    works("redis_socket_keepalive", _OPTIONS, "broker_options"),
    works("redis_client_name", _OPTIONS, "broker_options"),
    works("redis_backend_use_ssl", "as `broker_use_ssl`", "broker_options"),
    works("redis_backend_health_check_interval", _OPTIONS, "broker_options"),
    works("redis_backend_credential_provider", _OPTIONS, "broker_options"),
    *unused("redis_socket_timeout", "commands have 5 s, and those that wait their time and 2 s"),
    always("redis_retry_on_timeout", _ONE_RETRY),
)

_STORES = (
    "database_create_tables_at_setup database_engine_callback database_engine_options "
    "database_short_lived_sessions database_table_names database_table_schemas database_url "
    "cache_backend cache_backend_options mongodb_backend_settings "
    "cassandra_auth_kwargs cassandra_auth_provider cassandra_bundle_path cassandra_entry_ttl "
    "cassandra_keyspace cassandra_options cassandra_port cassandra_read_consistency "
    "cassandra_secure_bundle_path cassandra_servers cassandra_table cassandra_write_consistency "
    "s3_access_key_id s3_base_path s3_bucket s3_endpoint_url s3_region s3_secret_access_key "
    "azureblockblob_base_path azureblockblob_connection_timeout azureblockblob_container_name "
    "azureblockblob_read_timeout azureblockblob_retry_increment_base "
    "azureblockblob_retry_initial_backoff_sec azureblockblob_retry_max_attempts "
    "gcs_base_path gcs_bucket gcs_project gcs_ttl "
    "elasticsearch_max_retries elasticsearch_retry_on_timeout elasticsearch_save_meta_as_text "
    "elasticsearch_timeout couchbase_backend_settings arangodb_backend_settings "
    "cosmosdbsql_collection_name cosmosdbsql_consistency_level cosmosdbsql_database_name "
    "cosmosdbsql_max_retry_attempts cosmosdbsql_max_retry_wait_time"
)
STORES: tuple[Row, ...] = unused(_STORES, _ELSEWHERE)
