"""Profiles between xprofile and the installed Gammapy, both ways, in every sed type.

Not among the fast tests: ``nox -s gammapy`` runs it in environments with Gammapy 1.3 and 2.1.
"""

import astropy.units as u
import gammapy
import gammapy.modeling.models as gm
import numpy as np
import pytest
from astropy.coordinates import SkyCoord
from astropy.modeling.models import LogParabola1D
from cases.profiles import KINDS, make_binned, make_profile
from gammapy.datasets import Datasets, MapDataset
from gammapy.estimators import FluxPoints, FluxProfileEstimator
from gammapy.irf import EDispKernelMap
from gammapy.maps import Map, MapAxis, WcsGeom
from gammapy.utils.regions import make_orthogonal_rectangle_sky_regions

from xprofile import estimate, open_profile, power_law, to_sed_type

SUFFIXES = ("", "_err", "_errn", "_errp", "_ul")
UNITS = dict(KINDS.values())
DNDE = 1e-12 * u.Unit("cm-2 s-1 TeV-1")
MODELS = {
    "power law": (
        power_law(2.3),
        gm.PowerLawSpectralModel(index=2.3, amplitude=DNDE, reference=1 * u.TeV),
        1e-6,
    ),
    "log parabola": (
        LogParabola1D(DNDE, 0.1 * u.TeV, alpha=2.1, beta=0.15),
        gm.LogParabolaSpectralModel(amplitude=DNDE, reference=0.1 * u.TeV, alpha=2.1, beta=0.15),
        2e-5,  # what Gammapy's integral over 100 steps is good for
    ),
}
largest = {}


@pytest.fixture(scope="session", autouse=True)
def _report():
    yield
    for name, value in sorted(largest.items()):
        print(f"Gammapy {gammapy.__version__}, {name}: largest relative difference {value:.1e}")


def cells(points, name):
    """Values of a quantity of Gammapy's, (bin, energy), in xprofile's unit."""
    unit = UNITS[name.partition("_")[0]]
    return getattr(points, name).quantity.to_value(unit)[..., 0, 0]


def check(name, found, expected, rtol=1e-6):
    found, expected = np.asarray(found, float), np.asarray(expected, float)
    np.testing.assert_allclose(found, expected, rtol=rtol, atol=0, err_msg=name)
    known = np.isfinite(expected) & (expected != 0)
    if known.any() and rtol <= 1e-6:
        worst = np.max(np.abs(found[known] / expected[known] - 1))
        key = name.partition(" ")[0]
        largest[key] = max(largest.get(key, 0.0), worst)


def check_points(points, profile, sed_type, rtol=1e-6):
    """Compare all that Gammapy has with a profile, in every sed type: that of the file to 1e-6."""
    for kind, (name, unit) in KINDS.items():
        converted = to_sed_type(profile, kind)
        known = 1e-6 if kind == sed_type else rtol
        for end in SUFFIXES:
            if f"norm{end}" in points.available_quantities:
                check(name + end, converted[name + end], cells(points, name + end), known)
        if kind != "likelihood":
            reference = getattr(points, f"{name}_ref").to_value(unit)
            check(f"ref_{name}", profile[f"ref_{name}"], reference[:, 0, 0], rtol)
    for name in ("ts", "sqrt_ts", "stat", "stat_null", "is_ul", "success"):
        if name in points.available_quantities:
            check(name, profile[name], getattr(points, name).data[..., 0, 0])
    for name in ("counts", "npred", "npred_excess"):
        if name in points.available_quantities:
            values = getattr(points, name).data.reshape(*profile[name].shape, -1).sum(axis=-1)
            known = np.isfinite(profile[name].to_numpy())  # Gammapy turns NaN into 0
            check(name, profile[name].to_numpy()[known], values[known])
    if points.has_stat_profiles:
        check("stat_scan", profile["stat_scan"], points.stat_scan.data[..., 0, 0])
        norms = points.stat_scan.geom.axes["norm"].center.value
        check("norm_scan", profile["norm_scan"], norms)
    axis = points.geom.axes["energy"]
    check("energy", profile["energy"], axis.center.to_value("TeV"))
    check("energy", profile["energy_max"], axis.edges_max.to_value("TeV"))
    axis = points.geom.axes["projected-distance"]
    check("distance", profile["projected_distance_min"], axis.edges_min.to_value("deg"), 1e-5)


@pytest.fixture(params=MODELS)
def models(request):
    return MODELS[request.param]


def profile_of(model, energies, selection):
    if model is MODELS["power law"][0]:
        return make_profile(energies, selection)
    edges = {1: [0.01, 1.0], 2: [0.01, 0.05, 1.0]}[energies] * u.TeV
    settings = {"energy_edges": edges, "selection_optional": selection}
    return estimate(make_binned(), spectral_model=model, **settings)


