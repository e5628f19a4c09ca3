"""Sums of whole maps in a few threads at once.

numpy lets other threads run while it adds. Only the main thread of a program starts such threads,
and they end with the call: tasks of dask, and programs with several threads or processes, use the
processor already.
"""

from __future__ import annotations

import multiprocessing
import os
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

import numpy as np

__all__ = ["map_in_threads"]

T = TypeVar("T")
R = TypeVar("R")

# Most threads, as more wait for memory; and fewest values that are worth a thread: it starts in
# 0.1 ms, in which numpy adds some 100,000. Both affect speed alone.
_MOST_THREADS, _FEWEST_VALUES = 4, 1 << 20


def map_in_threads(function: Callable[[T], R], items: Sequence[T], size: int) -> list[R]:
    """Apply a function to items, in threads if they are large; return the results in order.

    Parameters
    ----------
    function : callable
        Takes one item. Must not modify what other calls use.
    items : sequence
        Items that take about as long as each other.
    size : int
        Number of values of all items.
    """
    number = min(_free_threads(), len(items), size // _FEWEST_VALUES)
    if number < 2:
        return [function(item) for item in items]
    errors_as = np.geterr()  # which new threads do not take over

    def call(item: T) -> R:
        with np.errstate(**errors_as):
            return function(item)

    pool = ThreadPoolExecutor(number)
    try:
        waiting = [pool.submit(call, item) for item in items]
        return [result.result() for result in waiting]
    finally:
        pool.shutdown(cancel_futures=True)


def _free_threads() -> int:
    """Number of threads that the caller may use, its own among them."""
    in_main = threading.current_thread() is threading.main_thread()
    if not in_main or multiprocessing.parent_process() is not None:
        return 1
    return min(_available(), _MOST_THREADS)


def _available() -> int:
    """Number of processors that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
