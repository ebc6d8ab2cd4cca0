"""Values, calls and exceptions to bytes and back; see `codec.core.Codec`."""

from streamq.codec.core import Codec
from streamq.codec.types import TaskTypes

__all__ = ["Codec", "TaskTypes"]
