"""`python -m streamq.cli`: the command line of this very interpreter."""

import sys

from streamq.cli import main

if __name__ == "__main__":
    sys.exit(main())
