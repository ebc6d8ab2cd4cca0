"""The project's tasks."""

import os

from proj.celery import app
from streamq.celery import shared_task
from streamq.celery.utils.log import get_task_logger

logger = get_task_logger(__name__)


@app.task
def add(x, y):
    return x + y


@shared_task
def divide(x, y):
    return x / y


@app.task(bind=True, max_retries=3, default_retry_delay=0)
def flaky(self, failures):
    if self.request.retries < failures:
        raise self.retry(exc=ConnectionError(f"attempt {self.request.retries + 1}"))
    return f"well after {self.request.retries} retries"


@app.task(autoretry_for=(OSError,), retry_kwargs={"max_retries": 1, "countdown": 0})
def fetch(name):
    raise FileNotFoundError(f"no file {name}")


@app.task
def note(*words):
    logger.info("noting %s", words)
    with open(os.environ["PROJECT_NOTES"], "a") as notes:
        print(*words, file=notes)


@app.task
def failed(request, exc, traceback):
    note("failed:", request.task, type(exc).__name__, exc)
