"""What is told of a run that failed, and how old its job is."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from streamq.ids import id_time_ms
from streamq.redaction import texts_to_hide

if TYPE_CHECKING:
    from streamq.codec import Codec
    from streamq.worker.held import Held
    from streamq.worker.runner import Ready


def failure_of(ready: Ready, error: BaseException, codec: Codec) -> tuple[bytes, BaseException]:
    """A failure as it is kept, and as it is logged: without what is not to be shown."""
    hidden = texts_to_hide(ready.args, ready.kwargs, ready.options.redact)
    encoded = codec.encode_exception(error, hidden)
    return encoded, codec.describe_exception(encoded) if hidden else error


def age_of(held: Held) -> float:
    """Seconds since the job was enqueued: by the server's clock where it says so."""
    lease, where = held.lease, held.job.record.where
    now_ms = lease.now_ms + (time.monotonic() - lease.since) * 1000
    entry_ms = where.partition("-")[0]
    enqueued = int(entry_ms) if entry_ms.isdecimal() else id_time_ms(held.job.id)
    return max(0.0, (now_ms - enqueued) / 1000)
