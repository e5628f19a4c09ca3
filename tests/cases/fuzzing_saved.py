"""Saved files with random changes, each read in a process that may end: python fuzzing_saved.py.

The libraries of HDF5 and netCDF can end the process when they read a damaged file. So a parent
starts this script for a range of seeds, and sees which seed it was at.
"""

import json
import resource
import shutil
import signal
import sys
import warnings
from pathlib import Path

import netCDF4
import numpy as np
import xarray as xr

import xprofile
from cases.fuzzing import change_bytes, changed, pick
from cases.maps import make_maps
from cases.profiles import make_profile
from cases.templates import filled
from xprofile.exceptions import XProfileError

SECONDS = 10
LARGEST = 500 * 2**20  # bytes that one case may add
REFERENCES = ["ref_dnde", "ref_flux", "ref_eflux", "ref_e2dnde"]
ODD = [
    "", "x", "{", "null", "[1]", "{}", "[" * 100_000, "9" * 5000, '{"version": 1}', 3, -1.5, np.nan,
    np.int8(1), np.arange(3), np.arange(5.0), "\N{SNOWMAN}", "{" + '"a":{' * 20_000, "1e999",
]  # fmt: skip
WORDS = [
    "NaN",
    "-1",
    "1e999",
    "''",
    "[]",
    "{}",
    "null",
    "!!x",
    "float128",
    "int8",
    "object",
    "a: b",
]


def sources(folder):
    """Write one good file of each kind."""
    profile, maps = make_profile(), make_maps(shape=(4, 5), nenergy=2, ntrue=2)
    xprofile.write_netcdf(profile, folder / "profile.nc")
    xprofile.write_netcdf(maps, folder / "maps.nc")
    xprofile.write_profile(profile, folder / "profile.fits")
    xprofile.write_ecsv(profile, folder / "profile.ecsv")
    binned, templates = filled()
    fit = xprofile.fit_templates(binned, templates)
    xprofile.write_profile(fit, folder / "profile_fit.fits")
    few = profile[["norm", "norm_err", "norm_ul", "is_ul", "counts", *REFERENCES]]
    xprofile.write_zarr(few, folder / "profile.zarr")  # a folder for each: all take twice as long


def change_structure(rng, path):
    """Change attributes and variables through the library of netCDF."""
    with netCDF4.Dataset(path, "a") as data:
        for _ in range(rng.integers(1, 4)):
            holder = pick(rng, [data, data, *data.variables.values()])
            names = holder.ncattrs() or ["xprofile"]
            kind, name = rng.integers(5), pick(rng, names)
            if kind == 0 and name in holder.ncattrs() and name != "_FillValue":
                holder.delncattr(name)
            elif kind < 3 and name != "_FillValue":
                holder.setncattr(name, pick(rng, ODD))
            elif kind == 3:
                old = pick(rng, data.variables)
                data.renameVariable(old, f"{old}_")
            else:
                variable = pick(rng, data.variables.values())
                if variable.size and variable.dtype is not str and variable.dtype.kind in "fi":
                    variable[...] = pick(rng, [0, -1, 1e30, 127]) if rng.integers(2) else 5


def change_variables(rng, source, path):
    """Drop, rename, reshape or retype variables with xarray."""
    with xr.open_dataset(source, decode_cf=False) as data:
        data = data.load()
    name = pick(rng, data.variables)
    kind = rng.integers(5)
    if kind == 0:
        data = data.drop_vars(name)
    elif kind == 1:
        data = data.rename({name: "other"})
    elif kind == 2:
        data = data.isel({pick(rng, data.sizes): slice(0, int(rng.integers(3)))})
    elif kind == 3:
        data[name] = ("new", np.arange(rng.integers(5)))
    else:
        data = data.rename_dims({pick(rng, data.sizes): "new"})
    data.to_netcdf(path)


