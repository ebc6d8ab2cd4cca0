"""The story: enqueue, run, fail, retry, kill, recover, collect, check."""

from __future__ import annotations

import sys
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from threading import Event
from typing import TYPE_CHECKING

from streamq import inspection
from streamq.demo.app import app, index
from streamq.demo.files import direct_index, library_files
from streamq.demo.stage import Stage, StageFailed
from streamq.demo.verdict import Facts, judge, verdict_text
from streamq.demo.villain import Villain
from streamq.terminal import Bar, bold

if TYPE_CHECKING:
    from streamq.result import AsyncResult

_HICCUPS = 40  # every so manieth file fails on its first attempt
_PATIENCE_S = 110.0  # for all of it


def run(*, files: int | None = None, keep: bool = False) -> int:
    """Play it; 0, or 1 where the index or the audit is not as it must be.

    Once per process: the application then knows its server. `files`: so many at most.
    """
    try:
        with Stage(keep=keep) as stage:
            # As flags: the demo is the same whatever STREAMQ_* variables this shell has.
            app.conf.set_flags(broker=stage.server.url, lease=2, eager=False)
            paths = library_files(files)
            if not paths:
                raise StageFailed("This Python has its standard library in no files.")  # noqa: TRY301 - said below
            facts = _play(stage, paths)
            say(verdict_text(facts))
    except StageFailed as error:
        say(str(error))
        return 1
    _tell_how_to_look(stage, keep=keep)
    return 0 if judge(facts) else 1


def say(text: str = "") -> None:
    """A line of the story."""
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


def _play(stage: Stage, paths: list[str]) -> Facts:
    say(bold(f"Counting the identifiers of {len(paths):,} files of Python's standard library."))
    say(f"Server: {stage.server.version}, of our own, in {stage.data_dir}")
    begun = time.monotonic()
    jobs = index.delay_many(
        [(path, str(stage.runs), at % _HICCUPS == 0) for at, path in enumerate(paths)]
    )
    took = time.monotonic() - begun
    say(f"Enqueued {len(jobs):,} jobs in {took:.2f} s, one per file; starting a worker.")
    say(f"Watch from another terminal: streamq inspect --watch --broker {stage.broker}")
    stage.start_worker()
    over = Event()
    with ThreadPoolExecutor(1) as aside:
        try:
            direct = aside.submit(direct_index, paths, over)  # what the jobs must come to
            found, finished = _collect(stage, jobs)
            seconds = time.monotonic() - begun
            expected = direct.result()
        finally:
            over.set()
    return Facts(
        files=len(paths),
        finished=finished,
        found=found,
        expected=expected,
        hiccups=len(range(0, len(paths), _HICCUPS)),
        runs=len(stage.runs.read_text(encoding="utf-8").splitlines()),
        queue=inspection.counts(app, app.conf.default_queue),
        audit=inspection.audit(app),
        seconds=seconds,
    )


def _collect(stage: Stage, jobs: list[AsyncResult[dict[str, int]]]) -> tuple[Counter[str], int]:
    """All results as they come, with a kill in the middle."""
    total: Counter[str] = Counter()
    done = 0
    with Bar(len(jobs), "indexing") as bar, Villain(app, stage.working_process(app), bar):
        for job in app.as_completed(jobs, timeout=_PATIENCE_S):
            total.update(job.get())
            done += 1
            bar.at(done)
    return total, done


def _tell_how_to_look(stage: Stage, *, keep: bool) -> None:
    if not keep:
        say("\nTo look around afterwards: streamq demo --keep")
        say("The application, as an example to read: streamq/demo/app.py")
        return
    say(f"\nServer and data are kept in {stage.folder}. Look around:")
    for what in ("", " ended", " workers", " dead"):
        say(f"  streamq inspect{what} --broker {stage.broker}")
    say(f"  streamq check --audit --broker {stage.broker}")
    say(f"  streamq embedded stop --broker {stage.broker}    # and then: rm -r {stage.folder}")
