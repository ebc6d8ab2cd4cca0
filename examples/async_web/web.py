"""A web server that enqueues a job for each request and awaits its result; asyncio alone."""

import asyncio
import json
from urllib.parse import parse_qs, urlsplit

from streamq import StreamQ, WaitTimeout

app = StreamQ("web")


@app.task
def count_words(text: str) -> int:
    return len(text.split())


async def answer(target: str) -> tuple[str, dict[str, object]]:
    """The status and the body for one request; never blocks the loop."""
    text = parse_qs(urlsplit(target).query).get("text", [""])[0]
    job = await count_words.adelay(text)
    try:
        return "200 OK", {"words": await job.aget(timeout=5)}
    except WaitTimeout as error:  # the job goes on: its id is enough to ask again
        return "202 Accepted", {"job": job.id, "state": error.state}


async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    request = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
    status, body = await answer(request.split(" ")[1])
    content = json.dumps(body).encode()
    head = f"HTTP/1.1 {status}\r\nContent-Length: {len(content)}\r\nConnection: close\r\n\r\n"
    writer.write(head.encode() + content)
    await writer.drain()
    writer.close()
    await writer.wait_closed()


async def request(port: int, target: str) -> str:
    """What a browser would do."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(f"GET {target} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode())
    reply = (await reader.read()).decode()
    writer.close()
    await writer.wait_closed()
    return reply.partition("\r\n\r\n")[2]


async def main() -> None:
    server = await asyncio.start_server(handle, "127.0.0.1", 0)  # any free port
    port: int = server.sockets[0].getsockname()[1]
    async with server:
        targets = [f"/?text={'word+' * n}" for n in (1, 2, 3)]
        for reply in await asyncio.gather(*(request(port, target) for target in targets)):
            print(reply)
    await app.aclose()


if __name__ == "__main__":
    asyncio.run(main())
