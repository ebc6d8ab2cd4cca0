"""What each trouble with a server means: the one place that decides.

Imports redis-py, so it's imported late.
"""

from __future__ import annotations

import ssl
from enum import Enum

from redis import exceptions as redis_errors


class Verdict(Enum):
    """What to do about a failed call."""

    AGAIN = "again"  # refused, not done: ask again in a while
    RECONNECT = "reconnect"  # this connection leads nowhere, or to the wrong server
    SOURCE = "source"  # the script isn't loaded: send its source
    MOVED = "moved"  # another node has the slot
    ASK = "ask"  # another node has these keys, this once
    RAISE = "raise"  # asking again won't help


# The first word of an error reply. What isn't here is raised.
WORDS = {
    "NOSCRIPT": Verdict.SOURCE,
    "MOVED": Verdict.MOVED,
    "ASK": Verdict.ASK,
    "READONLY": Verdict.RECONNECT,  # a master that became a replica: find the new one
    "UNBLOCKED": Verdict.RECONNECT,  # a blocking pop on a master that became a replica
    "LOADING": Verdict.AGAIN,
    "BUSY": Verdict.AGAIN,  # someone's script runs too long
    "TRYAGAIN": Verdict.AGAIN,  # the slot is migrating
    "CLUSTERDOWN": Verdict.AGAIN,
    "MASTERDOWN": Verdict.AGAIN,
    "NOREPLICAS": Verdict.AGAIN,
    "NOGOODSLAVE": Verdict.AGAIN,
    "MISCONF": Verdict.AGAIN,  # the disk is full; someone may be making room
    "OOM": Verdict.AGAIN,  # memory is full; workers may be draining it
    "INPROG": Verdict.AGAIN,  # a failover
}

# redis-py cuts the word off where it has a class of its own for the error.
CLASSES: tuple[tuple[type[Exception], str], ...] = (
    (redis_errors.NoScriptError, "NOSCRIPT"),
    (redis_errors.MovedError, "MOVED"),
    (redis_errors.AskError, "ASK"),
    (redis_errors.ReadOnlyError, "READONLY"),
    (redis_errors.BusyLoadingError, "LOADING"),
    (redis_errors.TryAgainError, "TRYAGAIN"),
    (redis_errors.MasterDownError, "MASTERDOWN"),
    (redis_errors.ClusterDownError, "CLUSTERDOWN"),
    (redis_errors.OutOfMemoryError, "OOM"),
    (redis_errors.NoPermissionError, "NOPERM"),
    (redis_errors.AuthenticationError, "WRONGPASS"),
    (redis_errors.ClusterCrossSlotError, "CROSSSLOT"),
    (redis_errors.ExecAbortError, "EXECABORT"),
)


def error_word(error: BaseException) -> str:
    """The first word of an error reply, "" for trouble that the server didn't put in words."""
    if isinstance(error, redis_errors.AuthenticationError) and _lacks_login(error):
        return "NOAUTH"
    for kind, word in CLASSES:
        if isinstance(error, kind):
            return word
    if isinstance(error, redis_errors.ResponseError):
        return str(error).partition(" ")[0].partition(":")[0]
    return ""


def classify(error: BaseException) -> Verdict:
    """What to do about this error."""
    error = root(error)
    word = error_word(error)
    if word:
        return WORDS.get(word, Verdict.RAISE)
    if isinstance(error, (redis_errors.InvalidResponse, redis_errors.DataError)):
        return Verdict.RAISE  # not a Redis that answers, or not what Redis can be sent
    if is_untrusted(error):
        return Verdict.RAISE
    return Verdict.RECONNECT


def root(error: BaseException) -> BaseException:
    """The error itself, where redis-py wrapped it as a failed connection (asyncio does)."""
    cause = error.__cause__
    wrapped = type(error) is redis_errors.ConnectionError
    if wrapped and isinstance(cause, redis_errors.RedisError):
        return root(cause)
    return error


def is_untrusted(error: BaseException) -> bool:
    """Whether the server's certificate was refused: no second try makes it good."""
    chain = (error, error.__cause__, error.__context__)
    return any(isinstance(link, ssl.SSLCertVerificationError) for link in chain)


def _lacks_login(error: BaseException) -> bool:
    return "uthentication required" in str(error)
