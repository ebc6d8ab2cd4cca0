"""`app.config_from_object`: settings from a file."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from streamq.errors import ConfigurationError

if TYPE_CHECKING:
    from streamq.runtime import Runtime


class Configuring:
    """The part of an application that takes its settings from elsewhere."""

    runtime: Runtime

    def config_from_object(self, source: object, *, namespace: str | None = None) -> None:
        """Take settings from a module, a class, a dict, or the name of one: `"shop.settings"`.

        `app.conf`, `STREAMQ_*` and flags win over them. With `namespace="SHOP"` names are as
        in `SHOP_TASK_ROUTES`. Raises `ConfigurationError` for what can't be, also for a name
        that looks like a misspelt setting; other names of a module are left alone.
        """
        from streamq.config_source import load  # noqa: PLC0415 - 5 ms, and not for everyone

        load(self.runtime.conf, source, namespace)

    def config_from_envvar(self, variable: str) -> bool:
        """As `config_from_object`, with what an environment variable names; True."""
        name = os.environ.get(variable, "")
        if not name:
            raise ConfigurationError(
                f"the variable {variable} is not set: it names the module that has the settings"
            )
        self.config_from_object(name)
        return True
