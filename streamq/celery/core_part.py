"""The part of a Celery task that streamq's worker looks at: what its own task says."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from streamq import Task as CoreTask
    from streamq.codec import TaskTypes
    from streamq.definition import Definition
    from streamq.options import TaskOptions
    from streamq.retry import RetryPolicy


class CorePart:
    """Each as `streamq.Task` has it."""

    core: CoreTask[..., Any]

    @property
    def function(self) -> Callable[..., Any]:
        """What a worker calls."""
        return self.core.function

    @property
    def definition(self) -> Definition:
        """The function as a task."""
        return self.core.definition

    @property
    def is_async(self) -> bool:
        """Whether it is an `async def`."""
        return self.core.is_async

    @property
    def bind(self) -> bool:
        """Whether streamq passes the running job: Celery's `self` is the task."""
        return self.core.bind

    @property
    def policy(self) -> RetryPolicy:
        """When streamq itself runs a job again."""
        return self.core.policy

    @property
    def task_options(self) -> TaskOptions:
        """What holds for its jobs."""
        return self.core.task_options

    @property
    def annotations(self) -> TaskTypes:
        """What its annotations name."""
        return self.core.annotations

    def fits(self, args: Iterable[Any], kwargs: Mapping[str, Any]) -> str | None:
        """Why it can't be called so, or None."""
        return self.core.fits(args, kwargs)

    def published(self) -> str:
        """What workers publish of it."""
        return self.core.published()
