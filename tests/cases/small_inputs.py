"""Small valid inputs for each public function, and ways to spoil them, for adversarial tests.

The expressions that the tests print use the names of this module:
``from cases.small_inputs import *``.
"""

import tempfile
from functools import cache
from pathlib import Path

import astropy.units as u
import matplotlib.pyplot as plt
import numpy as np
import xarray as xr
from astropy.coordinates import SkyCoord
from astropy.io import fits
from astropy.wcs import WCS

import xprofile
import xprofile.plot
from xprofile import ProfileEstimator, SkyBins

__all__ = [
    "WCS",
    "ProfileEstimator",
    "SkyBins",
    "SkyCoord",
    "axes",
    "binned",
    "bins",
    "center",
    "file",
    "folder",
    "image",
    "maps",
    "mixed",
    "np",
    "plt",
    "profile",
    "spoilt",
    "toys",
    "u",
    "unfolded",
    "wcs",
    "xprofile",
    "xr",
]

ENERGIES = [0.01, 0.1, 1.0] * u.TeV


def wcs():
    """WCS of 12 by 10 pixels of 0.2 deg at the Galactic centre."""
    found = WCS(naxis=2)
    found.wcs.ctype = ["GLON-CAR", "GLAT-CAR"]
    found.wcs.cdelt = [-0.2, 0.2]
    found.wcs.crpix = [6.5, 5.5]
    return found


def center():
    """Centre of the maps."""
    return SkyCoord(0, 0, unit="deg", frame="galactic")


@cache
def bins():
    """Three annuli."""
    return SkyBins.annuli(center(), radius_max=0.9 * u.deg, nbin=3)


@cache
def _maps():
    rng = np.random.default_rng(7)
    return xprofile.from_arrays(
        rng.poisson(5, (2, 10, 12)),
        wcs=wcs(),
        energy_edges=ENERGIES,
        background=np.full((2, 10, 12), 3.0),
        exposure=np.full((2, 10, 12), 1e12) * u.Unit("cm2 s"),
        mask=np.ones((2, 10, 12), bool),
        edisp=np.array([[0.9, 0.1], [0.1, 0.9]]),
        psf=np.tile([78e3, 39e3, 0], (2, 1)) / u.sr,
        rad=[0, 0.1, 0.2] * u.deg,
    )


@cache
def _binned():
    return xprofile.bin_maps(_maps(), bins())


@cache
def _mixed():
    return xprofile.bin_maps(_maps(), bins(), psf=True, margin=0.3 * u.deg)


@cache
def _unfolded():
    return xprofile.unfold(_mixed(), selection_optional="all", energy_edges="fine")


@cache
def _profile():
    return xprofile.estimate(_binned(), selection_optional="all", energy_edges="fine")


@cache
def _toys():
    drawn = xprofile.simulate(_binned(), norm=1.0, n_toys=3, rng=1)
    return xprofile.estimate(drawn, selection_optional=["ul", "errn-errp"], energy_edges="fine")


def maps():
    """Maps of 2 energies."""
    return _maps().copy(deep=True)


def image():
    """Map of the counts."""
    return maps().counts


def binned():
    """Binned data of 3 annuli."""
    return _binned().copy(deep=True)


def mixed():
    """Binned data of 3 annuli and one of a margin, with the sharing of photons by the PSF."""
    return _mixed().copy(deep=True)


def unfolded():
    """Profile of 3 bins and 2 energies, with a covariance."""
    return _unfolded().copy(deep=True)


def profile():
    """Profile of 3 bins and 2 energies, with a scan."""
    return _profile().copy(deep=True)


def toys():
    """Profiles of 3 toys."""
    return _toys().copy(deep=True)


def axes(*, sky=False):
    """New axes, of the sky or plain."""
    return plt.figure().add_subplot(projection=wcs() if sky else None)


@cache
def _temporary():
    return tempfile.TemporaryDirectory(prefix="xprofile-adversarial-")


def folder():
    """Folder for the files of the tests."""
    return Path(_temporary().name)


@cache
def file(name):
    """Path of a small valid file: maps.fits, profile.fits, profile.ecsv, maps.nc or events.fits."""
    path = folder() / name
    write = {
        "maps.fits": lambda: xprofile.write_maps(_maps(), path),
        "profile.fits": lambda: xprofile.write_profile(_profile(), path),
        "profile.ecsv": lambda: xprofile.write_ecsv(_profile(), path),
        "profile.nc": lambda: xprofile.write_netcdf(_profile(), path),
        "maps.nc": lambda: xprofile.write_netcdf(_maps(), path),
        "events.fits": lambda: _write_events(path),
        "text.txt": lambda: path.write_text("hello"),
        "empty": lambda: path.write_bytes(b""),
    }
    write[name]()
    return path


