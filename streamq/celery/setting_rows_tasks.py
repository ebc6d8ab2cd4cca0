"""Celery's settings of tasks, content, time, routing and results."""

from __future__ import annotations

from streamq.celery.setting_row import always, never, unused, works

_CONTENT = "json and msgpack, by name or MIME type; pickle and yaml are left out, and said so"
_WRITTEN = (
    "json or msgpack, which is the default; for pickle and yaml msgpack is written, and said so"
)
_NO_EXCHANGE = "there are no exchanges: a job goes to the queue that it names"
_WORKFLOWS = "there is no chord that could poll or time out"

TASKS = (
    works("accept_content", _CONTENT),
    works("result_accept_content", _CONTENT),
    works("enable_utc", "without `timezone`: naive times are UTC, else this machine's"),
    works("timezone", "naive times are meant in it, and it is what the command line prints"),
    works("task_annotations", "options, attributes, methods; a name's own win over those of `*`"),
    *unused("task_compression", "payloads are small (1 MiB) and go as they are"),
    *unused("task_protocol", "workers and callers speak streamq's own protocol"),
    works("task_serializer", _WRITTEN),
    always("task_publish_retry", "a call is repeated until `enqueue_timeout`, and runs once"),
    *unused("task_publish_retry_policy", "`enqueue_timeout` (seconds) bounds all tries together"),
    works("task_always_eager", "jobs run in place, through the same encoding"),
    works("task_eager_propagates", "in eager mode `delay` raises what the task raises"),
    works("task_store_eager_result", "in eager mode results are kept, and found by their ids"),
    always("task_remote_tracebacks", "the worker's traceback is the exception's `__cause__`"),
    works("task_ignore_result", "no results of tasks that don't say `ignore_result=False`"),
    always(
        "task_store_errors_even_if_ignored",
        "a dead job keeps its error for 30 days, whatever becomes of results",
    ),
    always("task_track_started", "a running job says so, and since when"),
    works("task_time_limit", "seconds; the job is ended from outside"),
    works("task_soft_time_limit", "seconds; `SoftTimeLimitExceeded` is raised inside the task"),
    never("task_allow_error_cb_on_chord_header", "give `link_error` to each task"),
    always(
        "task_acks_late",
        "a job is acknowledged when it has ended; `max_crashes=0` is for what must not run twice",
    ),
    always("task_acks_on_failure_or_timeout", "a failed job is dead, and kept to look at"),
    always("task_acks_on_failure", "a failed job is dead, and kept to look at"),
    always("task_acks_on_timeout", "so is one that ran out of time"),
    always(
        "task_reject_on_worker_lost",
        "a killed run is run again, at most `max_crashes` times; then the job is dead",
    ),
    works("task_default_rate_limit", "for all workers together, not for each"),
    works("task_queues", "names, or objects that have one; served beside those that routes name"),
    works("task_routes", "dicts, globs, patterns, functions, lists of them; any option"),
    *unused(
        "task_queue_max_priority",
        "every queue has priorities: 0, 1-2, 3-5, 6-8, 9",
    ),
    works(
        "task_default_priority",
        "0 is the highest and the usual one, 9 the lowest",
    ),
    never("task_inherit_parent_priority", "say `priority=` at the call"),
    works("task_create_missing_queues", "False refuses calls to queues that nobody named"),
    works("task_default_queue", "`celery` unless said"),
    *unused(
        "task_create_missing_queue_type task_create_missing_queue_exchange_type "
        "task_default_queue_type",
        "there is one type of queue",
    ),
    *unused(
        "task_default_exchange task_default_exchange_type task_default_routing_key", _NO_EXCHANGE
    ),
    *unused("task_default_delivery_mode", '`durability="fsync"` or `"replica:1"` says it'),
    never("task_send_sent_event", "nothing is sent beside jobs; `streamq inspect` looks"),
    *unused("task_args_repr_function", "`streamq inspect job ID` shows arguments as Python does"),
)

RESULTS = (
    works("result_backend", "the broker's URL, or none: results are kept with their jobs"),
    works("result_serializer", _WRITTEN),
    works("result_expires", "seconds or `timedelta`; None or 0 is ten years"),
    works("result_extended", "arguments are kept with results; times and failed attempts always"),
    always("result_backend_always_retry", "all that is asked of the server is asked again"),
    always("result_backend_thread_safe", "one application serves any number of threads"),
    *unused(
        "result_backend_max_retries result_backend_max_sleep_between_retries_ms "
        "result_backend_base_sleep_between_retries_ms",
        "tries are bounded by time: `get(timeout=…)`",
    ),
    *unused(
        "result_backend_transport_options",
        "results are kept in the broker: `broker_options`; a sentinel's master is in its URL",
    ),
    *unused("result_compression", "results are small (1 MiB) and go as they are"),
    *unused("result_cache_max", "a result is kept by the `AsyncResult` that got it, no longer"),
    *unused("result_chord_join_timeout result_chord_retry_interval", _WORKFLOWS),
    *unused("override_backends", "results are kept in the broker"),
    *unused("result_exchange result_exchange_type", _NO_EXCHANGE),
    *unused("result_persistent", "results are as durable as the server: see `streamq check`"),
)
