"""What is told of a run that failed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from streamq.redaction import texts_to_hide

if TYPE_CHECKING:
    from streamq.codec import Codec
    from streamq.worker.ready import Ready


def failure_of(ready: Ready, error: BaseException, codec: Codec) -> tuple[bytes, BaseException]:
    """A failure as it is kept, and as it is logged: without what is not to be shown."""
    hidden = texts_to_hide(ready.args, ready.kwargs, ready.options.redact)
    encoded = codec.encode_exception(error, hidden)
    return encoded, codec.describe_exception(encoded) if hidden else error
