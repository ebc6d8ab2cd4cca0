"""The exceptions: their tree, their words, and that they survive copy and pickle."""

from __future__ import annotations

import copy
import inspect
import math
import pickle
import subprocess
import sys
from datetime import timedelta

import pytest

from streamq import errors

CLASSES = {
    name: cls
    for name, cls in vars(errors).items()
    if inspect.isclass(cls) and issubclass(cls, BaseException)
}
EXAMPLES: list[BaseException] = [
    errors.ConfigurationError("x"),
    errors.EnqueueUncertain("a"),
    errors.EnqueueUncertain(["a", "b", "c"], "no answer in 5 s"),
    errors.UnknownJob("x", job_id="a"),
    errors.IdempotencyConflict("x", job_id="a"),
    errors.WaitTimeout("a", 1.5, state="scheduled", reason="retry", last_error="ValueError: x"),
    errors.AuditFailed(["stream: x", "jobs: y"], "mail"),
    errors.RemoteError("m.E", "text", args_repr=["1"], notes=["n"], traceback="tb"),
    errors.RemoteTraceback("text"),
    errors.Retry(5, counted=False),
    errors.Retry(),
    errors.GiveUp("bad address"),
    errors.TaskCancelled("x"),
    errors.JobExists("x", job_id="a"),
    errors.QueueFull("mail", "max_jobs", 10, 10, 1),
]


@pytest.mark.parametrize("name", CLASSES)
def test_class_is_drawn_in_the_tree_and_says_when_it_is_raised(name: str) -> None:
    assert name in (errors.__doc__ or "")
    assert len(CLASSES[name].__doc__ or "") > 40
    if name != "TaskCancelled":
        assert issubclass(CLASSES[name], errors.StreamQError)


@pytest.mark.parametrize("error", EXAMPLES, ids=repr)
def test_exception_survives_copy_and_pickle(error: BaseException) -> None:
    for again in (
        copy.copy(error),
        copy.deepcopy(error),
        pickle.loads(pickle.dumps(error)),  # noqa: S301
    ):
        assert type(again) is type(error)
        assert again.args == error.args
        assert vars(again) == vars(error)
        assert str(again) == str(error)


@pytest.mark.parametrize(
    ("error", "builtin"),
    [
        (errors.WaitTimeout("a", 1), TimeoutError),
        (errors.EncodeError(), TypeError),
        (errors.DecodeError(), ValueError),
        (errors.PayloadRefused(), ValueError),
        (errors.BlockingGetRefused(), RuntimeError),
    ],
)
def test_exception_is_also_the_builtin_one(error: Exception, builtin: type[Exception]) -> None:
    assert isinstance(error, builtin)


def test_task_cancelled_is_no_exception() -> None:
    assert not issubclass(errors.TaskCancelled, Exception)


def test_messages_say_what_is_known() -> None:
    assert str(EXAMPLES[2]) == "job a and 2 more: sent, but not confirmed: no answer in 5 s"
    assert str(EXAMPLES[5]) == (
        "job a has not ended within 1.5 s: scheduled (retry); last attempt: ValueError: x"
    )
    assert str(EXAMPLES[6]) == "queue 'mail': 2 violation(s)\nstream: x\njobs: y"
    assert str(errors.Retry(timedelta(minutes=2))) == "again in 120 s"
    assert str(errors.Retry()) == "again"
    assert str(errors.RemoteError("m.E")) == "m.E"


def test_retry_keeps_seconds() -> None:
    assert errors.Retry(timedelta(minutes=2)).countdown == 120
    assert errors.Retry(0).countdown == 0
    assert errors.Retry().countdown is None


@pytest.mark.parametrize("countdown", [-1, math.nan, math.inf, timedelta(seconds=-1)])
def test_retry_in_the_past_or_never_is_refused(countdown: float | timedelta) -> None:
    with pytest.raises(ValueError, match="must be 0 or more seconds"):
        errors.Retry(countdown)


def test_nothing_here_loads_redis_or_pydantic() -> None:
    code = (
        "import sys, streamq.errors, streamq.codec, streamq.signature;"
        "heavy = {'redis', 'pydantic'};"
        "sys.exit(str(heavy & set(sys.modules) or ''))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.stderr.strip() == ""
