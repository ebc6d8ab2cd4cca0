"""All of Celery's settings by name, the old capital names among them."""

from __future__ import annotations

from functools import cache
from types import MappingProxyType
from typing import TYPE_CHECKING

from streamq.celery.setting_rows_servers import BROKERS, REDIS, STORES
from streamq.celery.setting_rows_tasks import RESULTS, TASKS
from streamq.celery.setting_rows_workers import BEAT, OBSERVING, WORKERS

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from streamq.celery.setting_row import Row

GROUPS = {
    "Tasks, content, time, routes": TASKS,
    "Results": RESULTS,
    "Brokers": BROKERS,
    "Redis": REDIS,
    "Workers": WORKERS,
    "Events, logs, security": OBSERVING,
    "Schedules": BEAT,
    "Other stores of results": STORES,
}
ROWS: Mapping[str, Row] = MappingProxyType(
    {row.name: row for rows in GROUPS.values() for row in rows}
)
# Old names that their rule doesn't give.
_OLD = {
    "CELERY_MAX_CACHED_RESULTS": "result_cache_max",
    "CELERY_TASK_RESULT_EXPIRES": "result_expires",
    "CELERY_RESULT_DBURI": "database_url",
    "CELERY_RESULT_ENGINE_OPTIONS": "database_engine_options",
    "CELERY_RESULT_DB_SHORT_LIVED_SESSIONS": "database_short_lived_sessions",
    "CELERY_RESULT_DB_TABLENAMES": "database_table_names",
    "CELERY_RESULT_DB_TABLE_NAMES": "database_table_names",
    "CELERY_MESSAGE_COMPRESSION": "task_compression",
    "CELERY_EAGER_PROPAGATES_EXCEPTIONS": "task_eager_propagates",
    "CELERY_SEND_TASK_SENT_EVENT": "task_send_sent_event",
    "CELERYD_WORKER_LOST_WAIT": "worker_lost_wait",
    "CELERY_SEND_EVENTS": "worker_send_task_events",
    "CASSANDRA_COLUMN_FAMILY": "cassandra_table",
}
# How the beginning of an old name became another; the first that gives a known name counts.
_STARTS = (
    ("CELERYBEAT_", "beat_"),
    ("CELERYD_TASK_", "task_"),
    ("CELERYD_", "worker_"),
    ("CELERYD_", "task_"),
    ("CELERY_TASK_", "task_"),
    ("CELERY_", ""),
    ("CELERY_", "task_"),
    ("CELERY_", "worker_"),
    ("CELERY_", "result_"),
    ("", ""),
)


@cache
def row_of(name: str) -> Row | None:
    """The setting of this name, new or old; None where Celery has none."""
    return ROWS.get(name) or next((ROWS[one] for one in candidates(name) if one in ROWS), None)


def candidates(name: str) -> Iterator[str]:
    """What an old name, in capitals, may be called today."""
    if not name.isupper():
        return
    if name in _OLD:
        yield _OLD[name]
    for old, new in _STARTS:
        if name.startswith(old):
            yield new + name.removeprefix(old).lower()
