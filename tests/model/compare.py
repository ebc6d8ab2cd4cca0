"""The whole queue as Redis holds it beside the whole queue as the model has it."""

from __future__ import annotations

from typing import Any

from tests.model.jobs import Job
from tests.model.model import Model

State = dict[str, Any]


def differences(seen: State, model: Model) -> dict[str, tuple[Any, Any]]:
    """What -> (as it is, as it should be), for all that differs."""
    expected, found = _expected(model), _found(seen)
    assert expected.keys() == found.keys()
    return {k: (found[k], expected[k]) for k in expected if found[k] != expected[k]}


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
        "results_expiry": sorted(model.results),
        "outbox": model.outbox,
        "inbox": {source: f"{entry}-0" for source, entry in model.inbox.items()},
        "idem": {key: " ".join(first) for key, first in model.idem.items()},
        "counts": {name: str(n) for name, n in model.counts.items() if n},
        "workers": sorted(model.alive),
        "wake": True,
        "unique": model.unique,
        "heirs": model.heirs,
        "cancelling": sorted(
            f"{job.asked} {job.id}" for job in model.jobs.values() if job.asked not in {"", "-"}
        ),
    }


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
        "idem": {key[5:]: text for key, text in seen.items() if key.startswith("idem:")},
        "wake": len(seen.get("wake", [])) <= 1,
        **{k: sorted(seen.get(k, {})) for k in _SETS},
        "trails": {key[7:]: _texts(t) for key, t in seen.items() if key.startswith("chunks:")},
        **{k: seen.get(k, {}) for k in _HASHES},
        "counts": {name: text for name, text in seen.get("counts", {}).items() if text != "0"},
    }


_HASHES = ("claims", "held", "progress", "checkpoints", "waiters", "inbox", "unique", "heirs")
_SETS = ("stranded", "dead", "leases", "errors", "results_expiry", "workers", "cancelling")


def _texts(trail: State) -> list[str]:
    return [entry["b"] for entry in trail.values()]


def _parts(text: str) -> str:
    place, attempt, crashes, _, word, *rest = text.split(" ")
    asked = " " + rest[-1].split(":", 2)[2] if text.endswith("!") else ""
    return f"{place} {attempt} {crashes} {word}{asked}"
