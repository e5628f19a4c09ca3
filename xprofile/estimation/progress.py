"""A progress bar for long runs, with tqdm."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from ..exceptions import MissingPackageError

__all__ = ["progress_iterator"]


def progress_iterator(label: str, *, shown: bool) -> Callable[[Sequence[int]], Iterable[int]]:
    """Return a function that iterates over numbers, and shows a progress bar if `shown`.

    Raises
    ------
    MissingPackageError
        If a progress bar is wanted and tqdm is not installed.
    """
    if not shown:
        return iter
    try:
        from tqdm.auto import tqdm
    except ImportError:
        raise MissingPackageError.of_extra("progress=True needs", "tqdm", "progress") from None
    return lambda numbers: tqdm(numbers, desc=label)
