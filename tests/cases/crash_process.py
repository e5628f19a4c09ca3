"""Process that writes files in children of its own, and kills or hinders these.

Run as ``python -m cases.crash_process FORMAT FOLDER ROUNDS SEED``. It prints one line of JSON: for
each scenario a list of all that went wrong.
"""

import json
import os
import random
import resource
import signal
import sys
import time
import traceback
from pathlib import Path

import numpy as np

import xprofile
from cases.maps import make_maps
from cases.profiles import make_profile
from xprofile.exceptions import ExistingFileError, UnwritableFileError

EXISTS, UNWRITABLE, INTERRUPTED, OTHER = 3, 4, 5, 6  # exit codes of writers that failed
WRITERS, READERS = 8, 3
LONG = 10.0  # seconds; a write takes less than one, on a busy machine as well
FORMATS = {  # name of the file, writer, reader
    "fits": ("m.fits", xprofile.write_maps, xprofile.open_maps),
    "fits.gz": ("m.fits.gz", xprofile.write_maps, xprofile.open_maps),
    "netcdf": ("m.nc", xprofile.write_netcdf, xprofile.open_netcdf),
    "zarr": ("m.zarr", xprofile.write_zarr, xprofile.open_netcdf),
    "profile": ("p.fits", xprofile.write_profile, xprofile.open_profile),
    "ecsv": ("p.ecsv", xprofile.write_ecsv, xprofile.open_profile),
}


class Writing:
    """A file of one format, and data whose values are all one number, by which they are known."""

    def __init__(self, form, folder):
        name, self.writer, self.reader = FORMATS[form]
        self.folder, self.path = Path(folder), Path(folder) / name
        maps = self.writer not in (xprofile.write_profile, xprofile.write_ecsv)
        self.data = make_maps(shape=(120, 200)).drop_vars("mask") if maps else make_profile()
        self.names = ["counts", "background", "exposure"] if maps else ["counts", "norm", "norm_ul"]

    def write(self, number, overwrite=True):
        values = {name: self.data[name] * 0 + number for name in self.names}
        values = {name: v.fillna(number).astype(float) for name, v in values.items()}
        self.writer(self.data.assign(values), self.path, overwrite=overwrite)

    def read(self):
        """Read the number, or raise if the file is not whole."""
        found = self.reader(self.path)
        numbers = {float(n) for name in self.names for n in np.unique(found[name])}
        if len(numbers) != 1:
            raise ValueError(f"a mixture of {numbers}")
        return int(numbers.pop())

    def left(self):
        """Names of all other files in the folder."""
        return sorted(p.name for p in self.folder.iterdir() if p.name != self.path.name)

    def fork(self, number, overwrite=True, prepare=lambda: None):
        """Write in a child, and return its process id."""
        pid = os.fork()
        if pid:
            return pid
        code = OTHER
        try:
            signal.signal(signal.SIGINT, signal.default_int_handler)
            prepare()
            self.write(number, overwrite)
            code = 0
        except ExistingFileError:
            code = EXISTS
        except UnwritableFileError:
            code = UNWRITABLE
        except KeyboardInterrupt:
            time.sleep(0.5)  # the program goes on, and with it threads that still write
            code = INTERRUPTED
        except BaseException:
            traceback.print_exc()
        finally:
            os._exit(code)


def wait(pid):
    """Return the exit code of a child, negative for a signal, and the seconds until it ended."""
    start = time.monotonic()
    while time.monotonic() < start + LONG:
        done, status = os.waitpid(pid, os.WNOHANG)
        if done:
            return os.waitstatus_to_exitcode(status), time.monotonic() - start
        time.sleep(0.002)
    os.kill(pid, signal.SIGKILL)
    os.waitpid(pid, 0)
    return None, LONG


def is_stale(name):
    return name.startswith(".xprofile-") and name.endswith(".tmp")


