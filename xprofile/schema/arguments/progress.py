"""Progress bars of long runs: that of tqdm, and that of dask where dask does the work."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, nullcontext
from typing import Any, TypeVar

from ...exceptions import MissingPackageError

__all__ = ["dask_progress", "progress_iterator"]

T = TypeVar("T")


def progress_iterator(
    label: str, *, shown: bool, total: int | None = None, unit: str = "it"
) -> Callable[[Sequence[Any]], Iterable[Any]]:
    """Return a function that iterates over numbers, and shows a progress bar if `shown`.

    Parameters
    ----------
    label : str
        What is done.
    shown : bool
        Whether to show a bar.
    total : int, optional
        Number of steps of the bar, if the numbers are those of the first step of each block; by
        default each number is a step.
    unit : str
        What is counted.

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
    if total is None:
        return lambda numbers: tqdm(numbers, desc=label, unit=unit)

    def by_block(starts: Sequence[int]) -> Iterator[int]:
        with tqdm(total=total, desc=label, unit=unit) as bar:
            for start, stop in zip(starts, [*starts[1:], total], strict=True):
                yield start
                bar.update(stop - start)

    return by_block


def dask_progress(*, shown: bool) -> AbstractContextManager[Any]:
    """Return a context in which dask shows its own progress bar, if `shown`.

    It is that of the schedulers of one machine; a cluster has its dashboard.

    Raises
    ------
    MissingPackageError
        If a progress bar is wanted and dask is not installed.
    """
    if not shown:
        return nullcontext()
    try:
        from dask.diagnostics.progress import ProgressBar
    except ImportError:
        raise MissingPackageError.of_extra("parallel=True needs", "dask", "parallel") from None
    bar: AbstractContextManager[Any] = ProgressBar()  # type: ignore[no-untyped-call]
    return bar
