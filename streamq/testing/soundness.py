"""Nothing lost: the audit, as an assertion."""

from __future__ import annotations

from typing import TYPE_CHECKING

from streamq import inspection

if TYPE_CHECKING:
    from streamq.app import StreamQ

_SHOWN = 10  # violations in a message


def assert_nothing_lost(app: StreamQ) -> None:
    """Every job that was accepted is in exactly one place, or has ended; in every queue.

    This is `streamq check --audit`. Jobs may run meanwhile. Raises `AssertionError` that names
    what is wrong, and where.
    """
    __tracebackhide__ = True  # pytest then shows the test's line, not this one
    report = inspection.audit(app)
    if report.clean:
        return
    shown = [f"  queue {one.queue}: {one}" for one in report.violations[:_SHOWN]]
    more = len(report.violations) - _SHOWN
    if more > 0:
        shown.append(f"  and {more} more")
    raise AssertionError("\n".join([f"{len(report.violations)} violations:", *shown]))
