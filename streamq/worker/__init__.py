"""The worker: claims jobs, runs them, tells the server how they ended.

`supervise` starts and watches worker processes, `Worker` is one of them; its duties are one
file each. Nothing that `import streamq` loads is in here.
"""

from streamq.worker.options import WorkerOptions
from streamq.worker.start import supervise
from streamq.worker.worker import Worker

__all__ = ["Worker", "WorkerOptions", "supervise"]
