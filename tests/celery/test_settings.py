"""Every setting of Celery's documented list: its row, its verdict, its value."""

from __future__ import annotations

import logging
import re
from datetime import timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from streamq.celery.setting_names import GROUPS, ROWS, row_of
from streamq.celery.setting_row import Row, Verdict
from streamq.celery.settings import CelerySettings
from streamq.errors import ConfigurationError
from streamq.settings import Source

HERE = Path(__file__).parent
# All that Celery 5.6 documents or knows, and the names of before 4.0 with today's.
DOCUMENTED = (HERE / "celery_settings.txt").read_text().split()
OLD = dict(line.split() for line in (HERE / "celery_old_settings.txt").read_text().splitlines())

QUEUE = SimpleNamespace(name="mail")  # as kombu's
# For each setting that works: what is said, which setting of ours it becomes, and with which value.
WORKS: dict[str, tuple[Any, str, Any]] = {
    "accept_content": (["json", "application/json"], "accept_content", ("json",)),
    "result_accept_content": ({"msgpack"}, "result_accept_content", ("msgpack",)),
    "enable_utc": (False, "enable_utc", False),
    "timezone": ("Europe/Oslo", "zone", ZoneInfo("Europe/Oslo")),
    "task_annotations": ({"*": {"queue": QUEUE}}, "task_annotations", "(*,)"),
    "task_serializer": ("json", "task_serializer", "json"),
    "task_always_eager": (True, "eager", True),
    "task_eager_propagates": (True, "task_eager_propagates", True),
    "task_store_eager_result": (True, "task_store_eager_result", True),
    "task_ignore_result": (True, "task_ignore_result", True),
    "task_time_limit": (30, "task_time_limit", 30),
    "task_soft_time_limit": (20.5, "task_soft_time_limit", 20.5),
    "task_default_rate_limit": (10, "task_default_rate_limit", "10/s"),
    "task_queues": ([QUEUE, "low"], "task_queues", ("mail", "low")),
    "task_routes": ({"a.*": {"queue": QUEUE}}, "task_routes", "(a.*,)"),
    "task_default_priority": (2, "task_default_priority", 3),
    "task_create_missing_queues": (False, "task_create_missing_queues", False),
    "task_default_queue": ("low", "default_queue", "low"),
    "result_backend": ("redis://localhost", "backend", "redis://localhost"),
    "result_extended": (True, "result_extended", True),
    "result_serializer": ("application/json", "result_serializer", "json"),
    "result_expires": (timedelta(hours=1), "result_ttl", 3600.0),
    "broker_url": (["redis://localhost"], "broker", "redis://localhost"),
    "broker_use_ssl": ({"ssl_ca_certs": "ca"}, "broker_options", {"ssl_ca_certs": "ca"}),
    "broker_transport_options": (
        {"max_connections": 5, "visibility_timeout": 9},
        "broker_options",
        {"max_connections": 5},
    ),
    "redis_max_connections": (5, "broker_options", {"max_connections": 5}),
    "redis_socket_connect_timeout": (2, "broker_options", {"socket_connect_timeout": 2}),
    "redis_socket_keepalive": (True, "broker_options", {"socket_keepalive": True}),
    "redis_client_name": ("shop", "broker_options", {"client_name": "shop"}),
    "redis_backend_use_ssl": ({"ssl_keyfile": "k"}, "broker_options", {"ssl_keyfile": "k"}),
    "redis_backend_health_check_interval": (9, "broker_options", {"health_check_interval": 9}),
    "redis_backend_credential_provider": (OLD, "broker_options", {"credential_provider": OLD}),
    "imports": (["a.tasks"], "imports", ("a.tasks",)),
    "include": ("a.tasks", "include", ("a.tasks",)),
    "worker_concurrency": (3, "concurrency", 3),
    "worker_max_tasks_per_child": (100, "max_jobs", 100),
    "worker_max_memory_per_child": (12000, "max_memory", 12),
    "worker_soft_shutdown_timeout": (10.0, "grace", 10.0),
}


def _all(conf: CelerySettings) -> list[tuple[str, str]]:
    return conf.findings() + conf.remarks()


def said(conf: CelerySettings) -> list[str]:
    """What is reported, by setting."""
    return [problem.partition(":")[0] for problem, _ in _all(conf)]


