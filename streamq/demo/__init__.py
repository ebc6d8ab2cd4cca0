"""The demo: a real workload on a real worker, which is killed in the middle.

`app.py` is the application, worth reading as an example; `show.py` the story that is told,
`stage.py` the server and the worker that it needs, `verdict.py` what was found at the end.
"""

from streamq.demo.show import run

__all__ = ["run"]
