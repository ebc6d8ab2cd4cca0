"""What holds in a queue now: what its workers published, and what was changed at run time.

Written in the queue's own settings, so it is in force with the next claim of any worker, and
survives restarts. A change at run time wins over the code until it is reset.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Protocol

from streamq import operations
from streamq.asking import Asker, known_queues
from streamq.errors import ConfigurationError
from streamq.key_template import kept, shown
from streamq.limit_texts import (
    declared_limits,
    limit_text,
    parse_limit,
    settings_of,
    weight_name,
)
from streamq.limits import RateLimit, one_limit
from streamq.limits_published import keys_question, poke_question, stored_question
from streamq.option_checks import nearest
from streamq.queue_options import lane_key, weight
from streamq.telling import tell

if TYPE_CHECKING:
    from collections.abc import Mapping

    from streamq.asking import Question
    from streamq.keys import QueueKeys
    from streamq.limits import Concurrency, Limit
    from streamq.runtime import Runtime

CHANGED = "="  # before the name of what was changed at run time


class Application(Asker, Protocol):
    """Whose limits they are; one made by the command line may know no tasks."""

    runtime: Runtime

    @property
    def tasks(self) -> Mapping[str, Any]:
        """By name."""
        ...

    def keys(self, queue: str) -> QueueKeys:
        """The keys of a queue."""
        ...


@dataclass(frozen=True, slots=True)
class LimitInfo:
    """One limit of one queue."""

    name: str  # "shop.send/rate", "@queue/concurrency", or what app.limit named it
    queue: str
    limit: RateLimit | Concurrency  # what holds
    declared: RateLimit | Concurrency | None  # what the code says; None: nothing any more
    is_changed: bool = False  # at run time
    key: str | None = None  # of this key alone; None: of all that were not changed by themselves


def limits_question(app: Application, queue: str | None = None) -> Question[list[LimitInfo]]:
    """The limits of a queue, or of all; what only the code here declares is among them."""
    found: list[LimitInfo] = []
    for one in [queue] if queue else (yield from queues_question(app)):
        here = declared_limits(app.runtime, one)
        found += _infos(one, (yield from settings_question(app, one)), here)
    return found


def limit_question(
    app: Application, name: str, queue: str | None = None, key: str | None = None
) -> Question[LimitInfo]:
    """One limit, by its name or the task's; `ConfigurationError` with the nearest name there is."""
    found = yield from limits_question(app, queue)
    return _of_key(found, _chosen(name, found, None), key)


def set_question(
    app: Application,
    name: str,
    limit: str | int | Limit,
    queue: str | None = None,
    key: str | None = None,
) -> Question[LimitInfo]:
    """Change a limit, or one key of it, until it is reset; what holds then. Again: no change."""
    wanted = one_limit(limit, "limit")
    info = _chosen(name, (yield from limits_question(app, queue)), type(wanted))
    if type(info.limit) is not type(wanted):
        form = "'20/m'" if isinstance(info.limit, RateLimit) else "5"
        raise ConfigurationError(
            f"{info.name} of queue {info.queue!r} is {info.limit}, not {wanted}; write {form}"
        )
    if wanted.key is not None:
        raise ConfigurationError(
            f"{name}: what it is counted by is said in the code; leave key= out"
        )
    stored = yield from _stored(app, info, key)
    changed = yield from _write(app.keys(info.queue), stored, limit_text(wanted))
    tell("set limit", changed, limit=info.name, queue=info.queue, key=key, to=str(wanted))
    limit = _keyed(wanted, info.declared) or wanted
    return replace(info, limit=limit, is_changed=True, key=key)


def reset_question(
    app: Application, name: str, queue: str | None = None, key: str | None = None
) -> Question[LimitInfo]:
    """Let the code's word count again, or for a key what holds for all; what holds then."""
    info = _chosen(name, (yield from limits_question(app, queue)), None)
    stored = yield from _stored(app, info, key)
    changed = yield from _write(app.keys(info.queue), stored, "")
    tell("reset limit", changed, limit=info.name, queue=info.queue, key=key)
    if key is not None:
        return replace(info, key=key)
    return replace(info, limit=info.declared or info.limit, is_changed=False)


