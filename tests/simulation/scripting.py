"""Runs the scripts themselves, in a Lua 5.1 as Redis has it, over the keys in memory."""

from __future__ import annotations

import json
import struct
from collections.abc import Callable
from typing import Any

import msgpack
from lupa import lua51 as lua

from tests.simulation.commands import Status
from tests.simulation.values import Failure

Command = Callable[[list[bytes]], Any]

# What scripts are given. An error of a command is an error of the script, and may be caught.
PRELUDE = b"""
local raw, pack, unpack_raw, decode, packed, unpacked = ...
redis = {
  call = function(...)
    local reply = raw(...)
    if type(reply) == 'table' and reply.err then error(reply.err, 0) end
    return reply
  end,
  pcall = raw,
  error_reply = function(text) return { err = text } end,
  status_reply = function(text) return { ok = text } end,
}
local function checked(read)
  return function(...)
    local answer = read(...)
    if not answer.fine then error(answer.value) end
    return answer.value
  end
end
cmsgpack = { pack = pack, unpack = checked(unpack_raw) }
cjson = { decode = checked(decode) }
struct = { pack = packed, unpack = function(...) return unpack(unpacked(...)) end }
local function refused(text) return { err = 'ERR ' .. tostring(text) } end
return function(script, keys, args)
  KEYS, ARGV = keys, args
  local fine, reply = pcall(script)
  if fine then return reply end
  return type(reply) == 'table' and reply or refused(reply)
end
"""


class Interpreter:
    """One Lua for all scripts of all servers."""

    def __init__(self) -> None:
        self._command: Command  # runs a command of the script that runs now
        self._lua = lua.LuaRuntime(encoding=None, unpack_returned_tuples=False)
        prelude: Any = self._lua.compile(PRELUDE)
        self._run: Any = prelude(
            self._call, self._pack, self._unpack, self._decode, _struct_pack, self._struct_unpack
        )
        self._scripts: dict[bytes, Any] = {}

    def _load(self, source: bytes) -> Any:
        script = self._scripts.get(source)
        if script is None:
            first, _, rest = source.partition(b"\n")
            assert first.startswith(b"#!lua")
            script = self._scripts[source] = self._lua.compile(b"\n" + rest)
        return script

    def run(self, source: bytes, keys: list[bytes], args: list[bytes], command: Command) -> Any:
        """Run a script over the keys that `command` works on."""
        script, table, self._command = self._load(source), self._lua.table_from, command
        reply = _reply(self._run(script, table(keys), table(args)))
        if isinstance(reply, Failure):
            raise reply
        return reply

    # --- what the scripts call ------------------------------------------------------------------

    def _call(self, *words: Any) -> Any:
        try:
            return self._to_lua(self._command([_text(word) for word in words]))
        except Failure as error:
            return self._lua.table_from({b"err": str(error).encode()})

    def _to_lua(self, value: Any) -> Any:
        if isinstance(value, Status):
            return self._lua.table_from({b"ok": bytes(value)})
        if value is None:
            return False
        if isinstance(value, list):
            return self._lua.table_from([self._to_lua(one) for one in value])
        return value

    def _pack(self, value: Any) -> bytes:
        packed: bytes = msgpack.packb(_plain(value), use_bin_type=False)
        return packed

    def _unpack(self, packed: bytes) -> Any:
        return self._answer(lambda: msgpack.unpackb(packed, raw=True, strict_map_key=False))

    def _decode(self, text: bytes) -> Any:
        return self._answer(lambda: json.loads(text))

    def _answer(self, read: Callable[[], Any]) -> Any:
        try:
            return self._lua.table_from({b"fine": True, b"value": self._deep(read())})
        except ValueError as error:
            return self._lua.table_from({b"fine": False, b"value": str(error).encode()})

    def _deep(self, value: Any) -> Any:
        """Any value of JSON or msgpack."""
        if isinstance(value, str):
            return value.encode()
        if isinstance(value, (list, tuple)):
            return self._lua.table_from([self._deep(one) for one in value])
        if isinstance(value, dict):
            items = {self._deep(name): self._deep(one) for name, one in value.items()}
            return self._lua.table_from(items)
        return value

    def _struct_unpack(self, layout: bytes, data: bytes, at: float = 1) -> Any:
        code = _layout(layout)
        numbers = struct.unpack_from(code, data, int(at) - 1)
        return self._lua.table_from([*numbers, int(at) + struct.calcsize(code)])


def _layout(layout: bytes) -> str:
    """`>I4`, `>i8i8…` as Python's `struct` writes them."""
    return layout.decode().replace("I4", "I").replace("i8", "q")


def _struct_pack(layout: bytes, *numbers: float) -> bytes:
    return struct.pack(_layout(layout), *map(int, numbers))


def _text(word: Any) -> bytes:
    if isinstance(word, bytes):
        return word
    if isinstance(word, (int, float)) and not isinstance(word, bool):
        return b"%d" % word if word == int(word) else f"{word:.17g}".encode()
    raise Failure("ERR Lua redis lib command arguments must be strings or integers")


def _plain(value: Any) -> Any:
    if lua.lua_type(value) != "table":
        return int(value) if isinstance(value, float) and value == int(value) else value
    items = dict(value.items())
    if set(items) == set(range(1, len(items) + 1)):
        return [_plain(items[at]) for at in range(1, len(items) + 1)]
    return {name: _plain(one) for name, one in items.items()}


def _reply(value: Any) -> Any:
    """What a script returns, as a client sees it."""
    if isinstance(value, bool):
        return 1 if value else None
    if isinstance(value, float):
        return int(value)
    if lua.lua_type(value) != "table":
        return value
    if (error := value[b"err"]) is not None:
        return Failure(error.decode())
    if (status := value[b"ok"]) is not None:
        return Status(status)
    replies, at = [], 1
    while (one := value[at]) is not None:
        replies.append(_reply(one))
        at += 1
    return replies