@pytest.mark.parametrize("selection", [(), ("ul",), ("errn-errp", "scan"), "all"])
@pytest.mark.parametrize("energies", [1, 2])
@pytest.mark.parametrize("sed_type", KINDS)
@pytest.mark.parametrize("suffix", [".fits", ".ecsv"])
def test_gammapy_reads_our_files(models, sed_type, energies, selection, suffix, tmp_path):
    ours, theirs, rtol = models
    profile = profile_of(ours, energies, selection)
    write = {".fits": profile.profile.to_fits, ".ecsv": profile.profile.to_ecsv}[suffix]
    write(tmp_path / f"p{suffix}", sed_type)
    points = FluxPoints.read(tmp_path / f"p{suffix}", format="profile", reference_model=theirs)
    assert points.sed_type_init == sed_type
    assert points.n_sigma == profile.attrs["n_sigma"]
    assert points.n_sigma_ul == profile.attrs["n_sigma_ul"]
    assert points.has_ul == ("norm_ul" in profile)
    assert points.has_stat_profiles == ("stat_scan" in profile)
    check_points(points, profile, sed_type, rtol)


def test_norms_bring_their_references_along(tmp_path):
    """Gammapy takes the reference fluxes of a file with norms, if it is told no model."""
    profile = make_profile()
    profile.profile.to_fits(tmp_path / "p.fits", "likelihood")
    points = FluxPoints.read(tmp_path / "p.fits", format="profile")
    check("norm_ul", points.norm_ul.data[..., 0, 0], profile["norm_ul"])
    expected = to_sed_type(profile, "dnde")["dnde_ul"]
    check("dnde_ul", cells(points, "dnde_ul"), expected)


@pytest.fixture(scope="module")
def native():
    """A profile that Gammapy estimates itself, of two data sets, in its own mixed units."""
    energy = MapAxis.from_energy_edges([0.1, 1, 10] * u.TeV)
    true = MapAxis.from_energy_bounds(0.1, 10, 4, unit="TeV", name="energy_true")
    geom = WcsGeom.create(npix=(30, 12), binsz=0.1, frame="galactic", axes=[energy])
    datasets = Datasets()
    for number in (1, 2):
        dataset = MapDataset.create(geom, energy_axis_true=true, name=f"set-{number}")
        rng = np.random.default_rng(number)
        dataset.counts.data = rng.poisson(3.0, dataset.counts.data.shape).astype(float)
        dataset.background.data += 2.0
        dataset.exposure.quantity = np.full(dataset.exposure.data.shape, 1e13) * u.Unit("cm2 s")
        dataset.psf = None
        dataset.edisp = EDispKernelMap.from_diagonal_response(energy, true, geom.to_image())
        dataset.mask_safe = Map.from_geom(geom, data=np.ones(geom.data_shape, bool))
        datasets.append(dataset)
    start, end = SkyCoord([1, 359] * u.deg, [0, 0] * u.deg, frame="galactic")
    regions = make_orthogonal_rectangle_sky_regions(start, end, geom.wcs, 0.8 * u.deg, 5)
    estimator = FluxProfileEstimator(
        regions=regions,
        spectral_model=MODELS["power law"][1],
        energy_edges=energy.edges,
        selection_optional="all",
    )
    return estimator.run(datasets)


@pytest.mark.parametrize("suffix", [".fits", ".ecsv"])
@pytest.mark.parametrize("sed_type", KINDS)
def test_we_read_gammapys_own(native, sed_type, suffix, tmp_path):
    path = tmp_path / f"p{suffix}"
    native.write(path, sed_type=sed_type, format="profile")
    profile = open_profile(path, spectral_model=MODELS["power law"][0])
    assert profile.attrs["sed_type"] == sed_type
    check_points(native, profile, sed_type)


@pytest.mark.parametrize("suffix", [".fits", ".ecsv"])
@pytest.mark.parametrize("sed_type", KINDS)
def test_what_gammapy_writes_again_is_the_same(models, sed_type, suffix, tmp_path):
    ours, theirs, rtol = models
    profile = profile_of(ours, 2, "all")
    profile.profile.to_fits(tmp_path / "ours.fits", "dnde")
    points = FluxPoints.read(tmp_path / "ours.fits", format="profile", reference_model=theirs)
    path = tmp_path / f"theirs{suffix}"
    points.write(path, sed_type=sed_type, format="profile")
    found = open_profile(path, spectral_model=ours)
    assert found.attrs["n_sigma_ul"] == profile.attrs["n_sigma_ul"]
    check_points(points, found, sed_type, rtol)
    for kind, (name, _) in KINDS.items():
        a, b = to_sed_type(found, kind), to_sed_type(profile, kind)
        check(f"{name}_ul", a[f"{name}_ul"], b[f"{name}_ul"], 2 * rtol)


@pytest.mark.parametrize("sed_type", [kind for kind in KINDS if kind != "likelihood"])
def test_without_a_model_a_warning_says_what_is_missing(native, sed_type, tmp_path):
    native.write(tmp_path / "p.fits", sed_type=sed_type, format="profile")
    with pytest.warns(UserWarning, match="no reference fluxes"):
        open_profile(tmp_path / "p.fits")
