"""What streamq costs, and what its peers cost, measured side by side. See README.md."""
