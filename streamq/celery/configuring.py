"""`config_from_object` and `config_from_envvar` as Celery's programs call them."""

from __future__ import annotations

import os

from streamq.configuring import Configuring
from streamq.errors import ConfigurationError


class CeleryConfiguring(Configuring):
    """The part of an application that reads a Celery configuration."""

    def config_from_object(
        self,
        source: object,
        silent: bool = False,
        force: bool = False,  # noqa: ARG002 - Celery's: it is read at once anyway
        namespace: str | None = None,
    ) -> None:
        """Take settings from a module, a class, a dict, or the name of one: `"celeryconfig"`.

        New and old names; with `namespace="CELERY"` those that begin with `CELERY_`. What has
        no effect is said once; a misspelt name is a `ConfigurationError`, and so is a module
        that isn't there unless `silent`.
        """
        try:
            super().config_from_object(source, namespace=namespace)
        except ConfigurationError as error:
            if not (silent and isinstance(error.__cause__, ImportError)):
                raise

    def config_from_envvar(
        self,
        variable: str,
        silent: bool = False,
        force: bool = False,  # noqa: ARG002 - as above
    ) -> bool:
        """As `config_from_object`, with what an environment variable names; whether it is set."""
        if silent and not os.environ.get(variable):
            return False
        return super().config_from_envvar(variable)
