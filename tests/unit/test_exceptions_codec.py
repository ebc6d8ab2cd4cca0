"""Exceptions cross as themselves where they can, and never hurt whoever carries them."""

from __future__ import annotations

import builtins
import json
import sys
import traceback
from typing import Any

import pytest

from streamq.codec import Codec
from streamq.errors import (
    DecodeError,
    EnqueueUncertain,
    GiveUp,
    RemoteError,
    RemoteTraceback,
    TaskCancelled,
    WaitTimeout,
)

CODEC = Codec()


def there_and_back(error: BaseException) -> Exception:
    return CODEC.decode_exception(CODEC.encode_exception(error))


def raised(error: BaseException, cause: BaseException | None = None) -> BaseException:
    try:
        raise error from cause  # noqa: TRY301  # it is caught to have a traceback
    except BaseException as caught:
        return caught


class Custom(Exception):
    """A constructor that takes facts, and would run again with the wrong ones."""

    made = 0
    code = 0

    def __init__(self, code: int, *, hint: str) -> None:
        type(self).made += 1
        super().__init__(f"code {code}")
        self.code = code
        self.hint = hint

    def method(self) -> str:
        return "mine"


class Http(OSError):
    def __init__(self, *args: Any, response: Any = None) -> None:
        super().__init__(*args)
        self.response = response


class Nasty(BaseException):
    """As KeyboardInterrupt, but one that doesn't end the tests."""


class Hostile(Exception):
    def __str__(self) -> str:
        raise Nasty

    __repr__ = __str__


class Hidden(Exception):
    @property
    def args(self) -> Any:  # type: ignore[override]
        raise Nasty

    @property
    def __dict__(self) -> Any:  # type: ignore[override]
        raise Nasty


class Picky(Exception):
    def __init__(self, one: int, two: int) -> None:  # noqa: ARG002
        super().__init__()


BUILTIN = [
    ValueError("x", 1, (2,)),
    KeyError("k"),
    OSError(2, "no such file", "f.txt"),
    FileNotFoundError(2, "no", "a", None, "b"),
    OSError("just text"),
    ImportError("m", name="n", path="p"),
    AttributeError("a", name="n"),
    UnicodeDecodeError("utf-8", b"abc", 0, 1, "bad"),
    SyntaxError("bad", ("f.py", 1, 2, "text", 1, 3)),
    StopIteration(5),
    json.JSONDecodeError("bad", "doc", 1),
    ZeroDivisionError(),
    TimeoutError(),
]


@pytest.mark.parametrize("error", BUILTIN, ids=repr)
def test_builtin_exception_comes_back_as_itself(error: Exception) -> None:
    back = there_and_back(raised(error))
    assert type(back) is type(error)
    assert back.args == error.args
    assert str(back) == str(error)
    names = ("errno", "strerror", "filename", "filename2", "name", "path", "start", "lineno", "pos")
    for name in names:
        assert getattr(back, name, None) == getattr(error, name, None), name


def test_custom_exception_comes_back_whole_without_its_constructor() -> None:
    error = Custom(5, hint="h")
    made = Custom.made
    back = there_and_back(raised(error))
    assert type(back) is Custom
    assert (back.args, back.code, back.hint) == (("code 5",), 5, "h")
    assert Custom.made == made


def test_picky_constructor_is_no_obstacle() -> None:
    assert type(there_and_back(Picky(1, 2))) is Picky


@pytest.mark.parametrize(
    "error",
    [
        WaitTimeout("j", 3, state="running", last_error="x"),
        EnqueueUncertain(["a", "b"]),
        GiveUp("no"),
        RemoteError("a.B", "m", args_repr=["1"], traceback="t"),
    ],
    ids=repr,
)
def test_own_exceptions_come_back_with_their_facts(error: Exception) -> None:
    back = there_and_back(error)
    assert type(back) is type(error)
    assert str(back) == str(error)
    assert vars(back) == vars(error)


def test_values_that_cannot_be_sent_come_back_as_their_repr() -> None:
    back = there_and_back(Http("404", object, response=[open]))
    assert isinstance(back, Http)
    assert back.args == ("404", repr(object))
    assert back.response == repr([open])


