"""What streamq.celery will have in later versions: refused by name until then."""

from __future__ import annotations

from streamq.errors import ConfigurationError


def refuse_workflow(name: str) -> ConfigurationError:
    """Chains, groups and chords are for a later version."""
    return ConfigurationError(
        f"streamq.celery has no {name} yet. link= runs one task after another with its result:\n"
        "add.apply_async((2, 2), link=mul.s(4)); app.gather(…) waits for many."
    )
