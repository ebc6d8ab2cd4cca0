"""Celery's settings of workers, events, logs, security and beat."""

from __future__ import annotations

from streamq.celery.setting_row import always, never, unused, works

_SERVICE = "your service manager does that: systemd, a container, supervisord"
_NO_EVENTS = "there is no stream of events; `streamq inspect` reads the queue itself"
_LOGS = 'streamq sets up logs only where the program has not; `log_format = "json"` for machines'
_NO_BEAT = "any worker fires schedules: there is no beat process"
_CLAIMS = "a worker claims what it starts within 50 ms, never more: nothing to tune"

WORKERS = (
    works("imports", "modules that are imported when a worker starts"),
    works("include", "the same"),
    works("worker_concurrency", "threads for plain tasks"),
    *unused("worker_prefetch_multiplier worker_enable_prefetch_count_reduction", _CLAIMS),
    always("worker_disable_prefetch", _CLAIMS),
    *unused("worker_eta_task_limit", "delayed jobs stay in Redis, not in a worker's memory"),
    always("worker_deduplicate_successful_tasks", "an acknowledged job can't run again"),
    *unused("worker_lost_wait", "a killed worker's jobs run elsewhere at once, or after `lease`"),
    works("worker_max_tasks_per_child", "for each worker process", "max_jobs"),
    works("worker_max_memory_per_child", "KiB, as there; rounded up to MiB", "max_memory"),
    never("worker_disable_rate_limits", "limits are the queue's, not a worker's"),
    *unused("worker_state_db", "cancelled jobs are cancelled in Redis"),
    *unused("worker_timer worker_timer_precision", "Redis has the time, in ms"),
    never(
        "worker_enable_remote_control",
        "`streamq inspect` and `streamq cancel ID` act on Redis",
    ),
    *unused("worker_proc_alive_timeout", "a worker process that doesn't start is replaced"),
    never(
        "worker_cancel_long_running_tasks_on_connection_loss",
        "jobs go on, and are acknowledged when the server is back; a lost lease is noticed",
    ),
    *unused("worker_detect_quorum_queues", "it is for RabbitMQ; streamq runs on Redis and Valkey"),
    works("worker_soft_shutdown_timeout", "seconds that jobs get to end; 0 leaves 25", "grace"),
    always("worker_enable_soft_shutdown_on_idle", "a stop is graceful whatever runs"),
    *unused(
        "worker_pool worker_pool_putlocks worker_pool_restarts",
        'a worker runs all kinds: plain on threads, async on a loop, `pool="process"` in children',
    ),
    *unused("worker_autoscaler", "threads are made as needed, up to the concurrency"),
    *unused("worker_agent worker_consumer", "the worker is not made of exchangeable parts"),
    never("worker_direct", "a queue of its own: `-Q reports`"),
    *unused(
        "worker_logfile worker_pidfile worker_uid worker_gid worker_umask worker_executable",
        _SERVICE,
    ),
)

OBSERVING = (
    never("worker_send_task_events", _NO_EVENTS),
    *unused(
        "event_queue_ttl event_queue_expires event_queue_durable event_queue_exclusive "
        "event_queue_prefix event_exchange event_serializer",
        _NO_EVENTS,
    ),
    *unused(
        "events_logfile events_pidfile events_uid events_gid events_umask events_executable",
        _NO_EVENTS,
    ),
    *unused(
        "control_queue_ttl control_queue_expires control_exchange control_queue_durable "
        "control_queue_exclusive",
        "`streamq inspect` and `streamq cancel ID` act on Redis: workers need no mailbox",
    ),
    *unused("worker_hijack_root_logger worker_log_color", _LOGS),
    *unused("worker_log_format worker_task_log_format", _LOGS),
    *unused(
        "worker_redirect_stdouts worker_redirect_stdouts_level",
        "what a task prints goes to the worker's own output",
    ),
    *unused(
        "security_key security_key_password security_certificate security_cert_store "
        "security_digest",
        "payloads are not signed: use rediss:// and a Redis user of few rights; none runs code",
        missed=True,
    ),
)

BEAT = (
    *unused(
        "beat_schedule",
        "`@app.cron(…)` or `@app.every(…)` above the task says it",
        missed=True,
    ),
    *unused(
        "beat_scheduler beat_schedule_filename beat_sync_every beat_max_loop_interval "
        "beat_cron_starting_deadline",
        _NO_BEAT,
    ),
    *unused(
        "beat_logfile beat_pidfile beat_uid beat_gid beat_umask beat_executable",
        _NO_BEAT,
    ),
)
