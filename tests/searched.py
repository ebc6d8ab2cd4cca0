"""Where processes that tests start look for modules first: `conftest.py` tells them.

Here, also without an installation; and not in OpenTelemetry's SDK. redis-py imports that where it
finds it, for a quarter of its own start, and the suite starts a thousand processes.
"""

from __future__ import annotations

import os
from pathlib import Path

ROOT = Path(__file__).parents[1]
SEARCHED = f"{ROOT / 'tests' / 'lean'}{os.pathsep}{ROOT}"
