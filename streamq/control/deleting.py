"""Deleting jobs that are over: dead ones, and the results of others."""

from __future__ import annotations

from typing import TYPE_CHECKING

from streamq.asking import CHANGED, pages, queues_of
from streamq.control.words import Answer
from streamq.operations import delete, forget
from streamq.telling import tell

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from streamq.app import StreamQ
    from streamq.asking import Question


def delete_ended_question(
    app: StreamQ, ids: Iterable[str], progress: Callable[[int], object] | None = None
) -> Question[dict[str, Answer]]:
    """Delete dead jobs for good, and what is kept of jobs that ended otherwise, by id.

    `ENDED`: nothing to delete: it has not ended, or nobody knows it. `progress` is told how many
    are done. Raises `UnknownJob` for what is no job id, before anything is changed.
    """
    answers: dict[str, Answer] = {}
    for queue, its_ids in (yield from queues_of(app, ids)).items():
        keys = app.keys(queue)
        for some in pages(its_ids, CHANGED):
            (words,) = yield [delete(keys, ids=some)]
            answers |= dict(zip(some, map(Answer, words), strict=True))
            rest = [one for one in some if answers[one] is not Answer.DONE]
            if rest:  # each in a call of its own, in one go: the script says how many, not which
                gone = yield [forget(keys, ids=[one]) for one in rest]
                said = [Answer.DONE if number else Answer.ENDED for number in gone]
                answers |= dict(zip(rest, said, strict=True))
            if progress is not None:
                progress(len(answers))
    tell("delete", sum(one is Answer.DONE for one in answers.values()), asked=len(answers))
    return answers
