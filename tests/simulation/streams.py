"""The commands of streams that the scripts use."""

from __future__ import annotations

from typing import Any

from tests.simulation.commands import OK, Keyspace, Status
from tests.simulation.values import (
    Entry,
    Failure,
    Group,
    Pending,
    Stream,
    high_id,
    id_text,
    low_id,
    read_id,
)


class Streams(Keyspace):
    """Streams with groups."""

    def xlen(self, key: bytes) -> int:
        return len(self.get(key, Stream) or ())

    def xadd(self, key: bytes, *words: bytes) -> bytes:
        most, rest = None, list(words)
        if rest[0] == b"MAXLEN":
            exact = 1 if rest[1] != b"~" else 2
            most = int(rest[exact]) if exact == 1 else None  # "about": it may keep them
            rest = rest[exact + 1 :]
        stream = self.make(key, Stream)
        entry = self._next(stream) if rest[0] == b"*" else read_id(rest[0])
        if entry <= stream.last:
            raise Failure(
                "ERR The ID specified in XADD is equal or smaller than the target stream top item"
            )
        stream.add(entry, rest[1:])
        if most is not None:
            stream.cut(len(stream) - most)
        return id_text(entry)

    def _next(self, stream: Stream) -> Entry:
        ms, number = stream.last
        return (self.now_ms, 0) if self.now_ms > ms else (ms, number + 1)

    def xdel(self, key: bytes, *ids: bytes) -> int:
        stream = self.get(key, Stream)
        return sum(stream.delete(read_id(one)) for one in ids) if stream is not None else 0

    def xtrim(self, key: bytes, how: bytes, bound: bytes) -> int:
        assert how == b"MINID"
        stream = self.get(key, Stream)
        if stream is None:
            return 0
        ms, number = read_id(bound)
        return stream.cut(len(stream.ids) - len(stream.between((ms, number), (2**64, 0))))

    def xrange(self, key: bytes, low: bytes, high: bytes, *options: bytes) -> list[Any]:
        stream = self.get(key, Stream)
        found = stream.between(low_id(low), high_id(high)) if stream is not None else []
        return self._page(stream, found, options)

    def xrevrange(self, key: bytes, high: bytes, low: bytes, *options: bytes) -> list[Any]:
        stream = self.get(key, Stream)
        found = stream.between(low_id(low), high_id(high))[::-1] if stream is not None else []
        return self._page(stream, found, options)

    @staticmethod
    def _page(stream: Stream | None, found: list[Entry], options: tuple[bytes, ...]) -> list[Any]:
        if options:
            assert options[0] == b"COUNT"
            found = found[: max(0, int(options[1]))]
        return [[id_text(one), stream.fields[one]] for one in found] if stream is not None else []

    # --- groups ---------------------------------------------------------------------------------

    def _group(self, key: bytes, name: bytes) -> tuple[Stream, Group]:
        stream = self.get(key, Stream)
        group = stream.groups.get(name) if stream is not None else None
        if stream is None or group is None:
            raise Failure(
                f"NOGROUP No such key '{key.decode()}' or consumer group '{name.decode()}'"
            )
        return stream, group

    def xgroup(self, verb: bytes, key: bytes, name: bytes, *words: bytes) -> Status | int:
        if verb == b"DELCONSUMER":
            if not self.exists(key):
                raise Failure("ERR The XGROUP subcommand requires the key to exist.")
            _, group = self._group(key, name)
            group.consumers.pop(words[0], None)
            mine = [one for one, held in group.pending.items() if held.consumer == words[0]]
            for one in mine:
                del group.pending[one]
            return len(mine)
        assert verb == b"CREATE"
        assert words[1:] == (b"MKSTREAM",)
        stream = self.make(key, Stream)
        if name in stream.groups:
            raise Failure("BUSYGROUP Consumer Group name already exists")
        stream.groups[name] = Group(read_id(words[0]))
        return OK

    def xreadgroup(self, *words: bytes) -> list[Any] | None:
        name, consumer, count, key = words[1], words[2], int(words[4]), words[6]
        assert (words[0], words[3], words[5], words[7]) == (b"GROUP", b"COUNT", b"STREAMS", b">")
        stream, group = self._group(key, name)
        group.consumers.setdefault(consumer)
        found = stream.after(group.last)[:count]
        for one in found:
            group.pending[one] = Pending(consumer, self.now_ms)
            group.last = one
        return [[key, [[id_text(one), stream.fields[one]] for one in found]]] if found else None

    def xack(self, key: bytes, name: bytes, *ids: bytes) -> int:
        stream = self.get(key, Stream)
        group = stream.groups.get(name) if stream is not None else None
        if group is None:
            return 0
        return sum(group.pending.pop(read_id(one), None) is not None for one in ids)

    def xclaim(self, key: bytes, name: bytes, consumer: bytes, *words: bytes) -> list[bytes]:
        assert words[0] == b"0"
        assert words[-2:] == (b"FORCE", b"JUSTID")
        stream, group = self._group(key, name)
        group.consumers.setdefault(consumer)
        claimed = []
        for one in map(read_id, words[1:-2]):
            if one not in stream.fields:
                group.pending.pop(one, None)
                continue
            deliveries = group.pending[one].deliveries if one in group.pending else 1
            group.pending[one] = Pending(consumer, self.now_ms, deliveries)
            claimed.append(id_text(one))
        return claimed

    def xpending(self, key: bytes, name: bytes, *words: bytes) -> list[Any]:
        _, group = self._group(key, name)
        low, high, count = low_id(words[0]), high_id(words[1]), int(words[2])
        whose = words[3] if words[3:] else None
        found = sorted(
            one
            for one, held in group.pending.items()
            if low <= one <= high and whose in {None, held.consumer}
        )
        return [
            [id_text(one), held.consumer, max(0, self.now_ms - held.since_ms), held.deliveries]
            for one in found[: max(0, count)]
            for held in [group.pending[one]]
        ]

    def xinfo(self, what: bytes, key: bytes) -> list[Any]:
        assert what == b"GROUPS"
        stream = self.get(key, Stream)
        if stream is None:
            raise Failure("ERR no such key")
        return [
            [
                *(b"name", name, b"consumers", len(group.consumers)),
                *(b"pending", len(group.pending), b"last-delivered-id", id_text(group.last)),
                *(b"entries-read", None, b"lag", len(stream.after(group.last))),
            ]
            for name, group in stream.groups.items()
        ]