def test_every_documented_setting_is_known_and_no_other() -> None:
    extra = {"task_args_repr_function"}  # of releases before
    assert set(ROWS) == {*DOCUMENTED, *extra}
    assert len(DOCUMENTED) == 222
    assert sum(map(len, GROUPS.values())) == len(ROWS)  # each once


@pytest.mark.parametrize("old", OLD)
def test_every_old_name_is_known(old: str) -> None:
    row = row_of(old)
    assert row is not None
    assert row.name == OLD[old]


def test_the_table_of_values_has_each_setting_that_works() -> None:
    assert set(WORKS) == {name for name, row in ROWS.items() if row.verdict is Verdict.WORKS}


@pytest.mark.parametrize("name", WORKS)
def test_a_setting_that_works_arrives(name: str) -> None:
    given, ours, expected = WORKS[name]
    old = next((one for one, new in OLD.items() if new == name), name.upper())
    for spelled in (name, old):
        if row_of(spelled) is None:
            continue
        conf = CelerySettings()
        conf.update({spelled: given})
        value = getattr(conf, ours)
        assert (str(value) if isinstance(expected, str) else value) == expected
        assert said(conf) == (["broker_transport_options"] if "transport" in name else [])


@pytest.mark.parametrize(
    "row", [row for row in ROWS.values() if row.value is not None], ids=lambda row: row.name
)
def test_what_is_always_so_is_taken_in_silence_and_the_opposite_reported(row: Row) -> None:
    conf = CelerySettings()
    before = {name: conf.value(name) for name in conf.names()}
    conf.update({row.name: row.value})
    assert _all(conf) == []
    conf.update({row.name: not row.value})
    assert conf.remarks() == [(f"{row.name}: {row.verdict}", row.text)]
    assert {name: conf.value(name) for name in conf.names()} == before
    assert row.verdict is (Verdict.ALWAYS if row.value else Verdict.NEVER)


@pytest.mark.parametrize(
    "row",
    [row for row in ROWS.values() if row.verdict is Verdict.UNUSED],
    ids=lambda row: row.name,
)
def test_a_setting_without_effect_is_reported_once_with_what_to_use(
    row: Row, caplog: pytest.LogCaptureFixture
) -> None:
    conf = CelerySettings()
    before = {name: conf.value(name) for name in conf.names()}
    with caplog.at_level(logging.WARNING, "streamq.celery"):
        conf.update({row.name: None})
        assert _all(conf) == []
        for _ in range(3):
            conf.update({row.name: "x"})
    said = conf.findings() if row.missed else conf.remarks()
    assert said == _all(conf) == [(f"{row.name}: no effect", row.text)]
    assert caplog.messages == [f"setting {row.name}: no effect; {row.text}"]
    assert {name: conf.value(name) for name in conf.names()} == before
    assert getattr(conf, row.name) == "x"  # the program may read it
    assert len(row.text) > 10


def test_what_is_asked_for_and_not_done_is_a_finding_the_rest_a_remark() -> None:
    conf = CelerySettings(code={"broker_url": "redis://localhost", "broker_use_ssl": True})
    conf.update(
        beat_schedule={"x": {}},
        task_routes={"shop.add": {"max_retries": 3, "routing_key": "a"}},
        task_annotations={"shop.add": {"@__call__": print}},
        worker_prefetch_multiplier=1,
    )
    missed = [problem for problem, _ in conf.findings()]
    assert missed == [
        "broker_use_ssl: True alone says not enough",
        "beat_schedule: no effect",
        "task_routes: max_retries has no effect in a route",
        "task_annotations: @__call__ has no effect",
    ]
    assert [problem for problem, _ in conf.remarks()] == [
        "task_routes: routing_key has no effect",
        "worker_prefetch_multiplier: no effect",
    ]


def test_texts_name_only_settings_that_there_are() -> None:
    ours = {*CelerySettings.all_names(), *ROWS}
    for row in ROWS.values():
        for name in re.findall(r"`([a-z]+(?:_[a-z]+)+)`", row.text):
            assert name in ours | {"link_error", "ignore_result"}, row


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("task_serialiser", "task_serializer"),
        ("broker_ulr", "broker_url"),
        ("worker_prefetch_multiplyer", "worker_prefetch_multiplier"),
        ("CELERY_TASK_SERIALISER", "task_serializer"),
        ("CELERYD_CONCURENCY", "worker_concurrency"),
        ("max_attemps", "max_attempts"),
    ],
)
def test_a_misspelt_name_is_refused_with_the_right_one(typed: str, meant: str) -> None:
    conf = CelerySettings()
    with pytest.raises(ConfigurationError, match=f"'{typed}'; did you mean '{meant}'"):
        conf.update({typed: 1})
    with pytest.raises(ConfigurationError, match="did you mean"):
        setattr(conf, typed, 1)
    with pytest.raises(AttributeError, match=f"'{typed}'; did you mean '{meant}'"):
        getattr(conf, typed)


