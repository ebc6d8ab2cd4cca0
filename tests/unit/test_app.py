from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

import streamq.embedded.binary
from streamq import ConfigurationError, StreamQ, Task, UnknownJob
from streamq.runtime import check_backend

URL = "redis://127.0.0.1:1"  # nobody listens there, and nothing here connects

located = StreamQ("located", broker=URL)


@pytest.fixture
def app() -> StreamQ:
    return StreamQ("shop", broker=URL)


def test_a_task_is_named_after_its_module_and_function(app: StreamQ) -> None:
    @app.task
    def add(x: int, y: int) -> int:
        return x + y

    assert add.name == "tests.unit.test_app.add"
    assert dict(app.tasks) == {add.name: add}
    assert add.__name__ == "add"
    assert repr(add) == "<task tests.unit.test_app.add(x: int, y: int)>"


def test_a_task_in_main_is_named_after_the_application(app: StreamQ) -> None:
    def add() -> None: ...

    add.__module__ = "__main__"
    assert app.task(add).name == "shop.add"


def test_a_name_may_be_given(app: StreamQ) -> None:
    @app.task(name="shop.sum", queue="mail")
    async def add() -> None: ...

    assert add.name == "shop.sum"
    assert add.is_async
    assert app.queues() == ["default", "mail"]


def test_two_tasks_of_one_name_are_refused_with_both_places(app: StreamQ) -> None:
    @app.task(name="x")
    def one() -> None: ...

    with pytest.raises(ConfigurationError, match=r"'x': at .*test_app\.py:\d+ and .*test_app\.py:"):

        @app.task(name="x")
        def two() -> None: ...


def test_the_same_function_again_replaces_itself(app: StreamQ) -> None:
    def make() -> Task[..., Any]:
        @app.task(name="x")
        def one() -> None: ...

        return one

    make()
    assert app.tasks["x"] is make() or len(app.tasks) == 1


@pytest.mark.parametrize("name", ["a b", "", "x{y}", "q" * 129])
def test_bad_names_of_applications_and_tasks_are_refused(name: str) -> None:
    with pytest.raises(ConfigurationError, match="1 to 128"):
        StreamQ(name)
    with pytest.raises(ConfigurationError, match="1 to 128"):
        StreamQ("shop", broker=URL).task(name=name)(print)


def test_what_can_not_be_a_task_is_refused(app: StreamQ) -> None:
    def generator() -> Any:
        yield 1

    with pytest.raises(ConfigurationError, match="generator"):
        app.task(generator)
    with pytest.raises(ConfigurationError, match="lambda"):
        app.task(lambda: None)
    with pytest.raises(ConfigurationError, match="takes a function"):
        app.task("mail")  # type: ignore[call-overload]
    with pytest.raises(ConfigurationError, match="takes a function"):
        app.task(app.task(name="x")(lambda: None))
    with pytest.raises(ConfigurationError, match="first parameter"):
        app.task(bind=True, name="y")(lambda: None)  # type: ignore[misc, arg-type]


def test_an_unknown_option_of_a_task_is_a_type_error(app: StreamQ) -> None:
    with pytest.raises(TypeError, match=r"@app.task on x: unknown option 'quue'; did you mean"):
        app.task(name="x", quue="mail")(print)  # type: ignore[call-overload]


def test_a_misspelt_setting_is_refused_with_the_nearest() -> None:
    with pytest.raises(ConfigurationError, match="did you mean 'lease'"):
        StreamQ("shop", broker=URL, leese=3)


def test_the_environment_is_read_when_the_application_is_made(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("STREAMQ_BROKER_URL", "redis://elsewhere")
    monkeypatch.setenv("STREAMQ_LEASE", "7")
    made = StreamQ("shop", broker=URL, lease=50)
    monkeypatch.setenv("STREAMQ_LEASE", "8")
    assert (made.conf.broker, made.conf.lease) == ("redis://elsewhere", 7)


def test_a_backend_must_be_the_broker() -> None:
    StreamQ("shop", broker="redis://localhost", backend="redis://localhost:6379/0")
    StreamQ("shop", broker="valkey://h:1/2", backend="redis://h:1/2")
    for backend in ("redis://other", "redis://localhost/1"):
        with pytest.raises(ConfigurationError, match="another server than the broker"):
            StreamQ("shop", broker="redis://localhost", backend=backend)


def test_a_backend_that_is_the_broker_moves_with_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STREAMQ_BROKER_URL", "redis://elsewhere")
    made = StreamQ("shop", broker="redis://localhost", backend="redis://localhost")
    made.conf.set_flags(broker="redis://third")
    check_backend(made.conf)
    with pytest.raises(ConfigurationError, match="another server than the broker"):
        StreamQ("shop", broker="redis://localhost", backend="redis://other")
    monkeypatch.setenv("STREAMQ_BACKEND_URL", "redis://localhost")
    with pytest.raises(ConfigurationError, match="another server than the broker"):
        StreamQ("shop", broker="redis://localhost")


def test_no_broker_and_no_embedded_server_is_an_error_with_three_cures(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(streamq.embedded.binary, "_wheel_folder", lambda: None)
    monkeypatch.delenv("STREAMQ_BROKER_URL", raising=False)
    with pytest.raises(ConfigurationError) as caught:
        _ = StreamQ("shop").client
    words = str(caught.value)
    assert all(cure in words for cure in ("broker=", "streamq[embedded]", "eager=True"))
    assert len(words.splitlines()) <= 6


def test_settings_of_the_connection_are_fixed_once_it_is_made(app: StreamQ) -> None:
    _ = app.client
    with pytest.raises(ConfigurationError, match="broker can't change now"):
        app.conf.broker = "redis://other"
    app.conf.lease = 40


def test_a_task_follows_settings_that_change_later(app: StreamQ) -> None:
    @app.task
    def add() -> None: ...

    app.conf.update(default_queue="low", max_attempts=3)
    assert (add.task_options.queue, add.policy.max_attempts) == ("low", 3)
    assert app.queues() == ["low"]


def test_an_id_that_can_not_be_one_is_unknown(app: StreamQ) -> None:
    with pytest.raises(UnknownJob, match="not a job id"):
        app.result("42")


def test_an_application_knows_where_it_can_be_imported_from(app: StreamQ) -> None:
    assert located.location == "tests.unit.test_app:located"
    assert app.location is None  # no module has it


def test_an_application_run_as_a_script_is_found_by_its_path(tmp_path: Path) -> None:
    script = tmp_path / "shop.py"
    script.write_text(
        f"from streamq import StreamQ\nqueue = StreamQ('shop', broker={URL!r})\n"
        "print(queue.location)\n"
    )
    done = subprocess.run([sys.executable, script], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == f"{script.resolve()}:queue"


def test_what_is_loaded_late_is_there_all_the_same() -> None:
    from streamq import JobInfo, Progress

    assert JobInfo("x", progress=Progress(1)).state is streamq.JobState.UNKNOWN
    assert {"JobInfo", "Progress", "StreamQ"} <= set(dir(streamq))
    with pytest.raises(AttributeError, match="no attribute 'JobInf'"):
        _ = streamq.JobInf


def test_importing_streamq_loads_neither_redis_nor_asyncio() -> None:
    code = (
        "import streamq, sys; app = streamq.StreamQ('a', broker='redis://h')\n"
        "app.task(name='x')(lambda n: n)\n"
        "print([m for m in ('redis', 'asyncio', 'logging', 'msgpack', 'click', 'json', 'pydantic',"
        " 'streamq.job') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