def signals(writing, rounds, rng):
    """Kill, end or interrupt a writer at a random moment, while there is an old file or none."""
    start = time.monotonic()
    wait(writing.fork(1))
    duration = time.monotonic() - start
    for turn in range(rounds):
        for sent in (signal.SIGKILL, signal.SIGTERM, signal.SIGINT):
            old = turn % 3 > 0
            if not old and writing.path.exists():
                os.system(f"rm -r {writing.path}")
            before = writing.read() if old else None
            pid = writing.fork(turn + 2)
            time.sleep(rng.uniform(0, 1.1) * duration)
            os.kill(pid, sent)
            code, seconds = wait(pid)
            found = writing.read() if writing.path.exists() else None
            left, where = writing.left(), f"{sent.name} in turn {turn}, exit code {code}"
            if found not in (before, turn + 2) or (code == 0 and found != turn + 2):
                yield f"{where}: found {found}, before {before}"
            if sent == signal.SIGINT and (left or code not in (0, INTERRUPTED, -2)):
                yield f"{where}: left {left}"
            if code is None or seconds > LONG / 2:
                yield f"{where}: ended after {seconds} s"
            for name in left:
                if not is_stale(name) or f"-{pid}-" not in name:
                    yield f"{where}: left {name}"
                os.system(f"rm -r {writing.folder / name}")
            if not writing.path.exists():
                writing.write(1)


def full_disk(writing, rounds, rng):
    """Let the system refuse to write more than some bytes of a file, as a full disk does."""
    writing.write(1)
    size = max(p.stat().st_size for p in (writing.path, *writing.path.rglob("*")) if p.is_file())

    def limit(share):
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (int(share * size),) * 2)

    for turn in range(rounds):
        share = 0 if turn == 0 else rng.uniform(0, 0.95)
        code, _ = wait(writing.fork(2, prepare=lambda share=share: limit(share)))
        if code != UNWRITABLE or writing.left() or writing.read() != 1:
            yield f"{share} of the file: exit code {code}, left {writing.left()}"


def read_only(writing, rounds, rng):
    """Write into a folder that the user may read only."""
    writing.write(1)
    writing.folder.chmod(0o555)

    def become_nobody():
        if os.getuid() == 0:
            os.setgroups([])
            os.setgid(65534)
            os.setuid(65534)

    try:
        for overwrite, expected in ((True, UNWRITABLE), (False, EXISTS)):
            code, _ = wait(writing.fork(2, overwrite, become_nobody))
            if code != expected or writing.left() or writing.read() != 1:
                yield f"overwrite={overwrite}: exit code {code}, left {writing.left()}"
        writing.path = writing.path.with_name("new-" + writing.path.name)
        code, _ = wait(writing.fork(2, False, become_nobody))
        if code != UNWRITABLE or writing.path.exists() or len(writing.left()) != 1:
            yield f"a new file: exit code {code}, left {writing.left()}"
    finally:
        writing.folder.chmod(0o755)


def race(writing, rounds, rng, *, overwrite):
    """Let several processes write one path at once, while others read it."""
    for turn in range(rounds):
        if overwrite:
            writing.write(1)
        elif writing.path.exists():
            os.system(f"rm -r {writing.path}")
        start = time.time() + 0.3
        writers = [
            writing.fork(n + 2, overwrite, lambda at=start: time.sleep(max(0, at - time.time())))
            for n in range(WRITERS)
        ]
        readers = [fork_reader(writing, start) for _ in range(READERS)]
        codes = [wait(pid)[0] for pid in writers]
        failed = [code for code in (wait(pid)[0] for pid in readers) if code]
        found = writing.read()
        expected = [0] * WRITERS if overwrite else [0] + [EXISTS] * (WRITERS - 1)
        if sorted(codes, key=str) != sorted(expected, key=str) or failed or writing.left():
            yield f"turn {turn}: exit codes {codes}, readers {failed}, left {writing.left()}"
        if found - 2 not in range(WRITERS) or codes[found - 2] != 0:
            yield f"turn {turn}: found {found}, exit codes {codes}"


def fork_reader(writing, start):
    """Read again and again until a second after the start; what is there has to be whole."""
    pid = os.fork()
    if pid:
        return pid
    code, seen = OTHER, False
    try:
        while time.time() < start + 1:
            if seen or writing.path.exists():
                writing.read()
                seen = True
        code = 0
    except BaseException:
        traceback.print_exc()
    finally:
        os._exit(code)


SCENARIOS = {
    "signals": signals,
    "full_disk": full_disk,
    "read_only": read_only,
    "race": lambda *args: race(*args, overwrite=False),
    "race_overwrite": lambda *args: race(*args, overwrite=True),
}

if __name__ == "__main__":
    form, folder, turns, seed = sys.argv[1:]
    wrong = {}
    for scenario, steps in SCENARIOS.items():
        place = Path(folder, scenario)
        place.mkdir()
        place.chmod(0o755)
        writing = Writing(form, place)
        wrong[scenario] = list(steps(writing, int(turns), random.Random(int(seed))))
    print(json.dumps(wrong))
