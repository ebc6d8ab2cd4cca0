"""Exceptions to bytes: never by pickle, and never raising, whatever a task raised.

A body is [record, traceback text]; `rebuilding` reads it. A record is what one exception
says of itself, and its chain:

    [type, message, arguments, state, notes, link, next record or nil]

type is "module:qualname", link "cause" or "context". An argument or a value of the state is
bytes (an encoded value), text (its repr, where it can't be sent), a record (an exception),
or ["list" or "tuple", record, …] (exceptions in a group).
"""

from __future__ import annotations

import traceback
from reprlib import Repr
from typing import TYPE_CHECKING, Any

import msgpack

from streamq.codec.hiding import without
from streamq.errors import EncodeError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from types import TracebackType

TEXT = 16_384  # bytes of a message, an argument, a note
TRACEBACK = 65_536  # bytes of the traceback's text
ALL = 262_144  # bytes of everything; over it the message and the traceback must do
CHAIN = 5  # exceptions followed by cause and context, and groups inside groups
ITEMS = 32  # arguments, notes, names of the state, members of a group
RECORDS = 64  # exceptions in one body
FORMATTED = 1000  # exceptions in the traceback's text, before it is cut


class _BoundedRepr(Repr):
    """A repr of bounded length, also of exceptions that hold exceptions."""

    def __init__(self) -> None:
        super().__init__()
        self.maxlevel = 4
        self.maxtuple = self.maxlist = self.maxdict = self.maxset = 20
        self.maxstring = self.maxother = self.maxlong = 4096

    def repr_instance(self, x: object, level: int) -> str:
        if not isinstance(x, BaseException):
            return super().repr_instance(x, level)
        inner = self.repr1(x.args, level - 1) if level > 0 else "(...)"
        return f"{type(x).__name__}{inner}"


def encode(
    error: BaseException, encode_value: Callable[[Any], bytes], hidden: Sequence[str] = ()
) -> bytes:
    """The body for this exception; `encode_value` raises EncodeError for what can't be sent.

    `hidden`: texts that are not to stand in it, nor in an argument.
    """
    text = cut(_guarded(lambda: _traceback_text(error), "no traceback"), TRACEBACK)
    plain = _plain_record(error)
    record = _guarded(lambda: _Recorder(encode_value).record(error, CHAIN), plain)
    if hidden:
        record, text, plain = without(record, hidden), without(text, hidden), without(plain, hidden)
    body: bytes = msgpack.packb([record, text])
    return body if len(body) <= ALL else msgpack.packb([plain, text])


def _guarded(make: Callable[[], Any], instead: Any) -> Any:
    """What `make` returns, or `instead` if it raises.

    It runs what a user wrote (`__str__`, `__repr__`, properties), which may raise
    anything: not even KeyboardInterrupt from there may end a worker.
    """
    try:
        return make()
    except BaseException:  # noqa: BLE001  # see above
        return instead


def cut(text: str, size: int) -> str:
    """At most about `size` bytes of text that UTF-8 can carry; the middle goes."""
    data = str(text).encode("utf-8", "backslashreplace")
    if len(data) > size:
        half = size // 2
        gap = f"\n… {len(data) - 2 * half} bytes left out …\n".encode()
        data = data[:half] + gap + data[-half:]
    return data.decode("utf-8", "ignore")


def _traceback_text(error: BaseException) -> str:
    trace = _users_part(error)
    if _is_small(error):
        return "".join(traceback.format_exception(type(error), error, trace))
    head = "Traceback (most recent call last), without its many related exceptions:\n"
    return f"{head}{''.join(traceback.format_tb(trace))}{type(error).__name__}: {_message(error)}\n"


def _is_small(error: BaseException) -> bool:
    """Whether formatting it is quick: a group that holds groups of groups can take for ever.

    A cause that is there twice is written once, a member of a group twice.
    """
    waiting: list[BaseException] = [error]
    chained: set[int] = set()
    count = 0
    while waiting and count <= FORMATTED:
        current = waiting.pop()
        count += 1
        for linked in (current.__cause__, current.__context__):
            if linked is not None and id(linked) not in chained:
                chained.add(id(linked))
                waiting.append(linked)
        if isinstance(current, BaseExceptionGroup):
            waiting += current.exceptions[: FORMATTED + 1]
    return count <= FORMATTED


