from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from streamq.broker_url import check_broker_url, redact_url
from streamq.config import Settings
from streamq.errors import ConfigurationError
from streamq.settings import Source


def test_the_defaults() -> None:
    conf = Settings()
    assert (conf.broker, conf.backend, conf.namespace, conf.default_queue) == (
        None,
        None,
        "streamq",
        "default",
    )
    assert (conf.lease, conf.max_crashes, conf.max_attempts, conf.result_ttl) == (30, 3, 1, 86400)
    assert (conf.enqueue_timeout, conf.durability, conf.grace, conf.eager) == (5, None, 25, False)
    assert conf.max_payload_bytes == conf.max_result_bytes == 1024 * 1024
    assert conf.source("lease") is Source.DEFAULT


def test_a_flag_wins_over_the_environment_that_over_code_that_over_the_file() -> None:
    conf = Settings(
        {"STREAMQ_LEASE": "40"}, code={"lease": 50, "grace": 5}, file={"lease": 60, "grace": 6}
    )
    conf.set_flags(lease=None)
    assert (conf.lease, conf.source("lease")) == (40, Source.ENVIRONMENT)
    conf.set_flags(lease=20)
    assert (conf.lease, conf.source("lease")) == (20, Source.FLAG)
    assert (conf.grace, conf.source("grace")) == (5, Source.CODE)
    assert Settings(file={"lease": 60}).source("lease") is Source.FILE


def test_attributes_and_update_set_in_code() -> None:
    conf = Settings()
    before = conf.version
    conf.lease = timedelta(minutes=1)
    conf.update({"grace": 3}, eager=True)
    assert (conf.lease, conf.grace, conf.eager) == (60, 3, True)
    assert conf.version > before


def test_update_sets_all_or_nothing() -> None:
    conf = Settings()
    with pytest.raises(ConfigurationError, match="lease"):
        conf.update(grace=3, lease=0)
    assert conf.grace == 25


@pytest.mark.parametrize(
    ("variable", "text", "name", "value"),
    [
        ("STREAMQ_BROKER_URL", "redis://h", "broker", "redis://h"),
        ("STREAMQ_BROKER", "redis://h", "broker", "redis://h"),
        ("STREAMQ_LEASE", "0x", "lease", None),
        ("STREAMQ_LEASE", "2.5", "lease", 2.5),
        ("STREAMQ_LEASE", "", "lease", 30.0),
        ("STREAMQ_MAX_CRASHES", "0", "max_crashes", 0),
        ("STREAMQ_MAX_CRASHES", "1.5", "max_crashes", None),
        ("STREAMQ_EAGER", "Yes", "eager", True),
        ("STREAMQ_EAGER", "0", "eager", False),
        ("STREAMQ_EAGER", "maybe", "eager", None),
        ("STREAMQ_DURABILITY", "none", "durability", None),
        ("STREAMQ_DURABILITY", "replica:2", "durability", "replica:2"),
        (
            "STREAMQ_BROKER_OPTIONS",
            '{"ssl_ca_certs": "x"}',
            "broker_options",
            {"ssl_ca_certs": "x"},
        ),
        ("STREAMQ_BROKER_OPTIONS", "[]", "broker_options", None),
        ("STREAMQ_LOGLEVEL", "debug", "loglevel", "DEBUG"),
    ],
)
def test_the_environment_is_read_and_checked(
    variable: str, text: str, name: str, value: object
) -> None:
    if value is None and name != "durability":
        with pytest.raises(ConfigurationError, match=f"^{variable}.*must be"):
            Settings({variable: text})
    else:
        assert getattr(Settings({variable: text}), name) == value


def test_broker_url_wins_over_broker_in_the_environment() -> None:
    conf = Settings({"STREAMQ_BROKER_URL": "redis://a", "STREAMQ_BROKER": "redis://b"})
    assert conf.broker == "redis://a"


def test_other_variables_are_none_of_our_business() -> None:
    Settings({"STREAMQ_SERVICE_HOST": "10.0.0.1", "STREAMQ_APP": "shop"})


