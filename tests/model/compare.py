"""The whole queue as Redis holds it beside the whole queue as the model has it."""

from __future__ import annotations

import re
import time
from typing import Any

from streamq.operations.tally import KINDS
from tests.model.jobs import Job
from tests.model.lining import DEFAULT_BAND, HOUR_US
from tests.model.model import Model

State = dict[str, Any]

_PLACE = re.compile(r"(?:^.| )&(\d+)(?= |$)")


def differences(seen: State, model: Model) -> dict[str, tuple[Any, Any]]:
    """What -> (as it is, as it should be), for all that differs."""
    expected, found = _expected(model), _found(seen)
    assert expected.keys() == found.keys()
    return {k: (found[k], expected[k]) for k in expected if found[k] != expected[k]}


def learn_places(seen: State, model: Model) -> None:
    """Where jobs that are new in the line stand: behind all that came before, in their band."""
    newest = model.newest
    for id_, place in places(seen).items():
        job = model.jobs.get(id_)
        if job is None or not job.at.startswith("?"):
            continue
        band = 9 - job.hold.priority if job.hold else DEFAULT_BAND
        assert place[0] == f"{band}", (job, place)
        if job.at == "?":
            assert place[1:] > model.newest, (job, place, model.newest)
            newest = max(newest, place[1:])
        job.at = place
    model.newest = newest


def _expected(model: Model) -> State:
    touched = [job for job in model.jobs.values() if job.word]
    ids = {place: [job.id for job in model.in_place(place)] for place in "BSD"}
    return {
        "jobs": {job.id: job.task for job in model.jobs.values()},
        "state": {job.id: _state(job) for job in touched},
        "stream": [model.stream[order] for order in sorted(model.stream)],
        "returned": ids["B"],
        "scheduled": ids["S"],
        "stranded": sorted(f"{job.word} {job.id}" for job in model.in_place("N")),
        "dead": sorted(ids["D"]),
        "leases": sorted(model.claims),
        "claims": {
            token: f"{worker} {len(all_)} {' '.join(all_)}"
            for token, (worker, all_) in model.claims.items()
        },
        "held": {token: str(len(model.held(token))) for token in model.claims},
        "errors": sorted(model.errors),
        "progress": model.progress,
        "checkpoints": model.checkpoints,
        "trails": model.trails,
        "waiters": {id_: " ".join(channels) for id_, channels in model.waiters.items()},
        "results": model.results,
        "kept_runs": sorted(model.scarred & model.results.keys()),
        "results_expiry": sorted(model.results),
        "outbox": model.outbox,
        "inbox": {source: f"{entry}-0" for source, entry in model.inbox.items()},
        "idem": {key: " ".join(first) for key, first in model.idem.items()},
        "counts": {name: str(n) for name, n in model.counts.items() if n},
        "tally": {name: n for name, n in model.tally.items() if n},
        "workers": sorted(model.alive),
        "wake": True,
        "unique": model.unique,
        "heirs": model.heirs,
        "orders": model.orders,
        "cancelling": sorted(
            f"{job.asked} {job.id}" for job in model.jobs.values() if job.asked not in {"", "-"}
        ),
        **_in_line(model),
    }


def _in_line(model: Model) -> State:
    """The line and what its limiters have given away."""
    parked = model.in_place("P")
    out = [job for job in model.jobs.values() if job.at and job.place in "RN"]
    booked = {name: hours for name, hours in model.booked.items() if hours > 0}
    return {
        "parked": sorted(f"{job.class_name}\0{job.at} {job.id}" for job in parked),
        "timers": sorted(f"x {job.id}" for job in parked if not job.endless),
        "pumped": sorted(job.id for job in out),
        "slots": sorted(model.slots()),
        "rates": booked | {f"h{name}": hours for name, hours in model.told_off.items()},
        "limits": limits_of(model),
        "places": {job.id: job.at for job in model.jobs.values() if job.at and job.place != "D"},
    }