def test_a_name_of_the_programs_own_is_kept_and_said_once() -> None:
    conf = CelerySettings(code={"shop_of_mine": 5})
    assert (conf.shop_of_mine, conf["shop_of_mine"], conf.get("shop_of_mine")) == (5, 5, 5)
    assert said(conf) == ["shop_of_mine"]


def test_settings_are_read_and_written_under_each_of_their_names() -> None:
    conf = CelerySettings()
    conf.CELERY_TASK_SERIALIZER = "json"
    assert conf.task_serializer == "json"
    conf["task_default_queue"] = "low"
    assert conf.default_queue == conf["task_default_queue"] == conf.CELERY_DEFAULT_QUEUE == "low"
    assert conf.get("worker_direct") is None
    assert "worker_direct" in conf
    assert "nonsense" not in conf
    with pytest.raises(KeyError):
        conf["nonsense"]
    conf.lease = 60
    assert (conf.lease, conf.source("lease")) == (60, Source.CODE)


def test_the_defaults_are_celerys_where_they_differ() -> None:
    conf = CelerySettings({"STREAMQ_DEFAULT_QUEUE": "env"})
    assert (conf.default_queue, str(CelerySettings().default_queue)) == ("env", "celery")
    assert str(CelerySettings().zone) == "UTC"
    assert CelerySettings().source("default_queue") is Source.DEFAULT


@pytest.mark.parametrize(
    ("given", "accepted", "reported"),
    [
        (["pickle"], ("msgpack",), True),
        (["pickle", "json"], ("json", "msgpack"), True),
        (["yaml", "msgpack"], ("msgpack",), True),
        (["json"], ("json",), False),
        ("json", ("json",), False),
    ],
)
def test_pickle_is_never_read_and_msgpack_takes_its_place(
    given: Any, accepted: tuple[str, ...], reported: bool
) -> None:
    conf = CelerySettings(code={"accept_content": given})
    assert conf.accept_content == accepted
    assert bool(conf.remarks()) is reported
    assert conf.findings() == []


def test_pickle_is_never_written() -> None:
    conf = CelerySettings(code={"task_serializer": "pickle", "result_serializer": "yaml"})
    assert (conf.task_serializer, conf.result_serializer) == ("msgpack", "msgpack")
    assert said(conf) == ["task_serializer", "result_serializer"]


@pytest.mark.parametrize("never", [None, 0])
def test_results_for_ever_are_results_for_ten_years(never: int | None) -> None:
    assert CelerySettings(code={"result_expires": never}).result_ttl == 315_360_000


def test_several_sources_of_redis_options_add_up() -> None:
    conf = CelerySettings()
    conf.update(redis_max_connections=5, broker_use_ssl={"ssl_ca_certs": "ca"})
    conf.update(broker_transport_options={"client_name": "shop", "master_name": "m"})
    assert conf.broker_options == {
        "max_connections": 5,
        "ssl_ca_certs": "ca",
        "client_name": "shop",
    }
    assert conf.remarks() == [
        (
            "broker_transport_options: master_name has no effect",
            "it is in the URL: redis+sentinel://HOST:26379/MASTER/0",
        )
    ]


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("broker_url", "pyamqp://guest@localhost//"),
        ("broker_url", "redis://a;redis://b"),
        ("broker_url", ["redis://a", "redis://b"]),
        ("broker_url", "sentinel://a:26379"),
        ("broker_url", "sqs://"),
        ("result_backend", "rpc://"),
        ("result_backend", "db+postgresql://localhost/x"),
        ("result_backend", "django-db"),
        ("CELERY_RESULT_BACKEND", "cache+memcached://localhost"),
        ("CELERY_BROKER_URL", "amqp://localhost"),
    ],
)
def test_other_brokers_and_stores_are_refused_in_six_lines(name: str, value: Any) -> None:
    with pytest.raises(ConfigurationError) as caught:
        CelerySettings(code={name: value})
    assert 2 <= len(str(caught.value).splitlines()) <= 6
    assert "redis" in str(caught.value) or "Leave" in str(caught.value)
