"""Encrypted connections: redis-py's options reach it, and a stranger's certificate is refused."""

from __future__ import annotations

import asyncio
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from streamq.client import Client
from streamq.errors import BrokerRefused, ConfigurationError
from tests.client.small import COUNT, MakeClient, call
from tests.conftest import MakeServer
from tests.servers import free_port

MAKE_CERTIFICATE = """
openssl req -x509 -newkey rsa:2048 -nodes -days 2
-subj /CN=localhost -addext subjectAltName=DNS:localhost
"""


@pytest.fixture
def certificate(tmp_path: Path) -> tuple[Path, Path]:
    """A self-signed one for this machine: certificate and key."""
    if shutil.which("openssl") is None:
        pytest.skip("no openssl on the path")
    crt, key = tmp_path / "crt.pem", tmp_path / "key.pem"
    subprocess.run(
        [*MAKE_CERTIFICATE.split(), "-keyout", key, "-out", crt],
        check=True,
        capture_output=True,
    )
    return crt, key


@pytest.fixture
def tls_port(make_server: MakeServer, certificate: tuple[Path, Path]) -> int:
    crt, key = certificate
    port = free_port()
    files = {"tls_cert_file": str(crt), "tls_key_file": str(key), "tls_ca_cert_file": str(crt)}
    try:
        make_server("redis70", tls_port=port, tls_auth_clients="no", **files)
    except RuntimeError as error:
        pytest.skip(f"this server speaks no TLS: {error}")
    return port


def both(client: Client, line: Any = COUNT) -> list[int]:
    return [client.run(call(line)), asyncio.run(client.run_async(call(line)))]


def test_a_trusted_server_is_spoken_to(
    tls_port: int, certificate: tuple[Path, Path], make_client: MakeClient
) -> None:
    options = {"ssl_ca_certs": str(certificate[0])}
    client = make_client(f"rediss://localhost:{tls_port}", options=options)
    assert both(client) == [1, 2]
    assert both(client) == [3, 4]
    client = make_client(f"rediss://localhost:{tls_port}?ssl_ca_certs={certificate[0]}")
    assert both(client) == [5, 6]


def test_a_stranger_is_refused_at_once(tls_port: int, make_client: MakeClient) -> None:
    client = make_client(f"rediss://localhost:{tls_port}")
    with pytest.raises(BrokerRefused, match="isn't trusted"):
        client.run(call(COUNT))
    with pytest.raises(BrokerRefused, match="isn't trusted"):
        asyncio.run(client.run_async(call(COUNT)))


def test_an_option_that_redis_py_does_not_know_is_named(make_client: MakeClient) -> None:
    client = make_client("redis://localhost:1", options={"ssl_ca_cert": "x"})
    with pytest.raises(ConfigurationError, match="ssl_ca_cert"):
        client.ping()
    with pytest.raises(ConfigurationError, match="ssl_ca_cert"):
        asyncio.run(client.run_async(call(COUNT)))
