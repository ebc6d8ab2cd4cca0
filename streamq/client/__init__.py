"""Talks to the server: the only importer of redis-py, and that late (it costs 150 ms).

One `Client` serves threads, event loops and forked children alike. What a call
needs of the server (retries, cluster routing, the producer protocol) is written once, as
conversations in `conversation.py`; `blocking.py` and `asynchronous.py` only carry
bytes for them.
"""

from streamq.client.facade import Client
from streamq.client.server_info import ServerInfo

__all__ = ["Client", "ServerInfo"]
