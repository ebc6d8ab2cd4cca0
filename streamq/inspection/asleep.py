"""Reading never starts an embedded server: where it sleeps, that is the answer."""

from __future__ import annotations

from typing import TYPE_CHECKING

from streamq import embedded
from streamq.embedded_default import embedded_directory, is_embedded
from streamq.errors import BrokerUnavailable

if TYPE_CHECKING:
    from streamq.app import StreamQ


def refuse_asleep(app: StreamQ) -> embedded.EmbeddedStatus | None:
    """`BrokerUnavailable` where the broker is an embedded server that doesn't run.

    Returns how things stand with it; None where the broker is another one.
    """
    if not is_embedded(app.conf):
        return None
    status = embedded.status(embedded_directory(app.conf))
    if status is None or not status.running:
        raise BrokerUnavailable(nothing_runs(status))
    return status


def nothing_runs(status: embedded.EmbeddedStatus | None) -> str:
    """What to say where there is no server to read from."""
    if status is None:
        return (
            "Nothing is running here: the embedded server has never been used.\n"
            "The first enqueued job or worker starts it; another server is named with --broker."
        )
    return (
        f"Nothing is running here: the embedded server in {status.data_dir} is {status.phase}.\n"
        "The next enqueued job or worker starts it, with all its data; --broker names another."
    )
