"""Schedules: cron expressions and intervals that make jobs, fired by any worker.

`app.schedules` is a `Schedules`; `@app.cron` and `@app.every` declare what is in the code.
"""

from streamq.schedules.errors import ScheduleError, UnknownSchedule
from streamq.schedules.facade import Schedules
from streamq.schedules.schedule import Schedule, make_schedule
from streamq.schedules.timing import Cron, Every

__all__ = [
    "Cron",
    "Every",
    "Schedule",
    "ScheduleError",
    "Schedules",
    "UnknownSchedule",
    "make_schedule",
]