def test_notes_come_back() -> None:
    error = ValueError("x")
    error.add_note("first\x1b[31m")
    error.add_note("second")
    assert there_and_back(error).__notes__ == ["first\x1b[31m", "second"]


def test_cause_is_the_remote_traceback_and_its_cause_the_first_one() -> None:
    back = there_and_back(raised(ValueError("outer"), raised(KeyError("inner"))))
    remote = back.__cause__
    assert isinstance(remote, RemoteTraceback)
    assert "KeyError: 'inner'" in str(remote)
    assert f'File "{__file__}"' in remote.text
    assert "ValueError: outer" in remote.text
    assert isinstance(remote.__cause__, KeyError)
    shown = "".join(traceback.format_exception(back))
    assert shown.index("KeyError") < shown.index("RemoteTraceback") < shown.rindex("ValueError")


def test_context_comes_back_as_context() -> None:
    try:
        try:
            raise KeyError("inner")  # noqa: TRY301
        except KeyError:
            raise ValueError("outer")  # noqa: B904  # so it has a context
    except ValueError as error:
        remote = there_and_back(error).__cause__
    assert remote is not None
    assert isinstance(remote.__context__, KeyError)
    assert remote.__cause__ is None


def test_long_and_circular_chains_are_bounded() -> None:
    error: BaseException = ValueError("first")
    for number in range(100):
        error = raised(ValueError(number), error)
    following: BaseException | None = there_and_back(error)
    length = 0
    while following is not None:
        length, following = length + 1, following.__cause__
    assert length == 6  # five, and the remote traceback
    one, two = ValueError(1), ValueError(2)
    one.__cause__, two.__cause__ = two, one
    assert str(there_and_back(one)) == "1"


def test_groups_come_back_with_their_members() -> None:
    inner: list[Exception] = [ValueError(1), ExceptionGroup("h", [KeyError("k")])]
    group = ExceptionGroup("g", inner)
    back = there_and_back(group)
    assert isinstance(back, ExceptionGroup)
    assert back.message == "g"
    assert [type(member) for member in back.exceptions] == [ValueError, ExceptionGroup]
    assert repr(back) == repr(group)


def test_deep_and_wide_groups_are_bounded() -> None:
    group: ExceptionGroup[Any] = ExceptionGroup("g", [ValueError(n) for n in range(5)])
    for _ in range(30):
        group = ExceptionGroup("g", [group] * 5)
        assert len(CODEC.encode_exception(group)) < 500_000
    assert isinstance(there_and_back(group), (ExceptionGroup, RemoteError))


@pytest.mark.parametrize(
    "error", [SystemExit(3), KeyboardInterrupt(), GeneratorExit(), TaskCancelled()], ids=repr
)
def test_base_exceptions_come_back_as_remote_error(error: BaseException) -> None:
    back = there_and_back(raised(error))
    assert type(back) is RemoteError
    assert back.type_name.rpartition(".")[2] == type(error).__name__
    assert type(error).__name__ in back.traceback


def unknown_class() -> type[Exception]:
    class Local(Exception):
        pass

    return Local


def test_class_that_is_not_imported_comes_back_as_remote_error_with_all_of_it() -> None:
    error = unknown_class()("text", 5, object)
    error.add_note("note")
    back = there_and_back(raised(error))
    assert isinstance(back, RemoteError)
    assert back.type_name == f"{__name__}.unknown_class.<locals>.Local"
    assert back.message == str(error)
    assert back.args_repr == ("'text'", "5", "<class 'object'>")
    assert back.notes == ("note",)
    assert back.__notes__ == ["note"]
    assert "Local: ('text', 5" in back.traceback
    assert isinstance(back.__cause__, RemoteTraceback)


@pytest.mark.parametrize(
    "name", ["os:system", "builtins:object", "no.such:Thing", "streamq.errors:", "", ":", "a:b:c"]
)
def test_name_that_is_no_exception_class_is_only_a_name(name: str) -> None:
    body = CODEC.encode_exception(ValueError("x"))
    changed = body.replace(b"\xb3builtins:ValueError", bytes([0xA0 + len(name)]) + name.encode())
    assert isinstance(CODEC.decode_exception(changed), RemoteError)


