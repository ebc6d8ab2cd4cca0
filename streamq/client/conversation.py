"""What is said to the server, and what is said again: the one retry layer.

Every script may be sent twice, so a lost answer is asked for again until the deadline. Each
attempt gets half of what is left: a reply that never comes must leave time for another try.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from streamq.client.classify import Verdict, classify, error_word
from streamq.client.message import Message
from streamq.client.steps import Exchange, ExchangeFailed, Forget, Lost, Pause
from streamq.jitter import jitter

if TYPE_CHECKING:
    from streamq.client.routing import Router
    from streamq.client.steps import Conversation, Node

BACKOFF_S = 0.01  # the longest first pause; doubled each time
MAX_BACKOFF_S = 1.0
MIN_TRY_S = 1.0  # an attempt gets no less, as long as the deadline has it


class GaveUp(Exception):
    """The deadline has passed; never leaves the client."""

    def __init__(self, cause: BaseException) -> None:
        super().__init__(cause)
        self.cause = cause


class Patience:
    """How long, and how often, to try."""

    __slots__ = ("_deadline", "maybe_done", "once", "said", "timeout", "tries")

    def __init__(self, timeout: float, *, once: bool = False) -> None:
        self.timeout = timeout  # seconds, from the first look at `left`
        self.once = once
        self.tries = 0
        self.maybe_done = False  # sent, with no answer since that says it wasn't done
        self.said: BaseException | None = None  # the server's own words, the last time it had any
        self._deadline = 0.0

    @property
    def left(self) -> float:
        """Seconds until the deadline; the clock starts at the first look."""
        now = time.monotonic()
        if not self._deadline:
            self._deadline = now + self.timeout
        return self._deadline - now

    def share(self) -> float:
        """Seconds for the next attempt."""
        left = self.left
        if self.once or left <= MIN_TRY_S:
            return max(left, 0.001)
        # Rounded, so that the calls of a connection mostly share one socket time-out.
        return max(MIN_TRY_S, round(left / 2, 1))

    def pause(self, trouble: BaseException) -> float:
        """Seconds to wait after trouble; raises GaveUp if the deadline comes first."""
        self.tries += 1
        longest = min(MAX_BACKOFF_S, BACKOFF_S * 2.0 ** min(self.tries - 1, 10))
        seconds = jitter.uniform(0, longest)
        if error_word(trouble):
            self.said = trouble
        if self.once or seconds >= self.left:
            # What the server said tells more than the silence of a last, short try.
            raise GaveUp(self.said or trouble)
        return seconds


def deliver(messages: list[Message], router: Router, patience: Patience) -> Conversation[None]:
    """Send until each message has its answer: a value, or an error that asking won't change."""
    pending = messages
    while True:
        trouble: BaseException | None = None
        if not router.is_known:
            trouble = yield from _learn(router, patience)
        if router.is_known:
            for node, group in router.group(pending):
                trouble = (yield from _send(node, group, router, patience)) or trouble
        pending = [message for message in pending if not message.done]
        if not pending:
            return
        if trouble is not None:
            yield Pause(patience.pause(trouble))


def _send(
    node: Node, group: list[Message], router: Router, patience: Patience
) -> Conversation[BaseException | None]:
    """One attempt with one node; returns the trouble to pause for, if any."""
    timeout = patience.share()
    data = b"".join([each.pack(timeout) for each in group])
    count = sum([each.replies for each in group])
    try:
        replies = iter((yield Exchange(node, data, count, timeout)))
    except ExchangeFailed as failure:
        for message in group:
            message.ask = None
        return _judge_failure(failure, router, patience)
    trouble: BaseException | None = None
    again = False
    for message in group:
        answer = message.take(replies)
        if not isinstance(answer, Exception):
            message.done = True
            continue
        verdict = classify(answer)
        if verdict is Verdict.RAISE:
            message.done = True
        elif verdict is Verdict.SOURCE:
            message.use_source()
        elif verdict in (Verdict.MOVED, Verdict.ASK) and router.is_cluster:
            trouble = _redirect(message, answer, node, router, patience) or trouble
        elif verdict is Verdict.MOVED or verdict is Verdict.ASK:
            message.done = True  # a cluster's node, named as a single server
        else:
            trouble = answer
            again = again or verdict is Verdict.RECONNECT
    if again:
        yield Forget(node)
        _distrust(router)
    return trouble


def _judge_failure(failure: ExchangeFailed, router: Router, patience: Patience) -> BaseException:
    if isinstance(failure, Lost):
        patience.maybe_done = True
    if classify(failure.cause) is Verdict.RAISE:
        raise GaveUp(failure.cause)
    _distrust(router)
    return failure.cause


def _redirect(
    message: Message, answer: Any, node: Node, router: Any, patience: Patience
) -> BaseException | None:
    """Follow a cluster's hint; a chain of them is trouble, for it may be a ring."""
    host = answer.host or (node[0] if node else "")  # a node without a name is where we asked
    if classify(answer) is Verdict.ASK:
        message.ask = (host, answer.port)
    else:
        router.move(answer.slot_id, host, answer.port)
    patience.tries += 1
    return answer if patience.tries > 1 else None


def _distrust(router: Any) -> None:
    if router.is_cluster:
        router.distrust()


def _learn(router: Any, patience: Patience) -> Conversation[BaseException | None]:
    """Ask the nodes for the map of slots, until one knows."""
    trouble: BaseException | None = None
    for node in router.nodes:
        timeout = min(MIN_TRY_S, patience.share())
        question = Message((b"CLUSTER", b"SLOTS")).pack(timeout)
        try:
            (reply,) = yield Exchange(node, question, 1, timeout)
        except ExchangeFailed as failure:
            trouble = failure.cause
        else:
            if not isinstance(reply, Exception):
                router.learn(reply, node)
                if router.is_known:
                    return None
            trouble = reply if isinstance(reply, Exception) else trouble
        if trouble is not None and classify(trouble) is Verdict.RAISE:
            raise GaveUp(trouble)
    return trouble or ConnectionError("the cluster has no slots yet")
