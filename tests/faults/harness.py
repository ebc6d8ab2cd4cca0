"""What every row of the fault suite has: a seed, a size, figures, and what an attack may use.

A row is one attack on the queue at two sizes. The small one is a test; the large one is many rounds
of `make soak ROW=n`, each with a seed of its own that is drawn from the one that is printed.
"""

from __future__ import annotations

import json
import os
import random
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self

from tests.auditing import assert_audit_clean, audit_violations
from tests.proxy import Proxy
from tests.servers import Option, Server
from tests.servers_pool import start

FULL = "STREAMQ_TEST_FULL"  # in the environment: tests attack at the large size of one round
SEED = "STREAMQ_SEED"  # in the environment: repeats what was printed


@dataclass
class Figures:
    """What an attack showed: counts, the worst of what was measured, and what did not hold."""

    sums: Counter[str] = field(default_factory=Counter)
    worst: dict[str, float] = field(default_factory=dict)
    broken: list[str] = field(default_factory=list)

    def add(self, **sums: int) -> None:
        self.sums.update(sums)

    def measure(self, **seen: float) -> None:
        """Keep the largest."""
        for name, value in seen.items():
            self.worst[name] = max(value, self.worst.get(name, value))

    def expect(self, holds: object, otherwise: str) -> None:
        """Note what was broken, and go on: one finding must not hide the next."""
        if not holds:
            self.broken.append(otherwise)

    def expect_same(self, seen: set[Any], wanted: set[Any], what: str) -> None:
        """Exact sets: who is missing and who is there unasked, by name."""
        missing, surplus = wanted - seen, seen - wanted
        self.expect(not missing, f"{what}: {len(missing)} missing, as {sorted(missing)[:3]}")
        self.expect(not surplus, f"{what}: {len(surplus)} too many, as {sorted(surplus)[:3]}")

    def merge(self, other: Figures) -> None:
        self.sums.update(other.sums)
        self.measure(**other.worst)
        self.broken += other.broken

    def as_json(self) -> str:
        return json.dumps({"sums": self.sums, "worst": self.worst, "broken": self.broken})

    @classmethod
    def from_json(cls, text: str) -> Self:
        read = json.loads(text)
        return cls(Counter(read["sums"]), read["worst"], read["broken"])

    def __str__(self) -> str:
        parts = [f"{name.replace('_', ' ')} {value}" for name, value in self.sums.items()]
        parts += [f"{name.replace('_', ' ')} ≤ {value:.3g}" for name, value in self.worst.items()]
        parts.append(f"broken {len(self.broken)}")
        return "\n".join([", ".join(parts), *self.broken[:10]])


class Ground:
    """Where one round is fought; what it starts ends with it."""

    def __init__(self, seed: str, folder: Path, ends: ExitStack) -> None:
        self.seed = seed
        self.random = random.Random(seed)
        self.folder = folder
        self.ends = ends
        self.figures = Figures()

    def server(self, flavour: str = "valkey9", **options: Option) -> Server:
        server = start(flavour, **options)
        self.ends.callback(server.close)
        return server

    def proxy(self, server: Server, **options: Any) -> Proxy:
        return self.ends.enter_context(Proxy(server.address, **options))

    def snapshot(self, server: Server, keys: Any) -> None:
        """An audit while everything goes on."""
        self.figures.add(snapshots=1)
        for broken in audit_violations(server.admin, keys):
            text = f"snapshot: {broken.rule}: {broken.member} in {broken.key}"
            self.figures.broken.append(text)

    def audit(self, server: Server) -> None:
        """The audit of every queue, and no key left behind."""
        self.figures.add(audits=1)
        try:
            assert_audit_clean(server.admin)
        except AssertionError as error:
            self.figures.broken.append(str(error))


@dataclass(frozen=True)
class Row:
    """One attack; sizes are what `attack` takes by name."""

    number: int
    title: str
    attack: Callable[..., None]  # attack(ground, **size)
    small: Mapping[str, Any]
    large: Mapping[str, Any]  # of one round
    rounds: int = 1  # at the large size
    judge: Callable[[Figures], None] | None = None  # of what holds only for all rounds together

    def fight(self, seed: str, **size: Any) -> Figures:
        """One round."""
        began = time.monotonic()
        with _ground(seed) as ground:
            self.attack(ground, **size)
            ground.figures.measure(seconds=time.monotonic() - began)
        return ground.figures

    def total(self, rounds: Iterable[Figures]) -> Figures:
        """All of them together, and what is broken in that."""
        total = Figures()
        for figures in rounds:
            total.merge(figures)
        if self.judge:
            self.judge(total)
        return total


@contextmanager
def _ground(seed: str) -> Iterator[Ground]:
    with tempfile.TemporaryDirectory(prefix="sqf-") as folder, ExitStack() as ends:
        yield Ground(seed, Path(folder), ends)


def prove(row: Row) -> Figures:
    """A row as a test: small, or one large round; says how to repeat it."""
    seed = os.environ.get(SEED, "20")
    size = row.large if os.environ.get(FULL) else row.small
    figures = row.total([row.fight(seed, **size)])
    print(f"row {row.number}, {SEED}={seed}: {figures}")  # noqa: T201 -- shown where it fails
    assert not figures.broken, f"{SEED}={seed}: {figures}"
    return figures
