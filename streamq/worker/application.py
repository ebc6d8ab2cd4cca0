"""How another process gets the same application."""

from __future__ import annotations

import importlib
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from streamq.app import StreamQ
from streamq.errors import ConfigurationError
from streamq.settings import Source

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from types import ModuleType


def describe(app: StreamQ) -> dict[str, Any]:
    """All that a child needs to have this application, fit for JSON.

    Raises ConfigurationError where no other process can import it.
    """
    location = locate(app)
    if location is None:
        raise ConfigurationError(
            f"application {app.name!r} is in no module's variable, so a worker process can't "
            "import it.\nPut it where it can: app = StreamQ(…) at the top level of a module."
        )
    conf = app.conf
    flags = {name: conf.value(name) for name in conf.names() if conf.source(name) is Source.FLAG}
    if "broker_options" in flags:
        flags["broker_options"] = dict(flags["broker_options"])
    return {"location": location, "path": sys.path, "flags": flags}


def locate(app: StreamQ) -> str | None:
    """Where another process finds it; also where a function of another module made it."""
    return app.location or next(
        (
            f"{name}:{attribute}"
            for name, module in _importable()
            for attribute, value in list(vars(module).items())
            if value is app
        ),
        None,
    )


def _importable() -> Iterator[tuple[str, ModuleType]]:
    """Modules by the names under which another process can import them."""
    for name, module in list(sys.modules.items()):
        spec = getattr(module, "__spec__", None)
        file = getattr(module, "__file__", None)
        if name != "__main__":
            yield name, module
        elif spec is not None:  # python -m shop.tasks
            yield spec.name, module
        elif file is not None:
            yield str(Path(file).resolve()), module


def find(described: Mapping[str, Any]) -> StreamQ:
    """The application that `describe` described, imported here; raises what its import raises."""
    sys.path[:] = described["path"]
    where, _, attribute = described["location"].rpartition(":")
    module = importlib.import_module(_module_name(where))
    found = getattr(module, attribute, None)
    if not isinstance(found, StreamQ):
        raise ConfigurationError(f"{described['location']} is no StreamQ application here")
    found.conf.set_flags(**described["flags"])
    return found


def _module_name(where: str) -> str:
    """A file by its dotted name, its folder importable."""
    if not where.endswith(".py"):
        return where
    file = Path(where)
    names = [file.stem]
    folder = file.parent
    while (folder / "__init__.py").exists():
        names.insert(0, folder.name)
        folder = folder.parent
    if str(folder) not in sys.path:
        sys.path.insert(0, str(folder))
    return ".".join(names)
