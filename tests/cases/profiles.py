"""Small binned data, and profiles of them."""

from functools import lru_cache

import astropy.units as u
import numpy as np
import xarray as xr

from xprofile import estimate, power_law
from xprofile.schema.axes import axis_coords
from xprofile.schema.variables import BINNED, COORDS, data_array


def flags(profile):
    """Names of the flags that are set anywhere."""
    names = profile.status.attrs["flag_meanings"].split()
    masks = profile.status.attrs["flag_masks"]
    return {n for n, m in zip(names, masks, strict=True) if (profile.status.values & m).any()}


ENERGY_EDGES = np.array([0.01, 0.05, 0.2, 1.0])


KINDS = {
    "likelihood": ("norm", ""),
    "dnde": ("dnde", "cm-2 s-1 TeV-1"),
    "flux": ("flux", "cm-2 s-1"),
    "eflux": ("eflux", "erg cm-2 s-1"),
    "e2dnde": ("e2dnde", "erg cm-2 s-1"),
}


def make_binned(nbin=10, seed=1):
    """Make binned data of 3 energies with an excess; the last bin is masked, one has no counts."""
    rng = np.random.default_rng(seed)
    shape = (3, nbin)
    background = np.array([[20.0], [8.0], [2.0]]) * np.ones(shape)
    counts = rng.poisson(1.5 * background)
    coverage = np.ones(shape)
    counts[:, 1] = 0
    coverage[:, -1] = 0
    edges = 0.25 * np.arange(nbin + 1)
    values = {
        "counts": counts * (coverage > 0),
        "background": background * coverage,
        "exposure": np.full(shape, 3e11) * coverage,
        "edisp": np.eye(3),
        "solid_angle": np.linspace(1e-4, 2e-4, nbin),
        "coverage": coverage,
    }
    coords = {
        **axis_coords("projected_distance", (edges[1:] + edges[:-1]) / 2, edges[:-1], edges[1:]),
        "lon": ("projected_distance", 1 + edges[:-1], {"units": "deg", "frame": "galactic"}),
        "lat": ("projected_distance", np.zeros(nbin), {"units": "deg", "frame": "galactic"}),
        "region": data_array("region", [f"galactic;circle({x},0,1)" for x in edges[:-1]], COORDS),
    }
    centres = np.sqrt(ENERGY_EDGES[1:] * ENERGY_EDGES[:-1])
    for name in ("energy", "energy_true"):
        coords |= axis_coords(name, centres, ENERGY_EDGES[:-1], ENERGY_EDGES[1:])
    return xr.Dataset({k: data_array(k, v, BINNED) for k, v in values.items()}, coords)


@lru_cache
def _estimated(energies, selection, n_sigma, n_sigma_ul):
    return estimate(
        make_binned(),
        spectral_model=power_law(2.3),
        energy_edges={1: [0.01, 1.0], 2: [0.01, 0.05, 1.0]}[energies] * u.TeV,
        selection_optional=selection,
        n_sigma=n_sigma,
        n_sigma_ul=n_sigma_ul,
    )


def make_profile(energies=2, selection="all", n_sigma=1, n_sigma_ul=2):
    """Estimate a profile of 10 bins."""
    return _estimated(energies, selection, n_sigma, n_sigma_ul).copy(deep=True)


DISTANCES = ["projected_distance", "projected_distance_min", "projected_distance_max"]


ANGLES = ["position_angle", "position_angle_min", "position_angle_max"]


def by_region(profile):
    """Put the bins on the texts of their regions, without any numbers."""
    return profile.drop_vars(DISTANCES).swap_dims(projected_distance="region")


def value_columns(kind):
    errors = ["_errn", "_errp"] if kind == "norm" else ["_errp", "_errn"]
    return [kind + end for end in ("", "_err", *errors, "_ul", "_sensitivity")]


# columns of tables besides those of the fit
AXIS_COLUMNS = ["x_min", "x_max", "x_ref", "e_ref", "e_min", "e_max"]
EXTRA_COLUMNS = [
    "npred_background", "coverage", "solid_angle", "status", "lon", "lat", "region",
]  # fmt: skip


def by_angle(profile):
    """Put the bins on position angles, in arcmin."""
    coords = {name: profile[name].assign_attrs(units="arcmin") for name in DISTANCES}
    return profile.assign_coords(coords).rename(dict(zip(DISTANCES, ANGLES, strict=True)))


ON_OTHER_AXES = {"position_angle": by_angle, "region": by_region}
