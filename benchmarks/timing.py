"""A case of the benchmark, its timing, and its line in the table."""

import statistics
import time
import tracemalloc
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

# short cases run more often than asked for: for this many seconds, but not more than MAX_RUNS times
MIN_SECONDS, MAX_RUNS = 2.0, 51


@dataclass(frozen=True)
class Case:
    """A function to time, and the yardstick that it is compared with.

    Parameters
    ----------
    name : str
        Name in the table.
    run : callable
        Runs the case once.
    yardstick : str
        Name of the yardstick in the table.
    against : callable or float or None
        Runs the yardstick once; or its seconds, measured elsewhere; None if they are not known.
    target : str
        Ratio to reach, for the table only.
    in_process : bool
        Whether the case runs in this process, so that its memory can be measured.
    """

    name: str
    run: Callable[[], object]
    yardstick: str
    against: Callable[[], object] | float | None
    target: str = ""
    in_process: bool = True


def measure(case: Case, runs: int) -> dict[str, object]:
    """Time a case and its yardstick in turn, after one run of each that does not count.

    Short cases run more often than asked for, so that their medians are stable.
    """
    functions = [case.run, *([case.against] if callable(case.against) else [])]
    first = sum(seconds(function) for function in functions)
    runs = max(runs, min(int(MIN_SECONDS / first), MAX_RUNS)) if runs > 1 else runs
    times = [[seconds(function) for function in functions] for _ in range(runs)]
    medians = [statistics.median(column) for column in zip(*times, strict=True)]
    yardstick = medians[1] if callable(case.against) else case.against
    return {
        "name": case.name,
        "seconds": medians[0],
        "yardstick": case.yardstick,
        "yardstick_seconds": yardstick,
        "ratio": None if yardstick is None else medians[0] / yardstick,
        "target": case.target,
        "peak_bytes": peak_bytes(case.run) if case.in_process else None,
    }


def seconds(function: Callable[[], object]) -> float:
    start = time.perf_counter()
    function()
    return time.perf_counter() - start


def peak_bytes(function: Callable[[], object]) -> int:
    """Peak memory of a run, without the memory that was in use before."""
    tracemalloc.start()
    function()
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    return peak


def row(result: dict[str, object]) -> str:
    """One line of the table."""
    ratio, peak = result["ratio"], result["peak_bytes"]
    if ratio is None:
        shown = "-"
    else:
        shown = f"{ratio:.2f}" if ratio > 0.1 else f"1/{np.rint(1 / ratio):.0f}"
    memory = "-" if peak is None else f"{peak / 2**20:.1f}"
    return (
        f"{result['name']:34} {result['seconds']:10.4f} {result['yardstick']:34} "
        f"{shown:>8} {result['target']:>8} {memory:>9}"
    )


def header() -> str:
    return (
        f"{'case':34} {'seconds':>10} {'yardstick':34} {'ratio':>8} {'target':>8} {'peak MiB':>9}"
    )
