"""Celery, in streamq: what is called, said and raised the same."""
