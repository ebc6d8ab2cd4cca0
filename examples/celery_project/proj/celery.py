"""The project's application."""

from streamq.celery import Celery

app = Celery("proj", include=["proj.tasks"])
app.config_from_object("celeryconfig")
