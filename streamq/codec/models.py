"""Enum members, dataclasses and pydantic models: their parts, and how they are put together.

A model is rebuilt as it was: constructors, `__post_init__` and validators ran where it
was made and don't run again (as with copy and pickle). A field that was added since gets
its default. pydantic is never imported: whoever has a model has imported it.
"""

from __future__ import annotations

import sys
from dataclasses import MISSING, fields, is_dataclass
from enum import Flag
from typing import TYPE_CHECKING, Any

from streamq.errors import DecodeError

if TYPE_CHECKING:
    from collections.abc import Callable
    from enum import Enum


def is_pydantic(cls: type) -> bool:
    """Whether this is a model of pydantic 2."""
    pydantic = sys.modules.get("pydantic.main")
    base = getattr(pydantic, "BaseModel", None)
    return isinstance(base, type) and issubclass(cls, base)


def is_model(cls: type) -> bool:
    """Whether instances are sent by their fields."""
    # What also is a builtin container or exception holds more than its fields.
    return is_pydantic(cls) or (is_dataclass(cls) and not issubclass(cls, _BUILTIN))


_BUILTIN = (dict, list, tuple, set, frozenset, str, bytes, int, float, BaseException)


def member_key(member: Enum) -> str | int:
    """What names a member in its class: the value of a Flag, which may be a combination."""
    return member.value if isinstance(member, Flag) else member.name


def member_of(cls: type[Enum], key: str | int) -> Enum:
    """The member that `member_key` named; DecodeError if there is none now."""
    try:
        return cls(key) if issubclass(cls, Flag) else cls.__members__[str(key)]
    except (KeyError, ValueError):
        raise DecodeError(f"{cls.__qualname__} has no member {key!r} here") from None


def parts_of(model: Any, sendable: Callable[[Any], bool]) -> dict[str, Any]:
    """The state of a model: its fields, and what else was set on the instance.

    Private attributes of a pydantic model go along where they can be sent; where
    not, they get their defaults at the other end.
    """
    cls: Any = type(model)
    if is_pydantic(cls):
        state = {name: model.__dict__[name] for name in cls.model_fields if name in model.__dict__}
        private = model.__pydantic_private__ or {}
        return {
            "state": state | (model.__pydantic_extra__ or {}),
            # Which fields were not set, or their defaults would count as set afterwards.
            "unset": [name for name in state if name not in model.__pydantic_fields_set__],
            "private": {name: value for name, value in private.items() if sendable(value)},
        }
    names = [field.name for field in fields(cls)]
    state = {name: getattr(model, name) for name in names if hasattr(model, name)}
    extra = {
        name: value
        for name, value in getattr(model, "__dict__", {}).items()
        # A class attribute of the same name makes it by itself: a cached_property.
        if name not in state and not hasattr(cls, name) and not name.startswith("__")
    }
    return {"state": state, "extra": extra} if extra else {"state": state}


def model_from(cls: Any, parts: dict[str, Any]) -> Any:
    """A model with these parts; DecodeError if they don't fit the class as it is here."""
    state = dict(parts["state"])
    if is_pydantic(cls):
        return _pydantic_from(cls, state, set(parts["unset"]), parts["private"])
    model = cls.__new__(cls)
    for field in fields(cls):
        if field.name in state:
            value = state.pop(field.name)
        elif field.default is not MISSING:
            value = field.default
        elif field.default_factory is not MISSING:
            value = field.default_factory()
        elif not field.init:
            continue  # was never set where it was made
        else:
            raise DecodeError(f"{cls.__qualname__} needs a field {field.name!r}, not sent")
        object.__setattr__(model, field.name, value)
    if state:
        raise DecodeError(f"{cls.__qualname__} has no field {next(iter(state))!r} here")
    for name, value in parts.get("extra", {}).items():
        if hasattr(cls, name) or name.startswith("__"):  # it would hide a method
            raise DecodeError(f"{cls.__qualname__} has an attribute {name!r} of its own")
        model.__dict__[name] = value
    return model


def _pydantic_from(
    cls: Any, state: dict[str, Any], unset: set[str], sent_private: dict[str, Any]
) -> Any:
    known = cls.model_fields
    values = {name: state.pop(name) for name in list(state) if name in known}
    if state and cls.model_config.get("extra") != "allow":
        raise DecodeError(f"{cls.__qualname__} has no field {next(iter(state))!r} here")
    fields_set = (values.keys() | state.keys()) - unset
    for name, field in known.items():
        if name not in values:
            if field.is_required():
                raise DecodeError(f"{cls.__qualname__} needs a field {name!r}, not sent")
            values[name] = field.get_default(call_default_factory=True)
    private = {
        name: sent_private[name] if name in sent_private else attribute.get_default()
        for name, attribute in cls.__private_attributes__.items()
    }
    model = cls.__new__(cls)
    model.__setstate__(
        {
            "__dict__": values,
            "__pydantic_extra__": state if cls.model_config.get("extra") == "allow" else None,
            "__pydantic_fields_set__": fields_set,
            "__pydantic_private__": private or None,
        },
    )
    return model
