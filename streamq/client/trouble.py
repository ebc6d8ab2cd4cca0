"""Turns trouble with a server into streamq's own errors: what is wrong, and what to do."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from streamq.client.classify import Verdict, classify, error_word, is_untrusted, root
from streamq.errors import (
    BrokerRefused,
    BrokerUnavailable,
    DamagedQueue,
    SchemaMismatch,
    ScriptError,
    StreamQError,
)

if TYPE_CHECKING:
    from streamq.scripts import Script

MAX_TEXT = 200  # characters of a server's own words in a message

# By the first word of the server's error.
REFUSALS = {
    "NOAUTH": "{where} wants a password, and the broker URL has none.\n"
    "Put it there: redis://:PASSWORD@HOST, or redis://USER:PASSWORD@HOST.",
    "WRONGPASS": "{where} refused the user name or password of the broker URL: {text}.",
    "NOPERM": "{where} doesn't allow this user what streamq needs: {text}.\n"
    "The documentation lists the commands, keys and channels to grant with ACL SETUSER.",
    "OOM": "{where} is out of memory and takes nothing new.\n"
    "Free some, or raise its maxmemory; workers still drain it meanwhile.",
    "MISCONF": "{where} can't save to its disk, so it refuses writes.\n"
    "Look at its log and at the room on its disk.",
    "READONLY": "{where} is a read-only replica.\n"
    "Name its master, or let the sentinels find it: redis+sentinel://HOST:26379/MASTER/0.",
    "NOREPLICAS": "{where} has too few replicas in touch, so it refuses writes "
    "(min-replicas-to-write).",
    "CROSSSLOT": "{where} is a cluster, and one call touched keys of two slots. "
    "Report this; it's a bug.",
    "MOVED": "{where} is one node of a cluster.\n"
    "Say so in the broker URL: redis+cluster://HOST:PORT.",
    "DENIED": "{where} is in protected mode: it takes only local clients, or a password.\n"
    "Set a password there (requirepass), or bind it to an address you trust.",
}

PASSING = {
    "LOADING": "{where} is still loading its data.",
    "BUSY": "{where} is busy with somebody's long script.\nEnd it with SCRIPT KILL.",
    "TRYAGAIN": "{where} is moving these keys to another node.",
    "ASK": "{where} is moving these keys to another node.",
    "CLUSTERDOWN": "{where}: the cluster is down, or nobody serves this slot.",
    "MASTERDOWN": "{where} is a replica that has lost its master.",
    "INPROG": "{where}: a failover is going on.",
}

ABSENT = """\
No server answers at {where} ({text}).
Start one there, or name another: StreamQ(…, broker="redis://…"), --broker or STREAMQ_BROKER_URL.
With no server of your own: pip install 'streamq[embedded]'."""

FULL_STREAM = """\
A script failed at {where}: {place} (the queue's stream is at the largest id there is).
Something else wrote to that stream, and it takes nothing new. What is in it is still run:
when no job waits or runs, delete the key that ends in ":stream"; it is made anew."""

PLACE = re.compile(r"lua/\S+?:\d+")


def explain(error: BaseException, where: str, script: Script | None = None) -> StreamQError:
    """The error a caller gets for this trouble; `where` is the address, safe to show."""
    if isinstance(error, StreamQError):
        return error
    error = root(error)
    word = error_word(error)
    text = _plain(error)
    if not word:
        return _unanswered(error, where, text)
    if "The user executing the script" in text:
        word = "NOPERM"
    if word in PASSING:
        return BrokerUnavailable(PASSING[word].format(where=where))
    if word in REFUSALS:
        return BrokerRefused(REFUSALS[word].format(where=where, text=text))
    return _failed_script(error, where, script) if script else _refused(text, where)


def _unanswered(error: BaseException, where: str, text: str) -> StreamQError:
    if is_untrusted(error):
        return BrokerRefused(
            f"The certificate of {where} isn't trusted: {text}.\n"
            "Name its authority: broker_options={'ssl_ca_certs': '/path/to/ca.pem'}."
        )
    if classify(error) is Verdict.RAISE:
        return BrokerRefused(f"What answers at {where} is no Redis or Valkey: {text}.")
    return BrokerUnavailable(ABSENT.format(where=where, text=text))


def _failed_script(error: BaseException, where: str, script: Script) -> StreamQError:
    message = str(error)
    if message.startswith("SCHEMA "):
        return SchemaMismatch(f"{where}: {message.partition(' ')[2]}")
    if "Error compiling script" in message or "Unexpected engine in script shebang" in message:
        return BrokerRefused(
            f"{where} is too old for streamq: it needs Redis 7.0 or Valkey 7.2, or later."
        )
    if "unknown command" in message:
        return _refused(_plain(error), where)
    # No more of the server's words than their kind and place: the rest may quote a job's data.
    found = PLACE.search(script.locate(message))
    place = found[0] if found else f"lua/{script.name}.lua"
    if "WRONGTYPE" in message:
        return DamagedQueue(
            f"A script failed at {where}: {place} (a key holds the wrong kind of value).\n"
            "Something else writes to the queue's keys: `streamq check --audit` names them."
        )
    if "exhausted the last possible ID" in message:
        return DamagedQueue(FULL_STREAM.format(where=where, place=place))
    return ScriptError(
        f"A script failed at {where}: {place} ({_kind(message)}).\n"
        "Keys changed by hand, or a bug: `streamq check --audit` looks for damage."
    )


def _kind(message: str) -> str:
    word = message.partition(" ")[0]
    return word if word.isupper() else "ERR"


def _refused(text: str, where: str) -> BrokerRefused:
    return BrokerRefused(f"{where} refused: {text}.")


def _plain(error: BaseException) -> str:
    """The error in one line, without redis-py's wrapping."""
    text = " ".join(str(error).split()) or type(error).__name__
    found = re.match(r"Error \S+ (?:connecting to|while \w+ \w+ socket) ?\S*\.? (.*)", text)
    return (found[1] if found else text)[:MAX_TEXT].rstrip(". ")
