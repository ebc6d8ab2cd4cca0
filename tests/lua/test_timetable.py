"""timetable: all that is known of schedules, by name or page by page."""

from __future__ import annotations

from streamq import operations as op
from tests.lua.cases_schedules import NAME, declared, fire_call, schedules, tick_id
from tests.lua.rig import Rig


def test_pages_hold_every_schedule_once(rig: Rig) -> None:
    names = [f"{name}-{'x' * 80}" for name in schedules(600)]  # too many for a small hash
    for at in range(0, 600, 200):
        declared(rig, *names[at : at + 200])
    seen: list[str] = []
    cursor, pages = "", 0
    while pages == 0 or cursor:
        page = rig.run(op.timetable(rig.keys, cursor=cursor, limit=100))
        seen += [entry.schedule.name for entry in page.entries]
        cursor, pages = page.cursor, pages + 1
    assert sorted(set(seen)) == sorted(names)
    assert pages > 1


def test_one_by_name_with_its_runs_the_newest_first(rig: Rig) -> None:
    declared(rig, NAME, "shop/other")
    rig.run(fire_call(rig, 2))
    table = rig.run(op.timetable(rig.keys, names=[NAME, "shop/nobody"]))
    [entry] = table.entries
    assert [(run.id, run.tick_ms, run.kind) for run in entry.runs] == [
        (tick_id(1), 1_001, "-"),
        (tick_id(0), 1_000, "-"),
    ]
    assert entry.due_ms == 5_000
    assert entry.declared_ms is not None
    assert abs(entry.declared_ms - table.now_ms) < 10_000
