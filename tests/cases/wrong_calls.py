"""Random wrong calls of public functions, as text that can be pasted, and their judgement."""

import copy
import inspect
import resource
import sys
import time
import types
import warnings
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
import xarray as xr

import xprofile
from xprofile.exceptions import XProfileError

from . import small_inputs
from .small_inputs import SPOILING

__all__ = ["check_call", "random_call", "run", "targets"]

# wrong for nearly every parameter
ODD = (
    "None", "True", "False", "0", "1", "-1", "2.5", "5.0", "np.nan", "np.inf", "10**9", "10**12",
    "10**400", "-(10**30)", "1e300", "1j", "''", "'x'", "'sum'", "'dnde'", "b'x'", "'é\\x00'",
    "[]", "()", "{}", "set()", "['dnde']", "[1, 2]", "[None]", "[[1], [1, 2]]", "{'a': 1}",
    "{1, 2}", "(i for i in 'ab')", "range(3)", "object()", "Ellipsis", "int", "len", "lambda: 1",
    "lambda e: None", "lambda e: 'x'", "lambda e: 1 / 0", "np.array([])", "np.array(3)",
    "np.arange(3)", "np.array('a')", "np.array([None])", "np.ones((2, 3))", "np.ones((0, 3))",
    "np.ma.masked_array([1.0, 2.0], [False, True])", "np.ma.masked", "np.float64(1)", "np.True_",
    "np.datetime64('2020-01-01')", "1 * u.deg", "-1 * u.deg", "np.nan * u.deg", "400 * u.deg",
    "1e-12 * u.deg", "1e12 * u.deg", "1 * u.TeV", "[1, 2] * u.TeV", "[2, 1] * u.TeV",
    "[1, np.nan] * u.TeV", "[0, 1, 2] * u.deg", "[1] * u.deg", "[] * u.deg", "1 * u.m", "1 * u.mag",
    "u.deg", "1 * u.one", "[[0, 1], [2, 3]] * u.deg", "center()",
    "SkyCoord([0, 1], [0, 1], unit='deg')",
    "SkyCoord(np.nan, 0, unit='deg')", "SkyCoord([], [], unit='deg')",
    "center().icrs", "center().frame",
    "SkyCoord(0, 0, unit='deg', frame='fk5', equinox='J1875')", "SkyCoord(1, 2, 3, unit='pc', "
    "representation_type='cartesian')", "bins()", "[bins()]", "bins()[:0]", "wcs()", "WCS(naxis=1)",
    "maps()", "binned()", "profile()", "image()", "toys()", "[maps(), maps()]",
    "[binned(), maps()]", "mixed()", "unfolded()", "[mixed(), binned()]", "[mixed(), mixed()]",
    "binned().counts", "profile().norm", "xr.Dataset()", "xr.DataArray(3)", "xr.DataArray([1, 2])",
    "xr.DataArray(['a'])", "profile().norm.isel(energy=0)", "np.random.default_rng(1)", "axes()",
    "axes(sky=True)", "file('maps.fits')", "file('text.txt')", "file('empty')", "folder()",
    "file('profile.fits')", "file('maps.nc')", "file('profile.ecsv')", "'x' * 300", "'x' * 5000",
)  # fmt: skip

# wrong for numbers and for quantities, which are tried more often where these are expected
NUMBERS = (
    *(v for v in ODD if v[:1] in "0123456789-" and "u." not in v),
    "np.nan", "np.inf", "True", "np.float64(1)", "np.array(3)", "10**5", "10**7", "'3'", "[2]",
)  # fmt: skip
QUANTITIES = (*(v for v in ODD if "* u." in v), "1e6 * u.deg", "1 * u.arcsec", "1 * u.mas")

