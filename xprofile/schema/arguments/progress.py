"""Progress bars of long runs: that of tqdm, and that of dask where dask does the work."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import Any, TypeVar

from ...exceptions import MissingPackageError

__all__ = ["Counter", "dask_progress", "progress_counter", "progress_iterator"]

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
    tqdm = _import_tqdm()
    if total is None:
        return lambda numbers: tqdm(numbers, desc=label, unit=unit)

    def by_block(starts: Sequence[int]) -> Iterator[int]:
        with tqdm(total=total, desc=label, unit=unit) as bar:
            for start, stop in zip(starts, [*starts[1:], total], strict=True):
                yield start
                bar.update(stop - start)

    return by_block


class Counter:
    """Counter of the steps of a progress bar; without a bar, it does nothing."""

    def __init__(self, bar: Any = None) -> None:
        self._bar = bar

    def advance(self, number: int) -> None:
        """Move the bar by a number of steps."""
        if self._bar is not None and number:
            self._bar.update(int(number))

    def grow(self, number: int) -> None:
        """Add a number of steps that are still to do."""
        if self._bar is not None:
            self._bar.total += int(number)
            self._bar.refresh()


def progress_counter(
    label: str, *, shown: bool, unit: str
) -> Callable[[int], AbstractContextManager[Counter]]:
    """Return a function that opens a progress bar of a number of steps, if `shown`.

    Parameters
    ----------
    label, shown, unit
        As in `progress_iterator`.

    Raises
    ------
    MissingPackageError
        If a progress bar is wanted and tqdm is not installed.
    """
    tqdm = _import_tqdm() if shown else None

    @contextmanager
    def opened(total: int) -> Iterator[Counter]:
        if tqdm is None:
            yield Counter()
            return
        with tqdm(total=total, desc=label, unit=unit) as bar:
            yield Counter(bar)

    return opened


def _import_tqdm() -> Any:
    try:
        from tqdm.auto import tqdm
    except ImportError:
        raise MissingPackageError.of_extra("progress=True needs", "tqdm", "progress") from None
    return tqdm


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
