"""What is where, and why: functions of an application that only read, and never ask a worker.

Each is there twice, `queues(app)` for blocking code and `aqueues(app)` for async code. None
starts an embedded server: where it doesn't run, `BrokerUnavailable` says so.
"""

from streamq.asking import asynchronous, blocking
from streamq.inspection.asleep import nothing_runs, refuse_asleep
from streamq.inspection.audits import AuditReport, QueueViolation, audit_question
from streamq.inspection.ended import ended_question, tasks_question
from streamq.inspection.filters import JobFilter
from streamq.inspection.findings import Finding, Level, Remark
from streamq.inspection.groups import DeadGroup, DeadGroups, groups_question
from streamq.inspection.history import Stats, TaskStats, Took, stats_question
from streamq.inspection.jobs import job_question, reasons_question, why_question
from streamq.inspection.limits import LimiterInfo, limiters_question
from streamq.inspection.overview import QueueInfo, counts_question, queues_question
from streamq.inspection.places import PENDING, JobPage, Place, page_question, walk_question
from streamq.inspection.prometheus import metrics_question
from streamq.inspection.reason import Reason
from streamq.inspection.schedules import report_question, schedules_question
from streamq.inspection.searching import Found, fitting_question, search_question
from streamq.inspection.server import ServerReport, too_old
from streamq.inspection.vitals import Health, ahealth, health
from streamq.inspection.workers import WorkerInfo, workers_question

queues = blocking(queues_question, refuse_asleep)
counts = blocking(counts_question, refuse_asleep)
page = blocking(page_question, refuse_asleep)
walk = blocking(walk_question, refuse_asleep)
search = blocking(search_question, refuse_asleep)
fitting = blocking(fitting_question, refuse_asleep)
dead_groups = blocking(groups_question, refuse_asleep)
ended = blocking(ended_question, refuse_asleep)
job = blocking(job_question, refuse_asleep)
why = blocking(why_question, refuse_asleep)
reasons = blocking(reasons_question, refuse_asleep)
tasks = blocking(tasks_question, refuse_asleep)
limiters = blocking(limiters_question, refuse_asleep)
workers = blocking(workers_question, refuse_asleep)
audit = blocking(audit_question, refuse_asleep)
server = blocking(report_question, refuse_asleep)
schedules = blocking(schedules_question, refuse_asleep)
stats = blocking(stats_question, refuse_asleep)
metrics = blocking(metrics_question, refuse_asleep)

aqueues = asynchronous(queues_question, refuse_asleep)
acounts = asynchronous(counts_question, refuse_asleep)
apage = asynchronous(page_question, refuse_asleep)
awalk = asynchronous(walk_question, refuse_asleep)
asearch = asynchronous(search_question, refuse_asleep)
afitting = asynchronous(fitting_question, refuse_asleep)
adead_groups = asynchronous(groups_question, refuse_asleep)
aended = asynchronous(ended_question, refuse_asleep)
ajob = asynchronous(job_question, refuse_asleep)
awhy = asynchronous(why_question, refuse_asleep)
areasons = asynchronous(reasons_question, refuse_asleep)
atasks = asynchronous(tasks_question, refuse_asleep)
alimiters = asynchronous(limiters_question, refuse_asleep)
aworkers = asynchronous(workers_question, refuse_asleep)
aaudit = asynchronous(audit_question, refuse_asleep)
aserver = asynchronous(report_question, refuse_asleep)
aschedules = asynchronous(schedules_question, refuse_asleep)
astats = asynchronous(stats_question, refuse_asleep)
ametrics = asynchronous(metrics_question, refuse_asleep)

__all__ = [
    "PENDING",
    "AuditReport",
    "DeadGroup",
    "DeadGroups",
    "Finding",
    "Found",
    "Health",
    "JobFilter",
    "JobPage",
    "Level",
    "LimiterInfo",
    "Place",
    "QueueInfo",
    "QueueViolation",
    "Reason",
    "Remark",
    "ServerReport",
    "Stats",
    "TaskStats",
    "Took",
    "WorkerInfo",
    "aaudit",
    "acounts",
    "adead_groups",
    "aended",
    "afitting",
    "ahealth",
    "ajob",
    "alimiters",
    "ametrics",
    "apage",
    "aqueues",
    "areasons",
    "aschedules",
    "asearch",
    "aserver",
    "astats",
    "atasks",
    "audit",
    "awalk",
    "awhy",
    "aworkers",
    "counts",
    "dead_groups",
    "ended",
    "fitting",
    "health",
    "job",
    "limiters",
    "metrics",
    "nothing_runs",
    "page",
    "queues",
    "reasons",
    "refuse_asleep",
    "schedules",
    "search",
    "server",
    "stats",
    "tasks",
    "too_old",
    "walk",
    "why",
    "workers",
]
