"""Tasks that nobody knows: their jobs would wait for ever, so what names one is refused."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from streamq.app import StreamQ


def refuse_unknown_task(app: StreamQ, task: str) -> None:
    """Raise `UnknownTask` for one that neither the application nor any worker knows."""
    from streamq.errors import UnknownTask
    from streamq.inspection import tasks
    from streamq.option_checks import nearest

    if task in app.tasks:
        return
    known = sorted({*app.tasks, *tasks(app)})
    if task not in known:
        hint = nearest(task, known) if known else ": no worker has published any; -A names them"
        raise UnknownTask(f"no task {task!r}{hint}")
