"""What is handed out is the caller's own: a change of it changes nothing else, nor the reverse."""

import copy
from functools import cache

import astropy.units as u
import numpy as np
import pandas as pd
import pytest
import xarray as xr
from astropy.coordinates import SkyCoord
from astropy.modeling import models
from astropy.table import Table
from astropy.wcs import WCS
from cases.skies import tutorial_sky
from regions import CircleSkyRegion, PolygonSkyRegion

import xprofile
from xprofile import ProfileEstimator, SkyBins, power_law
from xprofile.schema.variables import status_attrs

CENTER = SkyCoord(1, 0.2, unit="deg", frame="galactic")


@cache
def made_once():
    """The stages, to be copied: shared notes of the package would show when results are changed."""
    return Stages()


class Stages:
    """One Dataset of each stage."""

    def __init__(self):
        sky = tutorial_sky()
        self.maps = sky.profile.cutout(CENTER, 2 * u.deg).copy(deep=True)
        self.bins = SkyBins.annuli(CENTER, radius_max=0.8 * u.deg, nbin=4)
        self.binned = self.maps.profile.bin(self.bins, psf=True)
        options = {"selection_optional": "all", "norm_values": np.linspace(-20, 20, 400)}
        self.profile = self.binned.profile.estimate(energy_edges=2, **options)
        self.fluxes = self.profile.profile.to_sed_type("flux")
        self.image = self.maps.counts.sum("energy")
        self.known = {"known": self.binned.background}
        free = self.binned.projected_distance < 0.3
        self.templates = self.binned.profile.fit_templates(self.known, free_bins=free)
        self.toys = self.binned.profile.simulate(n_toys=4, rng=1).profile.estimate(
            selection_optional=["ul", "errn-errp"]
        )

    def texts(self):
        """All values and notes, and the positions and hashes that hang on hidden state."""
        data = (self.maps, self.binned, self.profile, self.image, self.toys, self.templates)
        frozen = [copy.deepcopy(one) for one in data]
        encodings = [repr(one.encoding) for one in data]
        return frozen, encodings, self.maps.profile.wcs.to_header_string(), hash(self.bins)


OTHER = xr.DataArray([3, 2, 4, 1], dims="projected_distance")

CALLS = {
    "maps": {
        "wcs": None, "skycoord": None, "solid_angle": None,
        "cutout": (CENTER, 0.5 * u.deg), "coarsen": (1,), "exclude": ([],),
        "assign_sky_coords": (), "bin": ("bins",), "estimate": ("bins",),
        "fit_templates": ("bins", {"isotropic": (None, power_law())}),
        "predict": {"template": None, "spectral_model": power_law()},
        "sel": {"energy": slice(0.1 * u.TeV, None)}, "to_units": {"energy": "GeV"},
        "isel": {"energy": slice(0.1 * u.TeV, None)}, "nearest": {"energy": 0.1 * u.TeV},
    },
    "image": {
        "wcs": None, "skycoord": None, "solid_angle": None, "cutout": (CENTER, 0.5 * u.deg),
        "smooth": (0.1 * u.deg,), "bin": ("bins",), "sel": {"position": CENTER},
        "isel": {"lat": slice(None)}, "nearest": {"position": CENTER},
    },
    "binned": {
        "estimate": {"selection_optional": "all"}, "rebin": (1,), "rebin_energy": (1,),
        "fold": None, "isel": {"energy": slice(None)}, "nearest": {"energy": 0.1 * u.TeV},
        "simulate": {"n_toys": 2, "rng": 1}, "to_units": {"energy": "GeV"},
        "sel": {"projected_distance": slice(0 * u.deg, 0.5 * u.deg)},
        "unfold": (), "share_kept": (), "psf_profile": (), "fit_templates": ("known",),
        "fit_spectrum": (power_law(),), "goodness_of_fit": (),
        "fit_shape": {"model": models.Gaussian1D(1, 0, 0.3, fixed={"mean": True})},
    },
    "profile": {
        "to_sed_type": ("likelihood",), "quantity": ("counts",), "upper_limits": (),
        "with_threshold": (3,), "recompute_ul": (2,), "to_table": (), "to_dataframe": (),
        "containment": (), "half_light": (), "fwhm": (), "curve_of_growth": (), "normalize": (),
        "divide": (OTHER,), "subtract": (OTHER,), "to_units": {"energy": "GeV"},
        "correlation": {"profile_b": OTHER, "quantity": "sqrt_ts", "rng": 1},
        "isel": {"energy": slice(None)}, "nearest": {"energy": 0.1 * u.TeV},
        "sel": {"projected_distance": slice(0 * u.deg, 0.5 * u.deg)},
    },
    "templates": {
        "bin_profile": (), "to_units": {"energy": "GeV"}, "sel": {"template": "known"},
        "isel": {"template": 0}, "nearest": {"projected_distance": 0 * u.deg},
        "to_table": (), "to_dataframe": (),
    },
    "fluxes": {"with_reference_model": (power_law(index=2),), "to_sed_type": ("dnde",)},
    "toys": {"expected_limits": (), "interval_coverage": (0.0,), "sel": {"energy": slice(None)}},
}  # fmt: skip

