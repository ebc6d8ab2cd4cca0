"""`app.queue(…)`: what an application says of its queues."""

from __future__ import annotations

from typing import TYPE_CHECKING

from streamq.errors import ConfigurationError
from streamq.option_checks import queue_name

if TYPE_CHECKING:
    from typing import Unpack

    from streamq.option_types import QueueOptionsDict
    from streamq.queue_options import QueueOptions
    from streamq.runtime import Runtime


class Declaring:
    """See `StreamQ`."""

    runtime: Runtime

    def queue(self, name: str, **options: Unpack[QueueOptionsDict]) -> QueueOptions:
        """Declare a queue: `app.queue("mail", max_jobs=10_000, on_full="block")`.

        `max_jobs` and `max_bytes` (of encoded arguments) bound what it holds of jobs that have not
        ended, for calls made by applications that declare it. A call that it has no room for raises
        `QueueFull`, or with `on_full="block"` waits for room, `enqueue_timeout` seconds at most.
        Raises `TypeError` and `ValueError` for what can't be, `ConfigurationError` for a second,
        other declaration.
        """
        from streamq.queue_options import queue_options  # noqa: PLC0415 - only where it's used

        where = f"app.queue({name!r})"
        queue_name(name, "app.queue(name)")
        declared = queue_options(options, where)
        before = self.runtime.queue_options.get(name)
        if before is not None and before != declared:
            raise ConfigurationError(f"{where} was declared before, with other options: {before}")
        self.runtime.queue_options[name] = declared
        self.runtime.conf.update()  # plans are made anew
        return declared
