"""One driver per queue: its tasks, its settings, how jobs are sent; all with the same names.

A driver is imported in its own environment only: by `benchmarks.driver` (the producer) and by the
worker under test. It has:

- NAME, PACKAGES (whose versions are printed), GUARANTEE, SETTINGS (in words)
- KINDS: of "async" and "sync", what it runs natively; results are kept for the first of them
- left(): what must be 0 when every job has been acknowledged, as commands that cost O(1)
- worker(kind): the command line of one worker, its first word a program of the environment
- enqueue(kind, n): n no-op jobs, by the fastest way that it documents
- fill(n): n jobs with 100 bytes of arguments; send(): one of those, the ordinary way
- stamp(i): one job that calls `board.stamp(i)`; round_trip(): one job, and its result

A function may be `async def`; `kind` is "async", "sync" or "result".
"""