def _users_part(error: BaseException) -> TracebackType | None:
    """The traceback from the task's own first frame on: nobody needs the worker's."""
    frame = error.__traceback__
    while frame is not None and _is_ours(frame):
        frame = frame.tb_next
    return frame or error.__traceback__


def _is_ours(frame: TracebackType) -> bool:
    return str(frame.tb_frame.f_globals.get("__name__", "")).startswith("streamq.")


def _type_name(error: BaseException) -> str:
    cls = type(error)
    return cut(f"{cls.__module__}:{cls.__qualname__}", 512)


def _message(error: BaseException) -> str:
    return cut(_guarded(lambda: str(error), "<its __str__ failed>"), TEXT)


def _plain_record(error: BaseException) -> list[Any]:
    message = _message(error)
    return [_guarded(lambda: _type_name(error), "?:?"), message, [message], {}, [], "", None]


class _Recorder:
    """Makes the records of one body; counts them, as groups may hold very many."""

    def __init__(self, encode_value: Callable[[Any], bytes]) -> None:
        self._encode_value = encode_value
        self._left = RECORDS
        self._seen: set[int] = set()  # ids, for chains that bite their own tail

    def record(self, error: BaseException, depth: int) -> list[Any]:
        self._left -= 1
        self._seen.add(id(error))
        link, following = _next_in_chain(error)
        follow = following is not None and depth > 1 and self._is_new(following)
        return [
            _type_name(error),
            _message(error),
            [self._item(value, depth) for value in _arguments(error)[:ITEMS]],
            {name: self._item(value, depth) for name, value in _state(error)[:ITEMS]},
            _notes(error)[:ITEMS],
            link,
            self.record(following, depth - 1) if follow and following is not None else None,
        ]

    def _is_new(self, error: BaseException) -> bool:
        return self._left > 0 and id(error) not in self._seen

    def _item(self, value: Any, depth: int) -> bytes | str | list[Any]:
        if isinstance(value, BaseException) and depth > 1 and self._is_new(value):
            return self.record(value, depth - 1)
        if type(value) in (list, tuple) and value and depth > 1:
            new = [e for e in value[:ITEMS] if isinstance(e, BaseException) and self._is_new(e)]
            if len(new) == len(value):
                head = "list" if type(value) is list else "tuple"
                return [head, *(self.record(e, depth - 1) for e in new if self._is_new(e))]
        try:
            body = self._encode_value(value)
            if len(body) <= TEXT:
                return body
        except EncodeError:
            pass
        return cut(_guarded(lambda: _BoundedRepr().repr(value), f"<{type(value).__name__}>"), TEXT)


def _next_in_chain(error: BaseException) -> tuple[str, BaseException | None]:
    if error.__cause__ is not None:
        return "cause", error.__cause__
    if error.__context__ is not None and not error.__suppress_context__:
        return "context", error.__context__
    return "", None


def _arguments(error: BaseException) -> tuple[Any, ...]:
    if isinstance(error, OSError):
        reduced = OSError.__reduce__(error)  # its args lack the file names
        return tuple(reduced[1])
    return error.args


def _state(error: BaseException) -> list[tuple[str, Any]]:
    state = {k: v for k, v in vars(error).items() if type(k) is str and not k.startswith("__")}
    if isinstance(error, (ImportError, NameError, AttributeError)):  # kept in C, not in vars()
        for name in ("name", "path"):
            if isinstance(getattr(error, name, None), str):
                state[name] = getattr(error, name)
    return [(cut(name, 512), value) for name, value in state.items()]


def _notes(error: BaseException) -> list[str]:
    notes = getattr(error, "__notes__", None)
    return [cut(note, TEXT) for note in notes if isinstance(note, str)] if notes else []
