"""What the model is made of."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True)
class Key:
    """A unique key, as a call names it."""

    digest: str
    letters: str  # of the states in which it is held
    mode: str


@dataclass(frozen=True)
class Hold:
    """What holds a job back: its lane, its limiters as opts name them, its priority."""

    lane: str
    limits: tuple[str, ...]
    priority: int

    @property
    def opts(self) -> str:
        band = "" if self.priority == 4 else f",p={self.priority}"
        return "q=" + "|".join([self.lane, *self.limits]) + band


@dataclass(frozen=True)
class Quiet:
    """A debounced call's wait, ms."""

    quiet: int
    longest: int


@dataclass
class Job:
    id: str
    task: str
    bound: int | None  # the call's own max_crashes
    late: bool  # it must start before an instant that has passed
    place: str = "W"  # as in the state texts
    order: int = 0  # of its entry in the stream; 0: it has none
    due: float = 0
    attempt: int = 0
    crashes: int = 0
    word: str = ""  # token, reason or task, as in the state texts; empty: untouched since enqueue
    key: Key | None = None
    bytes: int = 0  # of the budget
    asked: str = ""  # the worker that is to end it, or "-"; empty: nobody asked
    hold: Hold | None = None
    at: str = ""  # its place in the line, kept while it runs or is scheduled; "?…": not known yet
    quiet: Quiet | None = None
    begun: int | None = None  # a debounced job's first call, ms; None: not known yet
    endless: bool = False  # it never expires

    @property
    def limits(self) -> tuple[str, ...]:
        return self.hold.limits if self.hold else ()

    @property
    def class_name(self) -> str:
        return "|".join([self.task, self.hold.lane if self.hold else "", *self.limits])


@dataclass
class Spec:
    """One job of an enqueue call."""

    id: str
    task: str = "t"
    due: float | None = None
    late: bool = False
    bound: int | None = None
    idem: tuple[str, str] | None = None  # key, arguments
    key: Key | None = None
    bytes: int = 0
    hold: Hold | None = None
    quiet: Quiet | None = None
    endless: bool = False


@dataclass
class Item:
    """One job of a settling call."""

    id: str
    token: str
    crashed: bool = False
    counted: bool = True
    error: bool = True
    limit: str = ""  # that it was told is exhausted
    follow: list[tuple[str, Spec]] = field(default_factory=list)  # queue ("": this one), job