def limits_of(model: Model) -> list[str]:
    """What is set and paused."""
    return sorted(
        [f"={name} {text}" for name, text in model.settings.items()]
        + [f"pause {what} {name}".replace(" queue ", "") for what, name in model.paused]
        + [f"!paused {n}" for n in [sum(w != "lane" for w, _ in model.paused)] if n]
        + [f"!lanes {n}" for n in [sum(w == "lane" for w, _ in model.paused)] if n]
    )


def found_limits(texts: dict[str, str]) -> list[str]:
    """The same as it is; since when something is paused is not compared."""
    return sorted(
        field if field.startswith("pause") else f"{field} {text}" for field, text in texts.items()
    )


def _found_in_line(seen: State) -> State:
    now = time.time() * 1e6
    hours = {name: round((at - now) / HOUR_US) for name, at in seen.get("rates", {}).items()}
    return {
        **{k: sorted(seen.get(k, {})) for k in ("parked", "timers", "pumped", "slots")},
        "rates": {name: left for name, left in hours.items() if left > 0},
        "limits": found_limits(seen.get("limits", {})),
        "places": places(seen),
    }


def places(seen: State) -> dict[str, str]:
    """Each job's place in the line, where it has one."""
    texts = {id_: record.partition("\n")[0] for id_, record in seen.get("jobs", {}).items()}
    texts |= seen.get("state", {})
    found = {id_: _PLACE.search(text) for id_, text in texts.items()}
    return {id_: match[1] for id_, match in found.items() if match}


def _state(job: Job) -> str:
    asked = f" {job.asked}!" if job.asked else ""
    return f"{job.place} {job.attempt} {job.crashes} {job.word}{asked}"


def _found(seen: State) -> State:
    return {
        "jobs": {id_: text.split(" ")[1] for id_, text in seen.get("jobs", {}).items()},
        "state": {id_: _parts(text) for id_, text in seen.get("state", {}).items()},
        "stream": list(seen.get("stream", {}).values()),
        "outbox": list(seen.get("outbox", {}).values()),
        "returned": list(seen.get("returned", {})),
        "scheduled": list(seen.get("scheduled", {})),
        "results": {id_: text.split(" ")[0] for id_, text in seen.get("results", {}).items()},
        "kept_runs": sorted(i for i, t in seen.get("results", {}).items() if "\n\xc1r" in t),
        "idem": {key[5:]: text for key, text in seen.items() if key.startswith("idem:")},
        "wake": len(seen.get("wake", [])) <= 1,
        **{k: sorted(seen.get(k, {})) for k in _SETS},
        "trails": {key[7:]: _texts(t) for key, t in seen.items() if key.startswith("chunks:")},
        **{k: seen.get(k, {}) for k in _HASHES},
        "tally": _counted(seen),
        "counts": {name: text for name, text in seen.get("counts", {}).items() if text != "0"},
        **_found_in_line(seen),
    }


_HASHES = (
    *("claims", "held", "progress", "checkpoints", "waiters", "inbox", "unique", "heirs"),
    "orders",
)
_SETS = ("stranded", "dead", "leases", "errors", "results_expiry", "workers", "cancelling")


def _counted(seen: State) -> dict[str, int]:
    """Task and kind -> how often, as scripts have counted it."""
    numbers = seen.get("tally", "").encode("latin-1")
    places = {name: int(n) for name, n in seen.get("tallied", {}).items() if name[0] != "!"}
    assert not numbers[: 8 * len(KINDS)].strip(b"\0"), "a task has no place of its own"
    return {
        f"{task} {kind}": n
        for task, place in places.items()
        for at, kind in enumerate(KINDS, place * len(KINDS))
        if (n := int.from_bytes(numbers[8 * at : 8 * at + 8]))
    }


def _texts(trail: State) -> list[str]:
    return [entry["b"] for entry in trail.values()]


def _parts(text: str) -> str:
    place, attempt, crashes, _, word, *rest = text.split(" ")
    asked = " " + rest[-1].split(":", 2)[2] if text.endswith("!") else ""
    return f"{place} {attempt} {crashes} {word}{asked}"
