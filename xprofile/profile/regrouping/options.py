"""Options of which exactly one must be given."""

from __future__ import annotations

from typing import Any

from ...exceptions import InvalidOptionError

__all__ = ["given_options", "one_option"]


def one_option(**options: Any) -> tuple[str, Any]:
    """Name and value of the option that is given.

    Raises
    ------
    InvalidOptionError
        If none or several are.
    """
    given = given_options(**options)
    if len(given) != 1:
        raise InvalidOptionError(
            f"give one of {', '.join(f'{name}=' for name in options)}; found "
            f"{', '.join(given) or 'none'}"
        )
    return next(iter(given.items()))


def given_options(**options: Any) -> dict[str, Any]:
    """Options that are not None."""
    return {name: value for name, value in options.items() if value is not None}
