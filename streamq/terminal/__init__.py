"""Tables and progress on a terminal, for the command line and the demo."""

from streamq.terminal.bar import Bar
from streamq.terminal.tables import Column, bold, dim, printable, red, table

__all__ = ["Bar", "Column", "bold", "dim", "printable", "red", "table"]
