"""For programs written for Celery: what means there what it means in Celery."""
