"""A task, a job of it, and its result."""

from streamq import StreamQ

app = StreamQ("shop")


@app.task
def add(x: int, y: int) -> int:
    return x + y


@app.task(queue="mail")
async def greet(name: str) -> str:
    return f"Hello, {name}!"


if __name__ == "__main__":
    job = add.delay(4, 4)
    print(job.get(timeout=10))  # 8
    print(job.state)  # succeeded
    print(greet.options(countdown=0.2).delay("Ada").get(timeout=10))  # Hello, Ada!