# right values by the name of a parameter, or by function and parameter
GOOD = {
    "data": "maps()", "maps": "maps()", "binned": "binned()", "profile": "profile()",
    "profiles": "[profile(), profile()]", "image": "image()", "toys": "toys()", "bins": "bins()",
    "regions": "bins()[:1]", "center": "center()", "start": "center()", "dim": "'energy'",
    "end": "SkyCoord(1, 0, unit='deg', frame='galactic')", "width": "1 * u.deg",
    "height": "0.5 * u.deg", "points": "SkyCoord([0, 1, 1], [0, 0, 1], unit='deg')",
    "axis_ratio": "0.5", "position_angle": "20 * u.deg", "radius_max": "1 * u.deg", "nbin": "3",
    "factor": "2", "sed_type": "'dnde'", "name": "'flux'", "norm": "1.0", "quantity": "'ts'",
    "sqrt_ts_threshold_ul": "2.0", "n_sigma_ul": "2.0", "path": "folder() / 'new'",
    "spectral_model": "xprofile.power_law(index=2.3)", "counts": "np.ones((2, 10, 12), int)",
    "wcs": "wcs()", "energy_edges": "[0.01, 0.1, 1] * u.TeV", "dataset": "maps()",
    "exposure": "1e12 * u.Unit('cm2 s')", "path_or_paths": "file('events.fits')", "rng": "1",
    "units": "{'energy': 'MeV'}", "overwrite": "True",
    "select.indexers": "{'energy': 0}", "open_maps.path": "file('maps.fits')", "n_toys": "3",
    "open_maps.counts": "None", "open_maps.exposure": "None", "open_map.path": "file('maps.fits')",
    "open_netcdf.path": "file('maps.nc')", "open_profile.path": "file('profile.fits')",
    "SkyBins.from_regions.regions": "bins().to_regions()", "SkyBins.grid.nbin": "(2, 3)",
    "SkyBins.grid.width": "1 * u.deg", "smooth.width": "0.3 * u.deg", "rad": "[0, 0.1] * u.deg",
    "exclude.regions": "bins()[:1]", "plot_summary.image": "image()", "axis_edges.data": "binned()",
    "write_netcdf.data": "binned()", "select.data": "maps()", "open_events.like": "maps()",
    "from_arrays.background": "1.0", "index": "2.0", "p_value.quantity": "'ts'",
    "plot_array.values": "profile()['ts']",
    "expected_limits.quantity": "'norm_ul'", "plot_profile.quantity": "'flux'",
    "coarsen.factor": "2", "unfold.binned": "mixed()", "share_kept.binned": "mixed()",
    "psf_profile.binned": "mixed()", "plot_psf.binned": "mixed()", "plot_correlation.profile":
    "unfolded()", "psf": "True", "margin": "0.3 * u.deg", "smoothness": "1.0",
    "rebin.factor": "3", "plot.quantity": "'flux'", "template": "image()", "predict.psf": "None",
    "table_model.energy": "[1, 2] * u.TeV", "open_spectrum.path": "file('text.txt')",
    "table_model.values": "[1, 2] * u.Unit('cm-2 s-1 TeV-1')",
}  # fmt: skip

_NAMESPACE = {name: getattr(small_inputs, name) for name in small_inputs.__all__}
_METHODS = ("maps()", "binned()", "mixed()", "profile()", "unfolded()", "toys()", "image()")


def targets():
    """Expressions of all public functions, constructors and accessor methods, and their names."""
    found = [
        f"xprofile.{name}" for name in xprofile.__all__ if _is_function(getattr(xprofile, name))
    ]
    found += ["ProfileEstimator", "ProfileEstimator().run", "xprofile.tutorial.open_maps"]
    found += [f"SkyBins.{n}" for n in _methods(xprofile.SkyBins)]
    found = [name.replace("SkyBins.", "bins().") if name in _OF_BINS else name for name in found]
    found += [f"xprofile.plot.{name}" for name in xprofile.plot.__all__]
    for data in _METHODS:
        accessor = eval(data, _NAMESPACE).profile
        names = [n for n in dir(accessor) if callable(getattr(accessor, n))]
        found += [f"{data}.profile.{name}" for name in names]
    return found


_OF_BINS = ("SkyBins.plot", "SkyBins.to_regions", "SkyBins.region_texts")


def _is_function(value):
    return isinstance(value, types.FunctionType)


def _methods(cls):
    """Names of the public methods of a class."""
    return [n for n in dir(cls) if n[0] != "_" and callable(getattr(cls, n))]


def random_call(rng, target):
    """Expression of a call in which one to three arguments are wrong."""
    function = eval(target, _NAMESPACE)
    short = target.rpartition(".profile.")[2].removeprefix("xprofile.").removeprefix("plot.")
    signature = inspect.signature(function).parameters
    parameters = signature.values()
    named = {}
    for p in parameters:
        good = GOOD.get(f"{short}.{p.name}", GOOD.get(p.name))
        if p.kind in (p.VAR_KEYWORD, p.VAR_POSITIONAL):
            continue
        needed = p.default is p.empty or (f"{short}.{p.name}" in GOOD)
        if p.name in ("nbin", "spectral_model", "radius_max", "overwrite", "rng", "n_toys"):
            needed = needed or (rng.random() < 0.8 and short != "open_maps")
        if p.name in ("psf", "margin", "smoothness"):
            needed = needed or (rng.random() < 0.5 and short != "open_maps")
        if needed:
            named[p.name] = good or "None"
    names = [p.name for p in parameters if p.kind not in (p.VAR_KEYWORD, p.VAR_POSITIONAL)]
    for _ in range(rng.choice([1, 1, 1, 2, 3])):
        if names:
            name = str(rng.choice(names))
            named[name] = _wrong(rng, named.get(name), str(signature[name].annotation))
    if rng.random() < 0.04:
        named[str(rng.choice(["foo", "edge", "n_bins", "color", "alpha"]))] = _wrong(rng, None)
    if rng.random() < 0.03 and named:
        named.pop(str(rng.choice(list(named))))
    spoil_self = ".profile." in target and rng.random() < 0.5
    if spoil_self:
        data, _, method = target.partition(".profile.")
        target = f"{_spoilt(rng, data)}.profile.{method}"
    return f"{target}({', '.join(f'{n}={v}' for n, v in named.items())})"