@pytest.mark.parametrize(
    "given",
    [
        {"lease": 0.5},
        {"lease": "30"},
        {"max_attempts": 0},
        {"max_attempts": True},
        {"durability": "always"},
        {"durability": "replica:0"},
        {"namespace": "a{b"},
        {"namespace": "a:b"},
        {"default_queue": "a b"},
        {"eager": 1},
        {"broker_options": []},
        {"broker": 3},
        {"log_format": "xml"},
    ],
)
def test_a_bad_value_is_refused_by_name(given: dict[str, Any]) -> None:
    with pytest.raises(ConfigurationError, match=f"^{next(iter(given))}"):
        Settings(code=given)


def test_a_misspelt_setting_is_answered_with_the_nearest() -> None:
    conf = Settings()
    expected = r"^unknown setting 'leese'; did you mean 'lease'\?$"
    with pytest.raises(ConfigurationError, match=expected):
        conf.leese = 30
    with pytest.raises(ConfigurationError, match=expected):
        conf.update(leese=30)
    with pytest.raises(ConfigurationError, match=expected):
        conf.source("leese")
    with pytest.raises(AttributeError):
        _ = conf.leese  # type: ignore[attr-defined]


@pytest.mark.parametrize("name", ["task_acks_late", "worker_direct", "beat_scheduler", "imports"])
def test_celerys_own_settings_are_refused_as_such(name: str) -> None:
    with pytest.raises(ConfigurationError, match=f"'{name}' is Celery's.*\n.*streamq.celery"):
        Settings(code={name: "x"})


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("task_serialiser", "task_serializer"),
        ("worker_concurency", "worker_concurrency"),
        ("accept_contents", "accept_content"),
    ],
)
def test_a_misspelt_name_of_celerys_is_answered_with_the_right_one(typed: str, meant: str) -> None:
    with pytest.raises(ConfigurationError, match=f"did you mean '{meant}'"):
        Settings(code={typed: "x"})


def test_celerys_names_of_our_settings_are_the_same_settings() -> None:
    conf = Settings(code={"broker_url": "redis://a", "task_default_queue": "low"})
    assert (conf.broker, conf.default_queue) == ("redis://a", "low")
    conf.default_queue = "high"
    assert conf.task_default_queue == "high"
    conf.task_default_queue = "mid"
    conf.update(worker_concurrency=3, result_expires=60, task_always_eager=True)
    assert (conf.default_queue, conf.concurrency, conf.result_ttl) == ("mid", 3, 60)
    assert conf.eager
    assert conf.source("task_default_queue") is Source.CODE
    assert "task_default_queue" not in conf.names()


def test_the_update_of_celerys_first_steps() -> None:
    conf = Settings()
    conf.update(
        task_serializer="json",
        accept_content=["json"],
        result_serializer="json",
        timezone="Europe/Oslo",
        enable_utc=True,
    )
    assert (conf.task_serializer, conf.result_serializer) == ("json", "json")
    assert conf.accept_content == ("json",)
    assert str(conf.zone) == "Europe/Oslo"


@pytest.mark.parametrize("given", ["pickle", "yaml", "JSON", 1])
def test_only_json_and_msgpack_are_written(given: object) -> None:
    with pytest.raises(ConfigurationError, match="must be one of msgpack, json"):
        Settings(code={"task_serializer": given})


@pytest.mark.parametrize(
    ("given", "kinds"),
    [
        (["json"], ("json",)),
        ("application/json", ("json",)),
        (("application/json", "msgpack", "json"), ("json", "msgpack")),
        ({"json", "application/x-msgpack"}, ("msgpack", "json")),
    ],
)
def test_content_is_accepted_by_name_or_mime_type(given: object, kinds: tuple[str, ...]) -> None:
    assert Settings(code={"accept_content": given}).accept_content == kinds


def test_writing_what_is_not_accepted_is_a_finding() -> None:
    ((problem, fix),) = Settings(
        code={"task_serializer": "json", "accept_content": ["msgpack"]}
    ).findings()
    assert "written as json" in problem
    assert "'json'" in fix
    assert Settings(code={"task_serializer": "json"}).findings() == []


