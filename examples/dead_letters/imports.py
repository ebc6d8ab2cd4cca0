"""Jobs that failed for good: kept, looked at, mended and run again."""

import os
import tempfile
from pathlib import Path

from streamq import StreamQ, control, inspection

app = StreamQ("imports")
FOLDER = Path(tempfile.gettempdir()) / f"streamq-example-{os.getuid()}"


@app.task(max_attempts=2, backoff=0.1)
def load(name: str) -> int:
    """How many lines a file has."""
    return len((FOLDER / name).read_text().splitlines())


if __name__ == "__main__":
    FOLDER.mkdir(exist_ok=True)
    (FOLDER / "here.csv").write_text("a\nb\n")
    (FOLDER / "gone.csv").unlink(missing_ok=True)
    jobs = [load.delay(name) for name in ("here.csv", "gone.csv")]
    app.gather(jobs, timeout=10, propagate=False)

    (dead,) = (job for job in inspection.page(app, "default", "dead") if job.id == jobs[1].id)
    print(dead.task, dead.args, dead.attempt)  # imports.load ('gone.csv',) 2
    print(type(dead.error).__name__)  # FileNotFoundError
    print(dead.traceback.splitlines()[0])  # Traceback (most recent call last):

    (FOLDER / "gone.csv").write_text("a\nb\nc\n")  # mended
    control.dead_retry(app, [dead.id])  # as `streamq dead retry ID` does
    print(app.result(dead.id).get(timeout=10))  # 3