def _wrong(rng, good, annotation=""):
    for kind, values in (("int", NUMBERS), ("float", NUMBERS), ("Quantity", QUANTITIES)):
        if kind in annotation and rng.random() < 0.6:
            return values[rng.integers(len(values))]
    if good in _METHODS and rng.random() < 0.8:
        return _spoilt(rng, good)
    return ODD[rng.integers(len(ODD))]


def _spoilt(rng, data):
    found = eval(data, _NAMESPACE)
    names = ["counts", *found.coords] if isinstance(found, xr.DataArray) else list(found.variables)
    return f"spoilt({data}, {str(rng.choice(names))!r}, {str(rng.choice(SPOILING))!r})"


def check_call(text, *, seconds=2.0):
    """Describe what is wrong with a call, or return None: it has a result or an `XProfileError`.

    A call that takes more than `seconds` is tried once more, as machines may be busy.
    """
    for _ in range(2):
        try:
            function, args = _prepared(text)
        except Exception:  # the data cannot be spoilt so, or have no such method then
            return None
        before = [copy.deepcopy(value) if _is_data(value) else None for value in args.values()]
        start = time.perf_counter()
        problem = _outcome(function, args)
        spent = time.perf_counter() - start
        plt.close("all")
        if problem or spent <= seconds:
            break
    if problem or spent > seconds:
        return problem or f"took {spent:.1f} s"
    for (name, value), old in zip(args.items(), before, strict=True):
        if old is not None and not _identical(value, old):
            return f"changed {name}"
    return None


def _prepared(text):
    """Function and arguments of an expression; the data of an accessor are ``self``."""
    kept = {}

    def keep(*args, **kwargs):
        kept["args"], kept["kwargs"] = args, kwargs

    target, _, rest = _split(text)
    function = eval(target, _NAMESPACE)
    eval(f"_keep({rest}", {**_NAMESPACE, "_keep": keep})
    args = dict(enumerate(kept["args"])) | kept["kwargs"]
    if ".profile." in target:
        args["self"] = function.__self__._obj
    return function, args


def _split(text):
    """Split a call into function and arguments at the opening bracket that the last one closes."""
    depth = 0
    for i in range(len(text) - 1, -1, -1):
        depth += (text[i] in ")]}") - (text[i] in "([{")
        if depth == 0:
            return text[:i], "(", text[i + 1 :]
    raise ValueError(text)


def _outcome(function, args):
    given = [args[i] for i in sorted(k for k in args if isinstance(k, int))]
    named = {k: v for k, v in args.items() if isinstance(k, str) and k != "self"}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            function(*given, **named)
        except XProfileError as error:
            if isinstance(error.__cause__, MemoryError):
                return f"asked for too much memory: {error}"
            return None
        except TypeError as error:
            if _is_of_python(function, given, named):
                return None
            return f"{type(error).__name__}: {error}"
        except BaseException as error:
            return f"{type(error).__name__}: {error}"
    return None


def _is_of_python(function, given, named):
    """Whether the arguments do not fit the signature, which Python itself reports."""
    try:
        inspect.signature(function).bind(*given, **named)
    except TypeError:
        return True
    return False


def _is_data(value):
    return isinstance(value, xr.Dataset | xr.DataArray | np.ndarray | dict | list)


def _identical(value, old):
    if isinstance(value, xr.Dataset | xr.DataArray):
        try:
            return value.identical(old)
        except (ValueError, TypeError):
            return True  # attributes that cannot be compared
    if isinstance(value, np.ndarray):
        return repr(value) == repr(old)
    return True


def run(seed, number, *, megabytes=500):
    """Try calls with a limit of memory for this process; return those with a fault.

    Returns
    -------
    list of tuple of str
        What is wrong, and the call.
    """
    rng, every = np.random.default_rng(seed), targets()
    for target in every:  # loads what is loaded once
        check_call(random_call(rng, target))
    size = Path("/proc/self/statm")
    if size.exists():
        pages = int(size.read_text().split()[0])
        limit = pages * resource.getpagesize() + megabytes * 2**20
        resource.setrlimit(resource.RLIMIT_AS, (limit, limit))
    calls = [random_call(rng, every[i % len(every)]) for i in range(number)]
    found = [(check_call(call), call) for call in calls]
    return [(problem, call) for problem, call in found if problem]


if __name__ == "__main__":
    faults = run(*map(int, sys.argv[1:]))
    for problem, call in faults:
        print(f"{problem[:300]}\n    {call}")
    sys.exit(bool(faults))