def _stored(app: Application, info: LimitInfo, key: str | None) -> Question[str]:
    """The name under which a limit stands, or one key of it."""
    if key is None:
        return info.name
    if here := declared_limits(app.runtime, info.queue).get(info.name):
        known = {info.name: here.key}
    else:  # as its workers say
        known = yield from keys_question(app.keys(info.queue))
    if info.name in known and known[info.name] is None:
        raise ConfigurationError(
            f"{info.name} of queue {info.queue!r} is one limit for all; it has no key {key!r}.\n"
            "Leave the key out to change it for all; the code gives it one: "
            "RateLimit(…, key=…), Concurrency(…, key=…)"
        )
    if not key or not key.isprintable() or "{" in key:
        raise ConfigurationError(
            f"key={key!r}: give one key as `streamq inspect limits` shows it, as in 'user:7'"
        )
    return keyed_name(info.name, key)


def keyed_name(name: str, key: str) -> str:
    """Under which one key of a limit stands."""
    return f"{name}!{kept(key)}"


def _of_key(found: list[LimitInfo], info: LimitInfo, key: str | None) -> LimitInfo:
    if key is None:
        return info
    own = [one for one in found if one.key == key and one.name == info.name]
    return own[0] if own else replace(info, key=key)


def weigh_question(app: Application, lane: str, share: float | None, queue: str) -> Question[None]:
    """Give a lane a share beside others of 1, until reset (None)."""
    text = "" if share is None else f"{weight(share, lane):g}"
    names = {weight_name(lane_key(lane)): text}
    (changed,) = yield [operations.set_limits(app.keys(queue), values=names)]
    tell("weigh lane", int(bool(changed)), lane=lane, queue=queue, to=text or "reset")


def settings_question(app: Application, queue: str) -> Question[dict[str, str]]:
    """All settings of a queue, by the names under which scripts find them."""
    return settings_of(app.runtime, queue) | (yield from stored_question(app.keys(queue)))


def queues_question(app: Application) -> Question[list[str]]:
    """Every queue that was ever used, and those that the application declares or its tasks name."""
    known = yield from known_queues(app)
    declared = [home for home, _ in app.runtime.named_limits]
    own = [task.task_options.queue for task in app.tasks.values()]
    return sorted({*known, *declared, *own, *app.runtime.queue_options})


def _write(keys: QueueKeys, name: str, text: str) -> Question[int]:
    """Change a setting until it is reset (an empty text); whether that is new, 0 or 1."""
    (changed,) = yield [operations.set_limits(keys, values={name: text})]
    if changed:
        yield from poke_question(keys, [name])
    return int(bool(changed))


def _infos(queue: str, settings: Mapping[str, str], here: Mapping[str, Limit]) -> list[LimitInfo]:
    names = {name.removeprefix(CHANGED) for name in settings}
    found = []
    for name in sorted(names):
        text, own = settings.get(name, ""), here.get(name)
        # What the code here says knows its key and its unit, where workers say the same.
        declared = own if own and limit_text(own) == text else parse_limit(text)
        changed = parse_limit(settings.get(CHANGED + name, ""))
        limit = _keyed(changed, declared) or declared
        if limit is not None:
            found.append(LimitInfo(name, queue, limit, declared, changed is not None))
    return [_told(one, found) for one in found]


def _told(info: LimitInfo, found: list[LimitInfo]) -> LimitInfo:
    """One that was changed for a key alone is its limit's, and says the key."""
    name, mark, key = info.name.partition("!")
    if not mark:
        return info
    [declared] = [one.declared for one in found if one.name == name][:1] or [None]
    limit = _keyed(info.limit, declared) or info.limit
    return LimitInfo(name, info.queue, limit, declared, is_changed=True, key=shown(key))


def _keyed(changed: Limit | None, declared: Limit | None) -> Limit | None:
    return replace(changed, key=declared.key) if changed and declared else changed


def _chosen(name: str, found: list[LimitInfo], kind: type[Limit] | None) -> LimitInfo:
    """The one that is meant by its name, or by its task's where there is no other."""
    found = [one for one in found if one.key is None]
    exact = [one for one in found if one.name == name]
    meant = exact or [one for one in found if one.name.partition("/")[0] == name]
    if len(meant) > 1 and kind is not None:
        meant = [one for one in meant if isinstance(one.limit, kind)] or meant
    if len(meant) == 1:
        return meant[0]
    if not meant:
        names = {part for one in found for part in (one.name, one.name.partition("/")[0])}
        hint = nearest(name, names) if names else "; no worker published any, and none is declared"
        raise ConfigurationError(f"no limit {name!r} here{hint}")
    which = ", ".join(f"{one.name} of queue {one.queue!r}" for one in meant[:5])
    raise ConfigurationError(f"{name!r} is several limits: {which}. Name one, and its queue.")
