"""A progress bar for long runs, by tqdm where it is installed."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from ..exceptions import InvalidOptionError

__all__ = ["over"]


def over(label: str, *, shown: bool) -> Callable[[Sequence[int]], Iterable[int]]:
    """Return a function that iterates over numbers and shows how far it is.

    Raises
    ------
    InvalidOptionError
        If a bar is wanted and tqdm is not installed.
    """
    if not shown:
        return iter
    try:
        from tqdm.auto import tqdm
    except ImportError:
        raise InvalidOptionError(
            "progress=True needs the package tqdm: install it, or xprofile[progress]"
        ) from None
    return lambda numbers: tqdm(numbers, desc=label)
