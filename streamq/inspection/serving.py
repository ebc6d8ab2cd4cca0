"""A few pages over HTTP for whoever watches: metrics and health."""

from __future__ import annotations

import threading
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING

from streamq.errors import StreamQError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from types import TracebackType
    from typing import Self

TEXT = "text/plain; charset=utf-8"
_SLOW_S = 5.0  # for a request; who says nothing holds no thread for longer


@dataclass(frozen=True, slots=True)
class Answer:
    """What a page says."""

    text: str
    code: int = 200
    kind: str = TEXT


class PageServer:
    """Serves `pages` (path -> what makes its answer) from a thread; a context manager.

    Raises OSError where it can't listen. `port` 0 takes a free one; `self.port` says which.
    """

    def __init__(self, host: str, port: int, pages: Mapping[str, Callable[[], Answer]]) -> None:
        class Handler(_Handler):
            served = pages

        self._server = ThreadingHTTPServer((host, port), Handler)
        self._server.daemon_threads = True
        self.port = int(self._server.server_address[1])
        self._thread = threading.Thread(
            target=self._server.serve_forever, kwargs={"poll_interval": 0.1}, daemon=True
        )

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._server.shutdown()
        self._server.server_close()

    def wait(self) -> None:
        """Until it is closed."""
        self._thread.join()


class _Handler(BaseHTTPRequestHandler):
    served: Mapping[str, Callable[[], Answer]]
    timeout = _SLOW_S

    def do_GET(self) -> None:
        """One of the pages."""
        page = self.served.get(self.path.partition("?")[0])
        if page is None:
            answer = Answer(f"there is {', '.join(self.served)}\n", 404)
        else:
            try:
                answer = page()
            except StreamQError as error:
                answer = Answer(f"{error}\n", 503)
        body = answer.text.encode()
        self.send_response(answer.code)
        self.send_header("Content-Type", answer.kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    do_HEAD = do_GET  # noqa: N815 - the same

    def log_message(self, *_: object) -> None:
        """Say nothing: somebody looks every few seconds."""
