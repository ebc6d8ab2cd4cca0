"""Long jobs: progress, a log, checkpoints that survive a kill, and a result in parts."""

import os
import signal

from streamq import StreamQ, current_job

app = StreamQ("jobs")


@app.task
def count(rows: int) -> int:
    job = current_job()
    for n in range(rows):
        job.set_progress(n + 1, rows, "counting")
        if n % 10 == 0:
            job.log("row", n)
    return rows


@app.task(pool="process")
def send_all(letters: int) -> int:
    """Its process dies in the middle of the first run; the second one goes on."""
    job, sent = current_job(), 0
    for n in job.iterate(range(letters), every=10):
        if n == 25 and job.crashes == 0:
            os.kill(os.getpid(), signal.SIGKILL)
        sent += 1
    return sent


@app.task
async def crawl(pages: int) -> int:
    job = current_job()
    state = job.restored or {"page": 0, "words": 0}
    while state["page"] < pages:
        state = {"page": state["page"] + 1, "words": state["words"] + 100}
        await job.acheckpoint(state)
    return int(state["words"])


@app.task
def say(text: str) -> int:
    job = current_job()
    for word in text.split():
        job.emit(word)
    return len(text.split())


if __name__ == "__main__":
    counting = count.delay(60)
    print(counting.get(timeout=30), "rows,", len(counting.log()), "lines")  # 60 rows, 6 lines
    print(send_all.delay(40).get(timeout=60), "letters more")  # 20 letters more
    print(crawl.delay(5).get(timeout=30), "words")  # 500 words
    print(*say.delay("one after the other").stream(timeout=30))  # one after the other
