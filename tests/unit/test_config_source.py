"""Settings from modules, classes, dicts and their names."""

from __future__ import annotations

import sys
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest

from streamq import ConfigurationError, StreamQ
from streamq.settings import Source

VALUES: dict[str, Any] = {"task_serializer": "json", "accept_content": ["json"], "lease": 60}


class Values:
    task_serializer = "json"
    accept_content = ("json",)
    lease = 60
    helper = "not a setting"

    def method(self) -> None: ...


def shop(**settings: Any) -> StreamQ:
    return StreamQ("shop", broker="redis://localhost", **settings)


@pytest.fixture
def module(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    made = ModuleType("shopconfig")
    vars(made).update(VALUES, Values=Values, values=VALUES, os=sys, _private=1, HELPER=2)
    monkeypatch.setitem(sys.modules, "shopconfig", made)
    return made


@pytest.mark.parametrize(
    "source",
    [
        VALUES,
        Values,
        Values(),
        SimpleNamespace(**VALUES),
        "shopconfig",
        "shopconfig:Values",
        "shopconfig.Values",
        "shopconfig:values",
    ],
    ids=range(8),
)
def test_settings_come_from_anything_that_has_them(source: object, module: ModuleType) -> None:
    for given in (source, module):
        app = shop()
        app.config_from_object(given)
        assert (app.conf.task_serializer, app.conf.accept_content) == ("json", ("json",))
        assert app.conf.source("lease") is Source.FILE
        assert app.conf.lease == 60


def test_code_wins_over_the_file_and_the_environment_over_both(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("STREAMQ_MAX_ATTEMPTS", "9")
    app = shop(lease=20)
    app.config_from_object({"lease": 60, "max_attempts": 3, "max_crashes": 5})
    assert (app.conf.lease, app.conf.max_attempts, app.conf.max_crashes) == (20, 9, 5)


def test_a_namespace_is_the_beginning_of_the_names() -> None:
    app = shop()
    source = {"SHOP_TASK_SERIALIZER": "json", "SHOP_LEASE": 60, "DEBUG": True, "LEASE": 5}
    app.config_from_object(source, namespace="SHOP")
    assert (app.conf.task_serializer, app.conf.lease) == ("json", 60)
    with pytest.raises(ConfigurationError, match="'leese'; did you mean 'lease'"):
        app.config_from_object({"SHOP_LEESE": 1}, namespace="SHOP")


def test_a_module_of_the_current_folder_is_found(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "config_of_this_test.py").write_text("lease = 60\n")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", [one for one in sys.path if one])
    app = shop()
    app.config_from_object("config_of_this_test")
    assert app.conf.lease == 60
    assert str(tmp_path) not in sys.path
    del sys.modules["config_of_this_test"]


def test_a_variable_names_the_module(module: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    app = shop()
    with pytest.raises(ConfigurationError, match="variable SHOP_CONFIG is not set"):
        app.config_from_envvar("SHOP_CONFIG")
    monkeypatch.setenv("SHOP_CONFIG", module.__name__)
    app.config_from_envvar("SHOP_CONFIG")
    assert app.conf.lease == 60


@pytest.mark.parametrize(
    ("source", "why"),
    [
        ({"leese": 1}, "unknown setting 'leese'; did you mean 'lease'"),
        ({"helper": 1}, "unknown setting 'helper'"),
        ({"worker_direct": 1}, "is Celery's"),
        ({"lease": "long"}, "lease"),
        (SimpleNamespace(max_atempts=1), "did you mean 'max_attempts'"),
        (SimpleNamespace(worker_direct=1), "is Celery's"),
        ("no_such_config", "No module named 'no_such_config'.*on Python's path"),
        ("shopconfig:absent", "absent"),
        ("shopconfig.py", "give the module's name, as in 'shopconfig'"),
        ("conf/shopconfig.py", "give the module's name, as in 'shopconfig'"),
    ],
    ids=range(10),
)
def test_what_can_not_be_is_refused_and_changes_nothing(
    source: object, why: str, module: ModuleType
) -> None:
    app = shop()
    with pytest.raises(ConfigurationError, match=why):
        app.config_from_object(source)
    assert app.conf.lease == 30
