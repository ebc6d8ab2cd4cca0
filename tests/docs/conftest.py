"""The server for programs out of the documentation: that of the plugin."""

from pytest_streamq import streamq_app, streamq_server, streamq_use

__all__ = ["streamq_app", "streamq_server", "streamq_use"]