# what writes files or draws
OTHERS = ("to_netcdf", "to_zarr", "to_fits", "to_ecsv", "plot")
NOT_CALLED = {"p_value", "with_reference_model", "expected_limits", "interval_coverage",
              "global_significance"}  # fmt: skip


def call(stages, stage, name):
    accessor, given = getattr(stages, stage).profile, CALLS[stage][name]
    if given is None:
        return getattr(accessor, name)
    if isinstance(given, dict):
        return getattr(accessor, name)(**given)
    named = {"bins": stages.bins, "known": stages.known}
    return getattr(accessor, name)(
        *(named[one] if isinstance(one, str) and one in named else one for one in given)
    )


def change(value):
    """Change all that can be changed in a value."""
    if isinstance(value, xr.Dataset | xr.DataArray):
        coords = [coord.variable for coord in value.coords.values()]
        data = value.variables.values() if isinstance(value, xr.Dataset) else [value.variable]
        for variable in (*data, *coords):
            if not isinstance(
                variable, xr.IndexVariable
            ):  # may not change; before pandas 3 they can
                change(variable.values)
            change(variable.attrs)
            change(variable.encoding)
        change(value.attrs)
        change(value.encoding)
    elif isinstance(value, SkyCoord):
        change(value.data.lon.view(np.ndarray))
    elif isinstance(value, np.ndarray):
        if value.flags.writeable and value.dtype.kind in "fiub":
            value.view(np.ndarray)[...] = 7
        elif value.flags.writeable and value.dtype.kind in "UO":
            value[...] = "changed"
    elif isinstance(value, WCS):
        value.wcs.crval = [1, 2]
        value.wcs.set()
    elif isinstance(value, Table):
        change(value.meta)
        for name in value.colnames:
            change(np.asarray(value[name]))
    elif isinstance(value, pd.DataFrame):
        value.loc[:, value.select_dtypes("number").columns[0]] = 7
    elif isinstance(value, dict):
        for one in value.values():
            change(one)
        value["changed"] = 1
    elif isinstance(value, list):
        for one in value:
            change(one)
        value.append("changed")
    elif isinstance(value, CircleSkyRegion):
        value.radius *= 2
    elif isinstance(value, PolygonSkyRegion):
        value.vertices[0] = SkyCoord(3, 3, unit="deg", frame=value.vertices.frame)


def assert_identical(found, expected):
    if hasattr(expected, "identical"):
        xr.testing.assert_identical(found, expected)
    elif isinstance(expected, WCS):
        assert found.to_header_string() == expected.to_header_string()
    else:
        assert type(found) is type(expected)
        assert repr(found) == repr(expected)


def test_all_methods_are_called():
    stages = made_once()
    for stage in ("maps", "image", "binned", "profile", "templates"):
        names = {n for n in dir(getattr(stages, stage).profile) if not n.startswith(OTHERS)}
        assert names - NOT_CALLED <= set(CALLS[stage]), stage


@pytest.mark.filterwarnings("ignore:the brightness falls to half")  # few bins
@pytest.mark.parametrize(
    ("stage", "name"),
    [(s, n) for s, calls in CALLS.items() for n in calls if n != "fold"],
)
def test_results_are_the_callers_own(stage, name):
    stages = copy.deepcopy(made_once())
    before, first = stages.texts(), call(stages, stage, name)
    kept = copy.deepcopy(first)
    change(first)
    after = stages.texts()
    for found, expected in zip(after[0], before[0], strict=True):
        xr.testing.assert_identical(found, expected)
    assert after[1:] == before[1:]
    assert_identical(call(stages, stage, name), kept)


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore:the brightness falls to half")  # few bins
def test_results_stay_when_their_source_changes():
    stages = Stages()
    sources = {"maps": stages.maps, "binned": stages.binned, "profile": stages.profile}
    results = {
        (stage, name): call(stages, stage, name)
        for stage in sources
        for name in CALLS[stage]
        if name != "fold"
    }
    kept = copy.deepcopy(results)
    for source in sources.values():
        change(source)
    for key, result in results.items():
        assert_identical(result, kept[key])


