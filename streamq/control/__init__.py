"""What people do to jobs: functions of an application that act, in bounded steps.

Each is there twice, `cancel(app, ids)` for blocking code and `acancel(app, ids)` for async code.
Doing it again changes nothing more, and the answer says so.
"""

from streamq.asking import asynchronous, blocking
from streamq.cancellation import Cancellation
from streamq.control.cancelling import cancel_question, find_pending_question
from streamq.control.deleting import delete_ended_question
from streamq.control.graveyard import delete_question, find_dead_question, retry_question
from streamq.control.queues import Drained, drain_question, purge_question
from streamq.control.words import Answer, Told
from streamq.control.workers import quiet_question, resume_worker_question, stop_question

cancel = blocking(cancel_question)
find_pending = blocking(find_pending_question)
find_dead = blocking(find_dead_question)
dead_retry = blocking(retry_question)
dead_delete = blocking(delete_question)
delete = blocking(delete_ended_question)
quiet_worker = blocking(quiet_question)
resume_worker = blocking(resume_worker_question)
stop_worker = blocking(stop_question)
purge = blocking(purge_question)
drain = blocking(drain_question)

acancel = asynchronous(cancel_question)
afind_pending = asynchronous(find_pending_question)
afind_dead = asynchronous(find_dead_question)
adead_retry = asynchronous(retry_question)
adead_delete = asynchronous(delete_question)
adelete = asynchronous(delete_ended_question)
aquiet_worker = asynchronous(quiet_question)
aresume_worker = asynchronous(resume_worker_question)
astop_worker = asynchronous(stop_question)
apurge = asynchronous(purge_question)
adrain = asynchronous(drain_question)

__all__ = [
    "Answer",
    "Cancellation",
    "Drained",
    "Told",
    "acancel",
    "adead_delete",
    "adead_retry",
    "adelete",
    "adrain",
    "afind_dead",
    "afind_pending",
    "apurge",
    "aquiet_worker",
    "aresume_worker",
    "astop_worker",
    "cancel",
    "dead_delete",
    "dead_retry",
    "delete",
    "drain",
    "find_dead",
    "find_pending",
    "purge",
    "quiet_worker",
    "resume_worker",
    "stop_worker",
]