def _write_events(path):
    rng = np.random.default_rng(3)
    columns = {"ENERGY": ("MeV", 1e4, 1e6), "RA": ("deg", 266, 267), "DEC": ("deg", -29.5, -28.5)}
    table = fits.BinTableHDU.from_columns(
        [
            fits.Column(n, "D", unit=t, array=rng.uniform(a, b, 50))
            for n, (t, a, b) in columns.items()
        ],
        name="EVENTS",
    )
    table.writeto(path)


def _with_values(data, name, change):
    variable = data[name].variable
    changed = xr.Variable(variable.dims, change(variable.values), variable.attrs)
    return (
        data.assign_coords({name: changed}) if name in data.coords else data.assign({name: changed})
    )


def _first(value):
    def change(values):
        values = np.array(values, dtype=np.result_type(values, type(value)))
        values[(0,) * values.ndim] = value
        return values

    return change


_VALUES = {
    "one NaN": _first(np.nan),
    "one inf": _first(np.inf),
    "one negative": _first(-1e3),
    "one huge": _first(1e300),
    "one complex": _first(1j),
    "all NaN": lambda values: np.full(values.shape, np.nan),
    "zero": np.zeros_like,
    "negative": lambda values: -1 - np.abs(values.astype(float)),
    "text": lambda values: np.full(values.shape, "False"),
    "object": lambda values: values.astype(object),
    "mixed": lambda values: np.full(values.shape, None),
    "dates": lambda values: np.zeros(values.shape, "datetime64[ns]"),
    "float16": lambda values: values.astype(np.float16),
    "int8": lambda values: np.ones(values.shape, np.int8),
    "uint64": lambda values: np.full(values.shape, 2**63, np.uint64),
    "big-endian": lambda values: values.astype(">f8"),
    "bool": lambda values: np.ones(values.shape, bool),
    "reversed": lambda values: values[..., ::-1],
    "sorted down": lambda values: -np.sort(-values.astype(float)),
    "read-only": lambda values: np.broadcast_to(values[(0,) * values.ndim], values.shape),
}

_WHOLE = {
    "dropped": lambda data, name: data.drop_vars(name),
    "scalar": lambda data, name: data.assign({name: 1.0}),
    "other dim": lambda data, name: data.assign({name: ("foo", np.ones(4))}),
    "without units": lambda data, name: _with_attrs(data, name, {}),
    "bad units": lambda data, name: _with_attrs(data, name, {"units": "bananas"}),
    "units of a number": lambda data, name: _with_attrs(data, name, {"units": 3}),
    "other units": lambda data, name: _with_attrs(data, name, {"units": "kg"}),
    "transposed": lambda data, name: data.transpose(*reversed(list(data.dims))),
    "extra dim": lambda data, name: data.expand_dims(extra=2),
    "one dataset": lambda data, name: data.expand_dims(dataset=1),
    "chunked": lambda data, name: data.chunk(),
    "empty": lambda data, name: data.isel({next(iter(data.sizes)): slice(0, 0)}),
    "without last": lambda data, name: data.isel({list(data.sizes)[-1]: slice(0, 0)}),
    "one element": lambda data, name: data.isel(dict.fromkeys(data.dims, 0)),
    "first": lambda data, name: data.isel({d: slice(0, 1) for d in data.dims}),
    "reversed all": lambda data, name: data.isel({d: slice(None, None, -1) for d in data.dims}),
    "shuffled": lambda data, name: data.isel({next(iter(data.sizes)): [1, 0]}),
    "doubled": lambda data, name: data.isel({next(iter(data.sizes)): [0, 0, 1]}),
    "without attrs": lambda data, name: data.drop_attrs(),
    "without coords": lambda data, name: data.reset_coords(drop=True),
    "odd attrs": lambda data, name: data.assign_attrs(
        sed_type=["dnde"], n_sigma="x", n_sigma_ul=None, sqrt_ts_threshold_ul="a", history=3,
        spectral_model="{" * 5000,
    ),
}  # fmt: skip


def _with_attrs(data, name, attrs):
    changed = data.copy()
    changed[name].attrs = attrs
    return changed


def spoilt(data, name, how):
    """Change one variable of data, or the data, in a way of a table."""
    if isinstance(data, xr.DataArray):
        found = spoilt(data.to_dataset(name="image"), "image" if name == "counts" else name, how)
        return found["image"] if "image" in found else found.to_dataarray()
    return _WHOLE[how](data, name) if how in _WHOLE else _with_values(data, name, _VALUES[how])


SPOILING = (*_VALUES, *_WHOLE)
