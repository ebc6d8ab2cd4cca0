"""Which limits hold for a call, and under which names they are counted in its queue.

`shop.send/rate` is a task's own, `@queue/rate` one of a whole queue, `github` one that
`app.limit` declared, `shop.send/call-…` one that a call brought along.
"""

from __future__ import annotations

from dataclasses import dataclass
from hashlib import blake2b
from typing import TYPE_CHECKING

from streamq.errors import ConfigurationError
from streamq.key_template import KeyTemplate
from streamq.limits import NamedLimit

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from streamq.limits import Limit, Limits
    from streamq.options import CallOptions, TaskOptions
    from streamq.parameters import Parameter
    from streamq.queue_options import QueueOptions

QUEUE = "@queue"  # the owner of the limits of a whole queue
KINDS = ("rate_limit", "concurrency")
_WORDS = {"rate_limit": "rate", "concurrency": "concurrency"}


@dataclass(frozen=True, slots=True)
class Shared:
    """What is declared beside tasks: limits by queue and name, and queues."""

    limits: Mapping[tuple[str, str], NamedLimit]
    queues: Mapping[str, QueueOptions]

    def named(self, one: str | NamedLimit, queue: str, who: str) -> NamedLimit:
        """A shared limit of a queue; `ConfigurationError` where it isn't declared there."""
        name = one if isinstance(one, str) else one.name
        if found := self.limits.get((queue, name)):
            return found
        homes = sorted(home for home, its in self.limits if its == name)
        if isinstance(one, NamedLimit):
            if one.queue == queue:
                return one
            homes = homes or [one.queue]
        if not homes:
            raise ConfigurationError(
                f"{who}: no limit {name!r} is declared.\n"
                f"Declare it: app.limit({name!r}, '60/m', queue={queue!r})"
            )
        raise ConfigurationError(
            f"{who}: its limit {name!r} is counted in queue {homes[0]!r}, and this job would go to "
            f"{queue!r}, where it isn't declared.\n"
            f"Send it to {homes[0]!r}; or declare it: app.limit({name!r}, …, queue={queue!r});\n"
            "or say rate_limit= or concurrency= for the call ([]: none)."
        )


def own_limits(owner: str, options: TaskOptions | QueueOptions) -> dict[Limit, str]:
    """The limits that a task or a queue declares for itself, with their names."""
    found: dict[Limit, str] = {}
    for kind in KINDS:
        several: Limits = getattr(options, kind)
        own = [one for one in several if not isinstance(one, (str, NamedLimit))]
        for number, one in enumerate(own, 1):
            found[one] = own_name(owner, kind, number)
    return found


def own_name(owner: str, kind: str, number: int) -> str:
    """The name of its first, second, … limit of a kind."""
    return f"{owner}/{_WORDS[kind]}" + (f"-{number}" if number > 1 else "")


def limits_of(
    task: str, declared: TaskOptions, said: CallOptions, shared: Shared
) -> list[tuple[str, Limit]]:
    """The limits of a call by name: its own or its task's, and those of the queue it goes to.

    `declared` is the task's alone: its limits are counted in its queue. Raises
    `ConfigurationError` where one isn't declared in the queue that the job goes to.
    """
    options = declared.overridden(said)
    found = dict(_of_task(task, declared, said, options.queue, shared))
    whole = shared.queues.get(options.queue)
    if whole is not None:
        found |= {name: limit for limit, name in own_limits(QUEUE, whole).items()}
        for one in (*whole.rate_limit, *whole.concurrency):
            if isinstance(one, (str, NamedLimit)):
                named = shared.named(one, options.queue, f"queue {options.queue!r}")
                found[named.name] = named.limit
    return list(found.items())


def _of_task(
    task: str,
    declared: TaskOptions,
    said: CallOptions,
    queue: str,
    shared: Shared,
) -> Iterator[tuple[str, Limit]]:
    own = own_limits(task, declared)
    for kind in KINDS:
        by_call: Limits | None = getattr(said, kind)
        several: Limits = getattr(declared, kind) if by_call is None else by_call
        for one in several:
            if isinstance(one, (str, NamedLimit)):
                named = shared.named(one, queue, task)
                yield named.name, named.limit
            elif one in own and queue == declared.queue:
                yield own[one], one
            elif by_call is not None:
                yield f"{task}/call-{_digest(one)}", one
            else:
                raise ConfigurationError(
                    f"{task}: its {kind} {one} is counted in queue {declared.queue!r}, and this "
                    f"job would go to {queue!r}, where it isn't declared.\n"
                    f"Send it to {declared.queue!r}; or say {kind}= for the call, to be counted in "
                    f"{queue!r} apart ([]: none);\nor share one among the tasks of a queue: "
                    f"app.limit('name', …, queue={queue!r})"
                )


def check_keys(task: str, parameters: Sequence[Parameter], options: CallOptions) -> None:
    """Refuse keys that name what the task doesn't take, with what it takes: `TypeError`."""
    if options.lane is not None:
        options.lane.check(parameters, task, "lane")
    for one in (*(options.rate_limit or ()), *(options.concurrency or ())):
        limit = one.limit if isinstance(one, NamedLimit) else one
        if not isinstance(limit, str) and limit.key is not None:
            KeyTemplate(limit.key, "key").check(parameters, task, "key")


def _digest(limit: Limit) -> str:
    return blake2b(f"{limit.numbers}!{limit.key or ''}".encode(), digest_size=4).hexdigest()
