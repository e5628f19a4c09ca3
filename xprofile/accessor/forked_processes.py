"""Processes that are forked after dask has computed something: they compute with their own threads.

The threads of a process are not in those forked from it. dask does not notice, gives its work to
the missing threads, and waits for ever.
"""

from __future__ import annotations

import os
import sys
import threading
from typing import Any

__all__ = ["forget_threads_of_dask"]


def forget_threads_of_dask() -> None:
    """Let dask start new threads in this process."""
    threaded: Any = sys.modules.get("dask.threaded")
    if threaded is not None:
        threaded.default_pool = None
        threaded.pools.clear()
        threaded.pools_lock = threading.Lock()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=forget_threads_of_dask)