def test_describing_never_rebuilds() -> None:
    error = CODEC.describe_exception(CODEC.encode_exception(raised(ValueError("x", 1))))
    assert type(error) is RemoteError
    assert (error.type_name, error.message) == ("ValueError", "('x', 1)")
    assert error.args_repr == ("'x'", "1")
    assert error.traceback.endswith("ValueError: ('x', 1)\n")


class Deep(Exception):
    pass


def recursion() -> BaseException:
    def down() -> None:
        down()

    try:
        down()
    except RecursionError as error:
        return error
    raise AssertionError


def self_containing() -> BaseException:
    loop: list[Any] = []
    loop.append(loop)
    error = Deep(loop)
    error.args += (error,)
    error.me = error  # type: ignore[attr-defined]
    return error


def huge_note() -> BaseException:
    error = Deep()
    error.add_note("x" * 1_000_000)
    return error


def big_state() -> BaseException:
    error = Deep()
    vars(error).update({f"k{n}": "x" * 9999 for n in range(99)})
    return error


def odd_notes() -> BaseException:
    error = Deep()
    error.__notes__ = 5  # type: ignore[assignment]
    return error


AWKWARD = {
    "str raises": lambda: Hostile("x"),
    "properties raise": lambda: Hidden("x"),
    "huge argument": lambda: Deep("x" * 5_000_000),
    "many arguments": lambda: Deep(*["x" * 10_000] * 1000),
    "huge number": lambda: Deep(10**5000),
    "huge note": huge_note,
    "odd notes": odd_notes,
    "surrogates": lambda: Deep("\udc80", b"\xff"),
    "repr raises": lambda: Deep([Hostile()]),
    "recursion": recursion,
    "contains itself": self_containing,
    "odd class": lambda: type("Odd", (Exception,), {"__module__": None})("x"),
    "big state": big_state,
}


@pytest.mark.parametrize("make", AWKWARD.values(), ids=AWKWARD)
def test_awkward_exception_is_carried_in_bounded_size(make: Any) -> None:
    body = CODEC.encode_exception(raised(make()))
    assert len(body) < 400_000
    back = CODEC.decode_exception(body)
    assert isinstance(back, Exception)
    assert isinstance(str(back), str)
    assert "".join(traceback.format_exception(back))
    assert isinstance(CODEC.describe_exception(body), RemoteError)


def test_long_traceback_loses_its_middle() -> None:
    error = CODEC.describe_exception(CODEC.encode_exception(Deep("a" + "x" * 200_000 + "z")))
    assert len(error.traceback) < 70_000
    assert "bytes left out" in error.traceback
    assert error.traceback.endswith("z\n")


def test_attribute_cannot_hide_a_method() -> None:
    error = Custom(1, hint="h")
    vars(error)["method"] = "not mine"
    assert there_and_back(error).method() == "mine"  # type: ignore[attr-defined]


def test_frames_of_the_worker_are_left_out() -> None:
    scope: dict[str, Any] = {"__name__": "streamq.worker.fake"}
    exec("def run(task):\n    task()", scope)  # noqa: S102

    def task() -> None:
        raise ValueError("mine")

    text = ""
    try:
        scope["run"](task)
    except ValueError as error:
        error.__traceback__ = error.__traceback__.tb_next  # type: ignore[union-attr]
        text = CODEC.describe_exception(CODEC.encode_exception(error)).traceback
    assert "in task" in text
    assert "in run" not in text


@pytest.mark.parametrize("value", [None, 1, [], [[], ""], [["a", "b"], ""], [[1] * 7, ""]])
def test_what_is_not_an_exception_is_refused(value: Any) -> None:
    import msgpack

    for read in (CODEC.decode_exception, CODEC.describe_exception):
        with pytest.raises(DecodeError):
            read(msgpack.packb(value))


def test_every_builtin_exception_survives() -> None:
    for cls in vars(builtins).values():
        if isinstance(cls, type) and issubclass(cls, BaseException):
            assert isinstance(there_and_back(cls.__new__(cls, "m", [ValueError()])), Exception)


def test_module_that_runs_here_as_main_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    main = sys.modules["__main__"]
    monkeypatch.setattr(main, "__file__", "/somewhere/shop.py", raising=False)
    cls = type("OutOfStock", (Exception,), {"__module__": "shop"})
    monkeypatch.setattr(main, "OutOfStock", cls, raising=False)
    assert type(there_and_back(cls("x"))) is cls
