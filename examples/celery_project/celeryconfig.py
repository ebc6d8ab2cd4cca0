"""The project's settings, with Celery's names."""

import os

broker_url = os.environ.get("PROJECT_BROKER", "redis://localhost")
result_backend = os.environ.get("PROJECT_BROKER", "redis://localhost")
task_serializer = "json"
result_serializer = "json"
accept_content = ["json"]
timezone = "Europe/Oslo"
enable_utc = True
worker_prefetch_multiplier = 1
task_acks_late = True
broker_connection_retry_on_startup = True
