"""Names across the border: puts named values in the order in which a script wants them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar

from streamq.operations.call import Call
from streamq.scripts import load

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from streamq.keys import QueueKeys
    from streamq.operations.call import Value

T = TypeVar("T")


def bind(
    name: str,
    keys: QueueKeys,
    read: Callable[[Any], T],
    *,
    more_keys: Iterable[str] = (),
    items: Sequence[Value] = (),
    **values: Value,
) -> Call[T]:
    """A call of `lua/<name>.lua`: `values` by the names of its ARGV lines, then `items` flat.

    Keys are taken from `keys` by the names of the KEYS lines; `more_keys` follow them.
    """
    script = load(name)
    args = [values[arg] for arg in script.args]
    if len(values) != len(args):
        message = f"lua/{name}.lua takes {script.args}, not {tuple(values)}"
        raise TypeError(message)
    args.extend(items)
    bound = keys.of_call(name, script.keys, tuple(more_keys))
    return Call(script, bound, args, read, keys.queue)


def words(reply: list[bytes] | bytes) -> list[str]:
    """A reply of one word per item, or `OK*n` for n of them."""
    if isinstance(reply, list):
        return [word.decode() for word in reply]
    return ["OK"] * int(reply[3:])


def text(value: bytes | str) -> str:
    """A reply's text, whether or not the connection decodes."""
    return value if isinstance(value, str) else value.decode("utf-8", "replace")
