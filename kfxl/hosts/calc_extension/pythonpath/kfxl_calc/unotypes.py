"""Values of UNO's own types, made where they are needed: the rest of the package imports no uno."""

from __future__ import annotations

from typing import Any


def struct(name: str, **members: Any) -> Any:
    """A struct of ``com.sun.star`` with these members, the others as they begin."""
    import uno

    made = uno.createUnoStruct(f"com.sun.star.{name}")
    for member, value in members.items():
        setattr(made, member, value)
    return made


def enum(name: str, value: str) -> Any:
    """A value of an enumeration of ``com.sun.star``."""
    import uno

    return uno.Enum(f"com.sun.star.{name}", value)


def set_numbers(target: Any, name: str, values: tuple[int, ...]) -> None:
    """Set a property that takes whole numbers and no sequence of anything else."""
    import uno

    uno.invoke(target, "setPropertyValue", (name, uno.Any("[]long", values)))


def properties(**values: Any) -> tuple[Any, ...]:
    """Values for calls that take them by name."""
    return tuple(
        struct("beans.PropertyValue", Name=name, Value=value) for name, value in values.items()
    )
