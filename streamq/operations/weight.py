"""How much work jobs are for the server: a call carries so much of it, not only so many jobs.

While a script runs the server does nothing else, and a job that uses much (a key, limits, what
follows from it) takes it several times as long as a plain one, which is the unit here. So much in a
call leaves room below 5 ms for the garbage that the server has each fiftieth call collect.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from streamq.operations.enqueue import NewJob

CALL = 200  # what one call carries
HEAVY = 12  # a job with anything that scripts read of it, or with earlier runs
FOLLOW_UP = 6  # a job that follows from one


def of_new(job: NewJob) -> int:
    """What it is to accept this one."""
    return 1 if job.opts == "-" and not job.unique and job.idempotency is None else HEAVY
