"""Maps of datasets that the installed Gammapy makes of event lists, with safe masks.

Not among the fast tests: ``nox -s gammapy`` runs it in environments with Gammapy 1.3 and 2.1.
"""

import warnings

import astropy.units as u
import numpy as np
import pytest
import xarray as xr
from astropy.coordinates import SkyCoord
from astropy.table import QTable
from astropy.time import Time
from gammapy.data import GTI, EventList, FixedPointingInfo, Observation
from gammapy.datasets import MapDataset
from gammapy.irf import (
    PSF3D,
    Background2D,
    EDispMap,
    EffectiveAreaTable2D,
    EnergyDispersion2D,
    RecoPSFMap,
)
from gammapy.makers import MapDatasetMaker, RingBackgroundMaker, SafeMaskMaker
from gammapy.maps import Map, MapAxis, WcsGeom

from xprofile import SkyBins, from_gammapy, open_maps
from xprofile.exceptions import DataWarning

OFFSET = MapAxis.from_bounds(0, 3, 6, unit="deg", name="offset", node_type="edges")


@pytest.fixture(scope="module")
def observed():
    """Stacked dataset of two event lists with safe masks."""
    energy = MapAxis.from_energy_bounds("0.3 TeV", "30 TeV", 6)
    true = MapAxis.from_energy_bounds("0.1 TeV", "100 TeV", 20, name="energy_true")
    center = SkyCoord(83.63, 22.01, unit="deg")
    geom = WcsGeom.create(skydir=center, width=(4, 3), binsz=0.05, axes=[energy], proj="TAN")
    stacked = MapDataset.create(geom, energy_axis_true=true, name="stacked")
    for seed in (1, 2):
        observation = make_observation(true, center.directional_offset_by(90 * u.deg, 0.5 * u.deg),
                                       np.random.default_rng(seed))  # fmt: skip
        empty = MapDataset.create(geom, energy_axis_true=true, name=f"run-{seed}")
        dataset = MapDatasetMaker().run(empty, observation)
        safe = SafeMaskMaker(methods=["offset-max", "edisp-bias"], offset_max="1.5 deg")
        stacked.stack(safe.run(dataset, observation))
    return stacked


def make_observation(true, pointing, rng, size=2000):
    migra = MapAxis.from_bounds(0.2, 5, 160, node_type="edges", name="migra")
    energy = MapAxis.from_energy_bounds("0.1 TeV", "100 TeV", 12)
    rad = MapAxis.from_bounds(0, 0.6, 60, unit="deg", name="rad", node_type="edges")
    profile = np.exp(-((rad.center.to_value("deg") / 0.08) ** 2) / 2)
    power_law = 1e-3 * energy.center.to_value("TeV") ** -2.7
    irfs = {
        "aeff": EffectiveAreaTable2D([true, OFFSET], np.full((20, 6), 1e5), unit="m2"),
        "edisp": EnergyDispersion2D.from_gauss(true, migra, OFFSET, bias=0, sigma=0.2),
        "psf": PSF3D([true, OFFSET, rad], np.tile(profile, (20, 6, 1)) * 8e4, unit="sr-1"),
        "bkg": Background2D([energy, OFFSET], np.outer(power_law, np.ones(6)), "s-1 TeV-1 sr-1"),
    }
    start, hour = Time("2020-01-01"), 1 * u.h
    observation = Observation.create(
        pointing=FixedPointingInfo(fixed_icrs=pointing), livetime=hour, tstart=start,
        tstop=start + hour, irfs=irfs,
    )  # fmt: skip
    columns = {
        "RA": rng.normal(pointing.ra.deg, 1, size) * u.deg,
        "DEC": rng.normal(pointing.dec.deg, 1, size) * u.deg,
        "ENERGY": 0.3 * (1 + rng.pareto(1.5, size)) * u.TeV,
        "TIME": start + np.linspace(1, 3599, size) * u.s,
    }
    observation._events = EventList(QTable(columns))
    observation._gti = GTI.create(0 * u.s, 3600 * u.s, start)
    return observation


ANNULI = SkyBins.annuli(SkyCoord(83.63, 22.01, unit="deg"), edges=[0, 0.4, 0.8] * u.deg)


def test_datasets_of_event_lists_give_profiles(observed, tmp_path):
    for dataset in (
        observed,
        observed.to_image(),
        observed.to_masked(),
        observed.cutout(SkyCoord(83.63, 22.01, unit="deg"), width="2 deg"),
        observed.slice_by_energy(1 * u.TeV, 10 * u.TeV),
        observed.resample_energy_axis(MapAxis.from_energy_edges([0.3, 3, 30] * u.TeV)),
    ):
        maps = from_gammapy(dataset)
        np.testing.assert_array_equal(maps["mask"], dataset.mask_safe.data)
        assert 0 < maps["mask"].mean() < 1
        assert maps["psf"].dims == ("lat_psf", "lon_psf", "energy_true", "rad")
        assert maps.profile.estimate(ANNULI)["success"].all()
        dataset.write(tmp_path / "maps.fits", overwrite=True)
        xr.testing.assert_equal(open_maps(tmp_path / "maps.fits"), maps)


def test_rings_of_event_lists_give_profiles(observed):
    """The convolution of the maker leaves off counts of -1e-7, which are rounding."""
    used = Map.from_geom(observed.counts.geom.to_image(), data=True, dtype=bool)
    maker = RingBackgroundMaker(r_in="0.3 deg", width="0.3 deg", exclusion_mask=used)
    for dataset in (observed, observed.to_image()):
        with warnings.catch_warnings():
            warnings.simplefilter("error", DataWarning)
            maps = from_gammapy(maker.run(dataset))
        assert maps.profile.estimate(ANNULI)["success"].all()


def test_masks_and_backgrounds_may_be_missing(observed):
    dataset = observed.copy(name="copy")
    geom = dataset.counts.geom
    dataset.mask_safe = Map.from_geom(geom.to_image(), data=True, dtype=bool)
    dataset.mask_fit = geom.energy_mask(1 * u.TeV, 10 * u.TeV)
    np.testing.assert_array_equal(from_gammapy(dataset)["mask"], dataset.mask_fit.data)
    dataset.background = dataset.mask_safe = dataset.mask_fit = None
    maps = from_gammapy(dataset)
    assert not {"mask", "background"} & set(maps.data_vars)
    assert maps.profile.bin(ANNULI)["counts"].sum() > 0


def test_responses_of_all_classes(observed):
    dataset = observed.copy(name="copy")
    energy, true = dataset.counts.geom.axes["energy"], dataset.exposure.geom.axes["energy_true"]
    dataset.psf = RecoPSFMap.from_gauss(energy, sigma=0.1 * u.deg)
    dataset.edisp = EDispMap.from_diagonal_response(true)
    maps = from_gammapy(dataset)
    assert set(maps["psf"].dims) == {"lat_psf", "lon_psf", "energy", "rad"}
    assert set(maps["edisp"].dims) == {"lat_edisp", "lon_edisp", "energy_true", "energy"}
    dataset.edisp = observed.edisp.get_edisp_kernel()
    found = from_gammapy(dataset)["edisp"]
    np.testing.assert_allclose(found, dataset.edisp.pdf_matrix, rtol=1e-6, atol=0)
    dataset.psf = observed.psf.get_psf_kernel(geom=observed.exposure.geom, max_radius=0.3 * u.deg)
    with pytest.warns(DataWarning, match=r"a PSFKernel as psf, expected .* PSFMap"):
        assert "psf" not in from_gammapy(dataset)
