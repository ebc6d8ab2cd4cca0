"""The codec of an application: what crosses between those who enqueue and those who run."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from streamq import content
from streamq.codec import failures, json_text, reading, rebuilding
from streamq.codec.limits import MAX_BYTES
from streamq.codec.types import Registry
from streamq.codec.writing import Writers
from streamq.errors import DecodeError, EncodeError
from streamq.secret import Secret

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator, Sequence

    from streamq.codec.types import TaskTypes
    from streamq.errors import RemoteError

_IN_CALL = 2  # levels around an argument: [[argument], {}, {}]
_NAMES = frozenset({str})  # the type of each key
_IN_VALUE = 1  # around a result: [result]


class Codec:
    """msgpack with exact round trips, for one application's registered types; or JSON.

    The first byte of a body tells which: that of a short msgpack array (0x90 to 0x9f), which no
    JSON text begins with. Exceptions are always msgpack. Safe for threads.
    """

    def __init__(self, *, max_bytes: int = MAX_BYTES) -> None:
        self.max_bytes = max_bytes  # of one call or one value, both ways
        self.task_serializer = self.result_serializer = content.MSGPACK  # what is written
        self.accepted: Collection[str] = content.KINDS  # of calls
        self.results_accepted: Collection[str] = content.KINDS
        self._registry = Registry()
        self._registry.register(Secret, Secret.reveal, Secret)
        self._writers = Writers(self._registry)

    def register_type(
        self,
        cls: type,
        encode: Callable[[Any], Any] | None = None,
        decode: Callable[[Any], Any] | None = None,
    ) -> None:
        """Let instances of `cls` (and of its subclasses, as `cls`) be sent.

        `encode` makes a value that can be sent, `decode` the instance again. An Enum, a
        dataclass and a pydantic model need neither. Raises ConfigurationError.
        """
        self._registry.register(cls, encode, decode)

    def encode_call(
        self,
        args: tuple[Any, ...],
        kwargs: dict[str, Any],
        options: dict[str, Any],
        task: TaskTypes | None = None,
        serializer: str | None = None,
    ) -> bytes:
        """A call as bytes; EncodeError names the argument that can't be sent, and its type."""
        kind = serializer or self.task_serializer
        try:
            return self._write([[*args], kwargs, options], task, _IN_CALL, kind)
        except EncodeError as error:
            named = list(_named(args, kwargs, task.names if task else ()))
            sizes = {
                where: self._size(where, value, task, kind)  # raises for what can't be sent alone
                for where, value in [*named, ("options", options)]
            }
            del sizes["options"]
            largest = max(sizes, key=sizes.__getitem__, default="none")
            raise EncodeError(f"arguments together: {error}; the largest is {largest}") from None

    def decode_call(
        self, body: bytes, task: TaskTypes | None = None
    ) -> tuple[list[Any], dict[str, Any], dict[str, Any]]:
        """Arguments, keyword arguments and options of a call; DecodeError for anything else."""
        call = self._read(body, task, _IN_CALL, self.accepted)
        if type(call) is list and len(call) == 3:  # noqa: PLR2004
            args, kwargs, options = call
            if type(args) is list and _is_named(kwargs) and _is_named(options):
                return args, kwargs, options
        raise DecodeError("not a call: [arguments, keyword arguments, options]")

    def accepts(self, body: bytes) -> bool:
        """Whether a call's bytes are of a kind that is decoded at all."""
        return content.kind_of(body) in self.accepted

    def encode_value(
        self, value: Any, task: TaskTypes | None = None, *, what: str = "result"
    ) -> bytes:
        """A result as bytes; EncodeError says `what` can't be sent, and why."""
        return self._encode(value, task, what, self.result_serializer)

    def decode_value(self, body: bytes, task: TaskTypes | None = None) -> Any:
        """What `encode_value` was given; DecodeError for anything else."""
        return self._decode(body, task, self.results_accepted)

    def encode_exception(self, error: BaseException, hidden: Sequence[str] = ()) -> bytes:
        """An exception with its chain, notes and traceback as bytes; never raises.

        `hidden`: texts that are not to stand in it.
        """
        return failures.encode(
            error, lambda value: self._encode(value, None, "argument", content.MSGPACK), hidden
        )

    def decode_exception(self, body: bytes) -> Exception:
        """The exception as itself where its class is imported here, else as RemoteError.

        Its `__cause__` is a RemoteTraceback, whose own cause is the exception's.
        """
        return rebuilding.decode(body, lambda part: self._decode(part, None, (content.MSGPACK,)))

    def describe_exception(self, body: bytes) -> RemoteError:
        """The same as RemoteError in any case: for those who only show it."""
        return rebuilding.describe(body)

    def _encode(self, value: Any, task: TaskTypes | None, what: str, kind: str) -> bytes:
        try:
            return self._write([value], task, _IN_VALUE, kind)
        except EncodeError as error:
            raise EncodeError(f"{what}: {error}") from error.__cause__

    def _decode(self, body: bytes, task: TaskTypes | None, accepted: Collection[str]) -> Any:
        value = self._read(body, task, _IN_VALUE, accepted)
        if type(value) is not list or len(value) != 1:
            raise DecodeError("not a value: [value]")
        return value[0]

    def _write(self, value: Any, task: TaskTypes | None, envelope: int, kind: str) -> bytes:
        if kind == content.JSON:
            return json_text.write(value, envelope=envelope, max_bytes=self.max_bytes)
        return self._writers.write(value, task, envelope=envelope, max_bytes=self.max_bytes)

    def _read(
        self, body: bytes, task: TaskTypes | None, envelope: int, accepted: Collection[str]
    ) -> Any:
        if content.refuse_unless_accepted(body, accepted) == content.JSON:
            return json_text.read(body, envelope=envelope, max_bytes=self.max_bytes)
        return reading.read(body, self._registry, task, envelope=envelope, max_bytes=self.max_bytes)

    def _size(self, where: str, value: Any, task: TaskTypes | None, kind: str) -> int:
        return len(self._encode(value, task, where, kind))


def _named(
    args: tuple[Any, ...], kwargs: dict[str, Any], names: tuple[str, ...]
) -> Iterator[tuple[str, Any]]:
    for at, value in enumerate(args):
        yield f"argument {names[at]!r}" if at < len(names) else f"argument {at + 1}", value
    for name, value in kwargs.items():
        yield f"argument {name!r}", value


def _is_named(value: Any) -> bool:
    return type(value) is dict and (not value or set(map(type, value)) <= _NAMES)
