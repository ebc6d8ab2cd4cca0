"""Row 10: tasks that kill, block and starve their worker harm no job but themselves."""

from __future__ import annotations

from streamq import operations
from tests.faults import poison_app
from tests.faults.field import Field
from tests.faults.harness import Ground, Row


def attack(ground: Ground, *, innocent: int, each: int) -> None:
    """`each` job of every kind of poison among `innocent` ones, in an order by the seed."""
    server = ground.server()
    field = Field(ground, server, poison_app.app, "tests.faults.poison_app")
    for _ in range(2):
        field.start("-c", "6", "--async-concurrency", "12", "--process-concurrency", "2")
    field.registered(2)
    tasks = (poison_app.works, poison_app.waits, poison_app.computes)
    calls: list[tuple[str, tuple[int, ...]]] = [(tasks[n % 3].name, (n,)) for n in range(innocent)]
    calls += [(name, ()) for name in poison_app.WANTED for _ in range(each)]
    ground.random.shuffle(calls)
    good: dict[str, int] = {}
    poison: dict[str, str] = {}
    for name, args in calls:
        job = field.app.send_task(name, args)
        if args:
            good[job.id] = args[0]
        else:
            poison[job.id] = name
    field.wait(field.is_empty, "all to end", 100 + innocent / 6)
    ground.snapshot(server, field.keys)
    _judge(ground, field, good, poison)
    field.stop()
    ground.audit(server)


def _judge(ground: Ground, field: Field, good: dict[str, int], poison: dict[str, str]) -> None:
    figures = ground.figures
    done = {job for job, (kind, _) in field.outcomes(good).items() if kind == "ok"}
    figures.expect_same(done, set(good), "innocent jobs that were done")
    figures.expect_same(set(field.runs()), set(good.values()), "innocent numbers that ran")
    looks = [
        look
        for at in range(0, len(poison), 200)
        for look in field.app.client.run(
            operations.look(field.keys, ids=sorted(poison)[at : at + 200])
        )
    ]
    for look in looks:
        name = poison[look.id]
        ended = look.outcome.kind if look.outcome else look.state.token if look.state else "lost"
        wanted = poison_app.WANTED[name]
        figures.expect(ended in wanted, f"{name}: {ended}, not {wanted}")
        if ended == "poison" and look.state:
            bound = look.state.crashes == poison_app.BOUND
            figures.expect(bound, f"{name}: dead after {look.state.crashes} crashes")
    figures.add(innocent=len(good), poison=len(poison), crashes=field.counts().get("crashed", 0))


ROW = Row(
    10,
    "tasks that kill, block, hog and starve their worker, among innocent ones",
    attack,
    small={"innocent": 500, "each": 1},
    large={"innocent": 2000, "each": 3},
    rounds=5,
)
