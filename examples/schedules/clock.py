"""Schedules in the code and made at run time; workers fire them: streamq -A clock worker."""

import time
from datetime import UTC, datetime, timedelta

from streamq import StreamQ, current_job

app = StreamQ("clock")


@app.cron("*/5 8-18 * * mon-fri", tz="Europe/Oslo")
@app.task(queue="default")
def report() -> str:
    """On working days, every five minutes of the working hours in Oslo."""
    return "reported"


@app.every(timedelta(hours=1), jitter=timedelta(minutes=5), overlap="skip")
def clean_up() -> None:
    """Hourly, spread over five minutes, and never twice at once."""


@app.task
def beat(who: str) -> str:
    """The tick that a job is for, not the time at which it runs."""
    tick = current_job().scheduled_for
    assert tick is not None
    return f"{who} at {tick:%H:%M:%S}"


def main() -> None:
    spring = datetime(2026, 3, 27, 23, tzinfo=UTC)  # the last Friday in winter time
    monday = app.schedules.upcoming("clock.report", after=spring, count=1)[0]
    print(f"{monday:%A %H:%M} UTC")  # Monday 06:00 UTC

    app.schedules.create("heart", beat, every=0.2, args=("Ada",))
    while app.schedules.get("heart").fired < 3:
        time.sleep(0.1)
    print(app.schedules.pause("heart"))  # True
    print(app.schedules.trigger("heart").get(timeout=10)[:6])  # Ada at
    info = app.schedules.get("heart")
    print(info.timing, info.state)  # every 0:00:00.200000 paused
    print(len(info.runs) >= 4)  # True
    print(app.schedules.delete("heart"))  # True


if __name__ == "__main__":
    main()
