"""Time limits: a soft one to clean up in, a hard one that ends the run, and more time on demand."""

import asyncio
import time

from streamq import SoftTimeLimitExceeded, StreamQ, TimeLimitExceeded, current_job

app = StreamQ("limits")


@app.task(soft_time_limit=0.5, time_limit=5)
def report(pages: int) -> str:
    done = 0
    try:
        for _ in range(pages):
            time.sleep(0.1)
            done += 1
    except SoftTimeLimitExceeded:
        return "some pages" if 0 < done < pages else "none"
    return "all pages"


@app.task(time_limit=0.5, max_attempts=2, backoff=0)
async def fetch() -> str:
    if current_job().attempt == 1:
        await asyncio.sleep(60)  # a server that doesn't answer
    return f"attempt {current_job().attempt}"


@app.task(time_limit=0.5, pool="process")
def compute() -> None:
    while True:
        pass


@app.task(time_limit=0.5)
def convert(files: int) -> int:
    for _ in range(files):
        current_job().extend_deadline(0.5)  # half a second more for each
        time.sleep(0.3)
    return files


if __name__ == "__main__":
    print(report.delay(2).get(timeout=30))  # all pages
    print(report.delay(100).get(timeout=30))  # some pages
    print(fetch.delay().get(timeout=30))  # attempt 2
    try:
        compute.delay().get(timeout=60)
    except TimeLimitExceeded as error:
        print(str(error).partition(",")[2].strip())  # over its time_limit of 0.5 s
    print(convert.delay(4).get(timeout=30), "files")  # 4 files
