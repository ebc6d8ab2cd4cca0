"""Classes that a call's options may be of: a call sent as an argument brings them along."""

from __future__ import annotations

from streamq.backoff import Backoff
from streamq.limits import Concurrency, RateLimit
from streamq.unique import Unique

CLASSES = (Backoff, Concurrency, RateLimit, Unique)
