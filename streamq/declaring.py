"""`app.queue(…)` and `app.limit(…)`: what an application says of its queues."""

from __future__ import annotations

from typing import TYPE_CHECKING

from streamq.errors import ConfigurationError
from streamq.option_checks import queue_name

if TYPE_CHECKING:
    from typing import Unpack

    from streamq.limits import Concurrency, NamedLimit, RateLimit
    from streamq.option_types import QueueOptionsDict
    from streamq.queue_options import QueueOptions
    from streamq.runtime import Runtime


class Declaring:
    """See `StreamQ`."""

    runtime: Runtime

    def queue(self, name: str, **options: Unpack[QueueOptionsDict]) -> QueueOptions:
        """Declare a queue: `app.queue("mail", rate_limit="100/m", weights={"tenant-7": 3})`.

        `rate_limit` and `concurrency` hold for all its jobs together, beside those of their tasks.
        `weights` are shares of lanes beside others of weight 1; `priority_aging` (seconds) bounds
        how long a job of low priority is passed by others. Workers publish these.

        `max_jobs` and `max_bytes` (of encoded arguments) bound what it holds of jobs that have not
        ended, for calls made by applications that declare it. A call that it has no room for raises
        `QueueFull`, or with `on_full="block"` waits for room, `enqueue_timeout` seconds at most.

        Raises `TypeError` and `ValueError` for what can't be, `ConfigurationError` for a second,
        other declaration.
        """
        from streamq.queue_options import queue_options  # noqa: PLC0415 - 6 ms, where it's used

        where = f"app.queue({name!r})"
        queue_name(name, "app.queue(name)")
        declared = queue_options(options, where)
        before = self.runtime.queue_options.get(name)
        if before is not None and before != declared:
            raise ConfigurationError(f"{where} was declared before, with other options: {before}")
        self.runtime.queue_options[name] = declared
        self.runtime.conf.update()  # plans are made anew
        return declared

    def limit(
        self,
        name: str,
        limit: str | int | RateLimit | Concurrency,
        *,
        queue: str | None = None,
    ) -> NamedLimit:
        """Declare a limit that several tasks of a queue share.

        `github = app.limit("github", "60/m", queue="scrape")`, then
        `@app.task(queue="scrape", rate_limit=github)`, or `rate_limit="github"`. `queue` is by
        default the setting `default_queue`; tasks of other queues can't have it. Raises as `queue`.
        """
        from streamq.limits import named_limit  # noqa: PLC0415 - as above

        chosen = queue_name(
            self.runtime.conf.default_queue if queue is None else queue, "app.limit(queue=…)"
        )
        made = named_limit(name, limit, chosen)
        before = self.runtime.named_limits.get((chosen, name))
        if before is not None and before != made:
            raise ConfigurationError(
                f"app.limit({name!r}, queue={chosen!r}) was declared before, as {before.limit}"
            )
        self.runtime.named_limits[chosen, name] = made
        self.runtime.conf.update()  # plans are made anew
        return made