def change_text(rng, text):
    """Change words of a text, and remove, repeat or swap lines."""
    lines = text.splitlines()
    for _ in range(rng.integers(1, 5)):
        i, j = rng.integers(len(lines), size=2)
        kind = rng.integers(5)
        if kind == 0:
            lines[i] = lines[j]
        elif kind == 1:
            lines[i], lines[j] = lines[j], lines[i]
        elif kind == 2:
            del lines[i]
            lines = lines or [""]
        else:
            words = lines[i].split(" ")
            words[rng.integers(len(words))] = pick(rng, WORDS)
            lines[i] = " ".join(words)
    return "\n".join(lines)


def change_json(rng, path):
    """Change one value in the metadata of Zarr."""
    try:
        content = json.loads(path.read_text())
    except ValueError:
        return
    holder = content
    while True:
        key = pick(rng, holder) if isinstance(holder, dict) else int(rng.integers(len(holder)))
        inner = holder[key]
        if not isinstance(inner, dict | list) or not inner or rng.integers(4) == 0:
            break
        holder = inner
    if rng.integers(4) == 0:
        del holder[key]
    else:
        holder[key] = pick(
            rng, [None, -1, 0, 10**9, 1e300, "x", [], {}, [[1]], True, "<f8", [3, 3]]
        )
    path.write_text(json.dumps(content))


def spoil(rng, good, path):
    """Write a changed copy of a file, and return the functions that can open it."""
    if good.is_dir():
        shutil.copytree(good, path)
        part = pick(rng, sorted(p for p in path.rglob("*") if p.is_file()))
        kind = rng.integers(4)
        if kind == 0:
            part.unlink()
        elif kind < 3 and part.suffix == ".json":
            change_json(rng, part)
        else:
            part.write_bytes(changed(rng, part.read_bytes()))
    elif good.suffix == ".ecsv" and rng.integers(3):
        path.write_text(change_text(rng, good.read_text()))
    elif good.suffix == ".nc" and rng.integers(3) == 0:
        shutil.copy(good, path)
        change_structure(rng, path)
    elif good.suffix == ".nc" and rng.integers(3) == 0:
        change_variables(rng, good, path)
    elif good.suffix == ".nc" and rng.integers(2):  # where the headers are
        content = bytearray(good.read_bytes())
        head = content[:4096]
        change_bytes(rng, head)
        path.write_bytes(bytes(head) + bytes(content[4096:]))
    else:
        path.write_bytes(changed(rng, good.read_bytes()))
    profile = "profile" in good.name
    keeps = good.suffix in (".nc", ".zarr")
    return [xprofile.open_profile] * profile + [xprofile.open_netcdf] * keeps


def run(seed, folder, kind):
    """Read one changed file."""
    rng = np.random.default_rng(seed)
    path = folder / f"changed{Path(kind).suffix}"
    shutil.rmtree(path) if path.is_dir() else path.unlink(missing_ok=True)
    try:
        opens = spoil(rng, folder / kind, path)
    except (
        RuntimeError,
        OSError,
        ValueError,
        LookupError,
        TypeError,
        AttributeError,
        ArithmeticError,
    ):
        return  # what the libraries cannot write is no case
    read = opens[seed % len(opens)]  # both read alike, so one of them for each file
    signal.alarm(SECONDS)  # its usual action ends the process
    try:
        repr(read(path))
    except XProfileError:
        pass
    finally:
        signal.alarm(0)


def main(folder, kind, first, stop):
    """Read the files of some seeds; the last line that is printed is the seed that was begun."""
    warnings.simplefilter("ignore")
    before = None
    for seed in range(first, stop):
        print(seed, flush=True)
        run(seed, folder, kind)
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
        before = peak if before is None else before
        if peak - before > LARGEST:
            raise MemoryError(f"{kind} with seed {seed} took {(peak - before) / 2**20:.0f} MB")


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2], int(sys.argv[3]), int(sys.argv[4]))
