"""What all errors share; they are drawn and found in `streamq.errors`."""

from __future__ import annotations

from typing import Any


class StreamQError(Exception):
    """The base of all: catch it to catch whatever streamq itself raises."""

    def __reduce__(self) -> tuple[Any, ...]:
        """Copy and pickle by fields: constructors here take facts, not `args`."""
        return _rebuild, (type(self), self.args, self.__dict__.copy())


def _rebuild(
    cls: type[BaseException], args: tuple[Any, ...], fields: dict[str, Any]
) -> BaseException:
    """Make an exception as it was, without its constructor."""
    error = cls.__new__(cls)
    error.args = args
    error.__dict__.update(fields)
    return error
