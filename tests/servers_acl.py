"""A server on which streamq is a narrow user, and nobody else is anybody.

What that user may do stands in `docs/reference/acl.md`, and only there.
"""

from __future__ import annotations

import re
from pathlib import Path

from tests.servers import Node, Option, Server

DOCUMENT = Path(__file__).parent.parent / "docs" / "reference" / "acl.md"
_ADMIN = ("admin", "admin-password")
_PASSWORD = "streamq-password"


def documented_rules() -> str:
    """The `ACL SETUSER` arguments that the documentation gives, on one line."""
    block = re.search(r"^```acl\n(.*?)^```", DOCUMENT.read_text(), re.DOTALL | re.MULTILINE)
    assert block, f"{DOCUMENT} has no acl block"
    return " ".join(block[1].split())


def start_acl(binary: Path, **options: Option) -> Server:
    users = [
        "default off resetpass -@all",  # a connection that doesn't log in gets nowhere
        f"{_ADMIN[0]} on >{_ADMIN[1]} ~* &* +@all",
        documented_rules().replace(">PASSWORD", f">{_PASSWORD}"),
    ]
    node = Node(binary, {"user": users, **options}, credentials=_ADMIN)
    server = Server("acl", [node], f"unix://streamq:{_PASSWORD}@{node.socket}?db=0", node.admin)
    try:
        server.start()
    except BaseException:
        server.close()
        raise
    return server