def test_accepting_nothing_or_pickle_is_refused() -> None:
    for given in ([], ["pickle"], None):
        with pytest.raises(ConfigurationError, match="accept_content"):
            Settings(code={"accept_content": given})


def test_the_environment_names_contents_and_routes() -> None:
    conf = Settings(
        {
            "STREAMQ_ACCEPT_CONTENT": "json, msgpack",
            "STREAMQ_TASK_ROUTES": '{"shop.*": "low"}',
            "STREAMQ_TIMEZONE": "UTC",
        }
    )
    assert conf.accept_content == ("json", "msgpack")
    assert conf.task_routes[0].find("shop.add").queue == "low"
    assert str(conf.zone) == "UTC"


@pytest.mark.parametrize(
    "url",
    ["rpc://", "db+sqlite:///x", "cache+memcached://h", "mongodb://h", "django-db", "amqp://"],
)
def test_another_store_for_results_is_refused_with_what_to_do(url: str) -> None:
    for name in ("backend", "result_backend"):
        with pytest.raises(ConfigurationError) as caught:
            Settings(code={name: url})
        assert f"Leave {name} out" in str(caught.value)
        assert len(str(caught.value).splitlines()) <= 6


def test_a_locked_setting_says_why_it_cannot_change() -> None:
    conf = Settings(code={"broker": "redis://a"})
    conf.lock("the application is connected", "broker")
    conf.broker = "redis://a"
    with pytest.raises(ConfigurationError, match="broker can't change now: the app"):
        conf.broker = "redis://b"


def test_what_is_shown_hides_secrets() -> None:
    conf = Settings(code={"broker": "redis://u:pw@h", "broker_options": {"password": "pw"}})
    assert conf.shown("broker") == "redis://u:***@h"
    assert conf.shown("broker_options") == "password"
    assert conf.shown("lease") == "30.0"


def test_options_can_not_be_changed_in_place() -> None:
    conf = Settings()
    with pytest.raises(TypeError):
        conf.broker_options["x"] = 1  # type: ignore[index]


@pytest.mark.parametrize(
    "url",
    [
        "redis://localhost",
        "rediss://u:p@h:6380/2",
        "valkey://h",
        "valkeys://h",
        "unix:///run/redis.sock?db=1",
        "redis+sentinel://a:1,b:2/main/0",
        "redis+cluster://a:1,b:2",
        "embedded:",
        "embedded:///var/lib/jobs",
    ],
)
def test_the_broker_urls_there_are(url: str) -> None:
    assert check_broker_url(url) == url


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("pyamqp://guest:secret@localhost//", "RabbitMQ is not supported"),
        ("amqp://", "RabbitMQ is not supported"),
        ("rpc://", "RabbitMQ is not supported"),
        ("sqs://key:secret@", "SQS is not supported"),
        ("memory://", "eager=True"),
        ("sentinel://h", r"redis\+sentinel://"),
        ("localhost:6379", "no scheme"),
        ("localhost", "no scheme"),
        ("", "no scheme"),
        ("redis:localhost", "'//' is missing"),
        ("embedded:relative", "absolute"),
        ("ftp://h", "runs on Redis 7.0 or later"),
    ],
)
def test_other_urls_are_refused_with_what_to_write(url: str, words: str) -> None:
    with pytest.raises(ConfigurationError, match=words) as caught:
        check_broker_url(url)
    assert len(str(caught.value).splitlines()) <= 6
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("redis://h/0", "redis://h/0"),
        ("redis://:pw@h", "redis://:***@h"),
        ("redis://u:p@ss/w@h:1", "redis://u:***@h:1"),
        ("redis://u@h", "redis://u@h"),
        ("unix:///s?password=pw&db=1", "unix:///s?password=***&db=1"),
        ("redis+sentinel://h/m?sentinel_password=x", "redis+sentinel://h/m?sentinel_password=***"),
    ],
)
def test_a_password_is_never_shown(url: str, shown: str) -> None:
    assert redact_url(url) == shown
