"""One line per job, and what went wrong where something did."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from streamq.operations import Ack, Again, Burial, HandBack, Throttled

if TYPE_CHECKING:
    from collections.abc import Sequence

    from streamq.worker.held import Ended, Held

log = logging.getLogger("streamq.worker")


class JobLog:
    """Writes how jobs ended; formats nothing that nobody reads."""

    def ended(self, ended: list[Ended]) -> None:
        """These have ended here."""
        informed = log.isEnabledFor(logging.INFO)
        for one in ended:
            if one.is_logged:
                continue
            outcome = one.outcome
            if type(outcome) is Ack:
                if informed:
                    self._say(logging.INFO, one, "succeeded", None)
                if outcome.kind == "unsendable":
                    why = outcome.value.decode("utf-8", "replace")
                    self._say(logging.WARNING, one, f"has no result: {why}", None)
            elif type(outcome) in {Again, Throttled}:
                self._say(*_again(one), None)
            elif type(outcome) is Burial:
                self._say(logging.ERROR, one, f"is dead ({outcome.reason})", one.error)
            elif type(outcome) is HandBack and outcome.crashed:
                self._say(logging.ERROR, one, one.problem, None)
            if one.problem and type(outcome) is not HandBack:
                self._say(logging.ERROR, one, f"its backoff function failed: {one.problem}", None)
            one.error = None  # its traceback holds on to all that the task knew

    def poisoned(self, held: Held) -> None:
        """One crash too many."""
        log.error(
            "job %s (%s) is dead (poison): its process crashed %d times",
            held.job.id,
            held.job.record.task,
            held.job.crashes + 1,
            extra={"job": _facts(held)},
        )

    def cancelled(self, held: Held) -> None:
        """Somebody asked for it, and it has ended so."""
        task, job_id = held.job.record.task, held.job.id
        log.info("%s %s was cancelled", task, job_id, extra={"job": _facts(held)})

    def expired(self, queue: str, late: Sequence[str]) -> None:
        """Too old to start; the summaries of such jobs."""
        for line in late if log.isEnabledFor(logging.INFO) else ():
            job_id, _, attempt, _, _, task = line.split(" ")
            facts = {"job_id": job_id, "task": task, "queue": queue, "attempt": int(attempt)}
            log.info("%s %s expired before it could start", task, job_id, extra={"job": facts})

    def _say(self, level: int, one: Ended, what: str, error: BaseException | None) -> None:
        job = one.held.job
        task = job.record.task
        facts = {**_facts(one.held), "seconds": round(one.seconds, 6)}
        log.log(
            level,
            "%s %s %s (attempt %d, %.3f s)",
            task,
            job.id,
            what,
            job.attempt,
            one.seconds,
            exc_info=error,
            extra={"job": facts},
        )


def _facts(held: Held) -> dict[str, object]:
    """What a line of the log is about, for JSON."""
    job = held.job
    facts: dict[str, object] = {"job_id": job.id, "task": job.record.task}
    facts |= {"queue": held.lease.queue, "attempt": job.attempt}
    return {**facts, "trace_id": held.trace_id} if held.trace_id else facts


def _again(one: Ended) -> tuple[int, Ended, str]:
    outcome = one.outcome
    if isinstance(outcome, Throttled):
        in_s = outcome.retry_after_ms / 1000
        return logging.INFO, one, f"met a limit elsewhere; its key may start again in {in_s:g} s"
    assert isinstance(outcome, Again)  # noqa: S101 - the caller's business
    level = logging.WARNING if outcome.counted else logging.INFO
    return level, one, f"again in {outcome.delay_ms / 1000:g} s, after {_brief(one.error)}"


def _brief(error: BaseException | None) -> str:
    """An exception in a line."""
    if error is None:
        return "a failure"
    text = " ".join(str(error).split())[:200]
    return f"{type(error).__name__}: {text}" if text else type(error).__name__
