"""One module per command; each has it as `command`."""
