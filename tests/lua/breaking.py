"""What breaks a rule of the audit by hand, and what the audit must say then."""

from __future__ import annotations

from collections.abc import Callable

from streamq.operations import Violation
from tests.lua.rig import Rig

Broken = tuple[Callable[[Rig, Callable[[str], str]], object], str, str, str]


def assert_named(rig: Rig, broken: Broken) -> None:
    """Break it, given the rig and what names a key: rule, key and member are in the audit."""
    do, rule, key, member = broken
    do(rig, rig.keys.key)
    assert Violation(rule, rig.keys.key(key), member) in rig.violations()