def test_flags_of_one_result_are_its_own():
    stages = Stages()
    stages.profile.status.attrs["flag_masks"][:] = 0
    again = stages.binned.profile.estimate()
    np.testing.assert_array_equal(again.status.attrs["flag_masks"], status_attrs()["flag_masks"])
    assert status_attrs()["flag_masks"].all()


REGIONS = [
    CircleSkyRegion(CENTER, 1 * u.deg),
    PolygonSkyRegion(SkyCoord([2, 3, 3], [0, 0, 1], unit="deg", frame="galactic")),
]
BINS = {
    "line": lambda: SkyBins.along_line(
        CENTER, SkyCoord(3, 0, unit="deg", frame="galactic"), height=1 * u.deg, nbin=3
    ),
    "path": lambda: SkyBins.along_path(
        SkyCoord([0, 1, 2], [0, 0, 0.3], unit="deg"), height=0.2 * u.deg, nbin=3
    ),
    "annuli": lambda: SkyBins.annuli(CENTER, radius_max=1 * u.deg, nbin=3),
    "sectors": lambda: SkyBins.sectors(CENTER, radius_max=1 * u.deg, nbin=3),
    "grid": lambda: SkyBins.grid(CENTER, width=1 * u.deg, height=1 * u.deg, nbin=(2, 2)),
    "regions": lambda: SkyBins.from_regions(copy.deepcopy(REGIONS)),
}


@pytest.mark.parametrize("make", BINS.values(), ids=BINS)
def test_all_that_bins_hand_out_can_be_changed(make):
    bins, same = make(), make()
    names = [name for name in dir(bins) if not name.startswith("_") and name != "edges"]
    for value in [getattr(bins, name) for name in names]:
        if not callable(value):
            change(value)
    change(bins.to_regions())
    change(bins.region_texts())
    change(vars(bins.shape).get("edges"))
    assert bins == same
    assert hash(bins) == hash(same)
    assert bins.region_texts() == same.region_texts()
    np.testing.assert_array_equal(bins.solid_angle, same.solid_angle)
    np.testing.assert_array_equal(bins.center.data.lon, same.center.data.lon)
    assert repr(bins.to_regions()) == repr(same.to_regions())


def test_bins_stay_when_what_they_were_made_of_changes():
    edges = np.array([0, 0.5, 1]) * u.deg
    points = SkyCoord([0, 1, 2], [0, 0, 0.3], unit="deg")
    regions = copy.deepcopy(REGIONS)
    made = [
        SkyBins.annuli(CENTER, edges=edges),
        SkyBins.sectors(CENTER, radius_max=1 * u.deg, edges=edges),
        SkyBins.along_path(points, height=0.2 * u.deg, edges=edges),
        SkyBins.from_regions(regions),
    ]
    keys, texts = [hash(b) for b in made], [b.region_texts() for b in made]
    edges[1] = 0.7 * u.deg
    points[1] = SkyCoord(1, 0.1, unit="deg")
    change(regions)
    assert [hash(bins) for bins in made] == keys
    assert [bins.region_texts() for bins in made] == texts


def test_estimators_own_their_settings():
    model = models.PowerLaw1D(1e-12 / u.TeV / u.cm**2 / u.s, 1 * u.TeV, 2.3)
    edges, norms = [0.01, 0.1, 1] * u.TeV, np.linspace(0, 2, 5)
    estimator = ProfileEstimator(spectral_model=model, energy_edges=edges, norm_values=norms)
    key, text = hash(estimator), repr(estimator)
    model.alpha = 5
    change(edges)
    change(norms)
    estimator.spectral_model.alpha = 4
    change(estimator.energy_edges)
    change(estimator.norm_values)
    assert (hash(estimator), repr(estimator)) == (key, text)


def test_maps_of_arrays_own_their_values():
    maps = Stages().maps
    counts, exposure = maps.counts.to_numpy().copy(), maps.exposure.to_numpy().copy()
    edges = xprofile.axis_edges(maps, "energy") * u.TeV
    true = xprofile.axis_edges(maps, "energy_true") * u.TeV
    wcs = maps.profile.cutout(CENTER, 9 * u.deg).profile.wcs
    made = xprofile.from_arrays(
        counts, exposure=exposure * u.Unit("cm2 s"), wcs=wcs, energy_edges=edges,
        energy_true_edges=true, background=0 * counts,
    )  # fmt: skip
    kept = made.copy(deep=True)
    for one in (counts, exposure, edges, true, wcs):
        change(one)
    xr.testing.assert_identical(made, kept)
    assert made.profile.wcs.to_header_string() == kept.profile.wcs.to_header_string()
