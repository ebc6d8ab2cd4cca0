"""The plugin's fixtures, also where streamq isn't installed but only lies on the path."""

from pytest_streamq import streamq_app, streamq_server, streamq_use

__all__ = ["streamq_app", "streamq_server", "streamq_use"]
