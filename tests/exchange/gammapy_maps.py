"""Maps between xprofile and the installed Gammapy, both ways, by file and in memory.

Not among the fast tests: ``nox -s gammapy`` runs it in environments with Gammapy 1.3 and 2.1.
"""

import astropy.units as u
import gammapy.modeling.models as gm
import numpy as np
import pytest
import xarray as xr
from astropy.coordinates import SkyCoord
from cases.maps import PROJECTIONS, small_maps
from gammapy.datasets import Datasets, MapDataset, MapDatasetOnOff, SpectrumDataset
from gammapy.irf import EDispKernelMap, PSFMap
from gammapy.maps import Map, MapAxis, RegionGeom, WcsGeom
from regions import CircleSkyRegion

from xprofile import from_gammapy, open_maps, tutorial
from xprofile.exceptions import InvalidDataError
from xprofile.maps.positions import skycoord

TEV = u.TeV


def read(maps, path):
    """What Gammapy has of maps that are written."""
    maps.profile.to_fits(path)
    return (MapDatasetOnOff if "counts_off" in maps else MapDataset).read(path)


def same(found, expected, rtol=1e-12):
    np.testing.assert_allclose(found, expected, rtol=rtol, atol=0)


def check_dataset(dataset, maps):
    """Compare all that Gammapy has read with maps whose pixels and energies ascend."""
    geom = dataset.counts.geom
    same(geom.axes["energy"].edges.to_value("TeV"), [*maps["energy_min"], maps["energy_max"][-1]])
    true = dataset.exposure.geom.axes["energy_true"]
    same(true.center.to_value("TeV"), maps["energy_true"])
    same(true.edges.to_value("TeV"), [*maps["energy_true_min"], maps["energy_true_max"][-1]])
    there, here = geom.to_image().get_coord().skycoord, skycoord(maps)
    known = np.isfinite(there.data.lon.deg)
    np.testing.assert_array_equal(known, np.isfinite(here.data.lon.deg))
    assert there[known].separation(here[known]).deg.max() < 1e-9
    names = ["counts"]
    names += ["counts_off", "acceptance", "acceptance_off"] if "counts_off" in maps else []
    names += [] if "counts_off" in maps else ["background"]
    for name in names:
        cube = getattr(dataset, name)
        np.testing.assert_array_equal(cube.data, maps[name], err_msg=name)
        assert cube.data.dtype.newbyteorder("=") == maps[name].dtype
    same(dataset.exposure.quantity.to_value("cm2 s"), maps["exposure"])
    np.testing.assert_array_equal(dataset.mask_safe.data, maps["mask"])
    assert dataset.mask_safe.data.dtype == bool
    check_responses(dataset, maps)


def check_responses(dataset, maps):
    assert isinstance(dataset.edisp, EDispKernelMap)
    assert dataset.edisp.required_axes == ["energy", "energy_true"]
    for values, name in (
        (dataset.edisp.edisp_map.quantity.to_value(""), "edisp"),
        (dataset.psf.psf_map.quantity.to_value("sr-1"), "psf"),
    ):
        expected = maps[name].to_numpy()
        if expected.ndim == 2:
            values = values[..., 0, 0]
        else:
            expected = np.moveaxis(expected, (0, 1), (2, 3))
        same(values, expected)
    same(dataset.psf.psf_map.geom.axes["rad"].center.to_value("deg"), maps["rad"])
    for part in (dataset.edisp, dataset.psf):
        exposure = part.exposure_map.quantity.to_value("cm2 s")
        assert exposure.min() >= maps["exposure"].min()
        assert exposure.max() <= maps["exposure"].max()


@pytest.mark.parametrize("suffix", [".fits", ".fits.gz"])
@pytest.mark.parametrize("on_off", [False, True])
@pytest.mark.parametrize("positions", [None, (2, 3)])
@pytest.mark.parametrize(("projection", "center"), PROJECTIONS)
def test_gammapy_reads_our_maps(projection, center, positions, on_off, suffix, tmp_path):
    maps = small_maps(projection, center, positions=positions, on_off=on_off)
    check_dataset(read(maps, tmp_path / f"maps{suffix}"), maps)


@pytest.mark.parametrize("on_off", [False, True])
def test_gammapy_reads_what_was_cut_out_and_reversed(on_off, tmp_path):
    maps = small_maps(on_off=on_off).isel(lon=slice(7, 2, -1), lat=slice(1, 5), energy=[2, 1])
    dataset = read(maps.transpose("lon", "lat", ...), tmp_path / "maps.fits")
    check_dataset(dataset, maps.sortby(["x", "energy"]))


@pytest.fixture(scope="module")
def sky():
    """A part of the simulated sky, half of it masked."""
    maps = tutorial.open_maps("galactic-center-sim").isel(lon=slice(150, 250), lat=slice(60, 140))
    region = CircleSkyRegion(SkyCoord(1, 0, unit="deg", frame="galactic"), 1 * u.deg)
    return maps.profile.exclude([region])


def test_regions_hold_the_same(sky, tmp_path):
    """Counts, background and energy dispersion of a region."""
    dataset = read(sky, tmp_path / "maps.fits")
    background = dataset.background
    background.data = background.data.astype(float)  # Gammapy 1.3 sums in the precision of the file
    region = CircleSkyRegion(SkyCoord(359, 0, unit="deg", frame="galactic"), 0.7 * u.deg)
    spectrum = dataset.to_spectrum_dataset(region)
    binned = sky.profile.bin([region]).isel(projected_distance=0)
    np.testing.assert_array_equal(spectrum.counts.data[:, 0, 0], binned["counts"])
    same(spectrum.background.data[:, 0, 0], binned["background"], 1e-6)
    same(spectrum.edisp.get_edisp_kernel().pdf_matrix, sky["edisp"], 1e-6)


def test_gammapy_works_with_our_maps(sky, tmp_path):
    """Predicted counts of a point source, over which PSF and energy dispersion add up to 1."""
    maps = sky.assign(counts=sky["counts"].astype(float))
    dataset = read(maps, tmp_path / "maps.fits")
    spectral = gm.PowerLawSpectralModel(
        index=2, amplitude="1e-8 cm-2 s-1 TeV-1", reference="0.1 TeV"
    )
    spatial = gm.PointSpatialModel(lon_0="0.5 deg", lat_0="0.2 deg", frame="galactic")
    dataset.models = [gm.SkyModel(spectral, spatial)]
    found = dataset.npred_signal().data.sum(axis=(1, 2))
    edges = np.append(maps["energy_true_min"], maps["energy_true_max"][-1])
    flux = spectral.integral(edges[:-1] * TEV, edges[1:] * TEV).to_value("cm-2 s-1")
    exposure = maps["exposure"].sel(lon=0.5, lat=0.2, method="nearest").to_numpy()
    same(found, (flux * exposure) @ maps["edisp"].to_numpy(), 3e-3)


def test_gammapy_stacks_our_maps(sky, tmp_path):
    maps = sky.assign(counts=sky["counts"].astype(float))
    one, two = (read(maps, tmp_path / f"{name}.fits") for name in ("one", "two"))
    one.stack(two)
    used = maps["mask"].to_numpy()
    same(one.counts.data[used], 2 * maps["counts"].to_numpy()[used])
    same(one.edisp.edisp_map.data[..., 0, 0], maps["edisp"], 1e-6)
    same(one.psf.psf_map.data[..., 0, 0], maps["psf"], 1e-6)


def test_what_gammapy_writes_again_is_the_same(tmp_path):
    maps = small_maps()
    read(maps, tmp_path / "ours.fits").write(tmp_path / "theirs.fits")
    xr.testing.assert_allclose(open_maps(tmp_path / "theirs.fits"), maps, rtol=1e-12, atol=0)


# from Gammapy's objects


def make_dataset(edisp="kernel", psf=True, on_off=False, mask_fit=False):
    """Make a dataset of Gammapy, in mixed units."""
    energy = MapAxis.from_energy_bounds(100, 10000, 4, unit="GeV")
    true = MapAxis.from_energy_bounds(0.05, 20, 6, unit="TeV", name="energy_true")
    geom = WcsGeom.create(npix=(12, 9), binsz=0.5, frame="icrs", axes=[energy], skydir=(83, 22))
    kind = MapDatasetOnOff if on_off else MapDataset
    migra = MapAxis.from_bounds(0.2, 5, 40, node_type="edges", name="migra")
    options = {"migra_axis": migra} if edisp == "migra" else {}
    dataset = kind.create(geom, energy_axis_true=true, name="small", **options)
    rng = np.random.default_rng(3)
    dataset.counts.data = rng.poisson(3.0, geom.data_shape).astype("f4")
    shape = dataset.exposure.data.shape
    dataset.exposure.quantity = rng.uniform(1e9, 2e9, shape) * u.Unit("m2 s")
    dataset.mask_safe.data = rng.random(geom.data_shape) < 0.8
    if on_off:
        dataset.counts_off = Map.from_geom(geom, data=rng.poisson(9.0, geom.data_shape))
        dataset.acceptance = Map.from_geom(geom, data=1.0)
        dataset.acceptance_off = Map.from_geom(geom, data=3.0)
    else:
        dataset.background.data = rng.uniform(1, 2, geom.data_shape).astype("f4")
    if mask_fit:
        dataset.mask_fit = Map.from_geom(geom, data=rng.random(geom.data_shape) < 0.8)
    image = geom.to_image()
    made = {
        "kernel": lambda: EDispKernelMap.from_diagonal_response(energy, true),
        "kernels": lambda: EDispKernelMap.from_diagonal_response(energy, true, image),
        "migra": lambda: dataset.edisp,
        "none": lambda: None,
    }
    dataset.edisp = made[edisp]()
    if edisp == "migra":
        data = dataset.edisp.edisp_map.data
        dataset.edisp.edisp_map.data = rng.uniform(0, 1, data.shape)
    dataset.psf = PSFMap.from_gauss(true, sigma=0.2 * u.deg) if psf else None
    return dataset


@pytest.mark.parametrize("energy_unit", ["TeV", "keV"])
@pytest.mark.parametrize(
    "options",
    [
        {},
        {"edisp": "kernels", "mask_fit": True},
        {"edisp": "migra"},
        {"edisp": "none", "psf": False},
        {"on_off": True},
    ],
    ids=str,
)
def test_a_dataset_is_the_maps_of_the_file_it_writes(options, energy_unit, tmp_path):
    dataset = make_dataset(**options)
    before = dataset.copy(name="before")
    found = from_gammapy(dataset, energy_unit=energy_unit)
    dataset.write(tmp_path / "maps.fits")
    expected = open_maps(tmp_path / "maps.fits", energy_unit=energy_unit)
    xr.testing.assert_identical(found.assign_attrs(expected.attrs), expected)
    assert {n: v.dtype for n, v in found.variables.items()} == {
        n: v.dtype for n, v in expected.variables.items()
    }
    assert found.attrs["history"] == "from_gammapy small"
    np.testing.assert_array_equal(dataset.counts.data, before.counts.data)


def test_background_and_models_are_what_gammapy_predicts():
    dataset = make_dataset(edisp="kernels")
    spectral = gm.PowerLawSpectralModel(amplitude="1e-10 cm-2 s-1 TeV-1")
    spatial = gm.GaussianSpatialModel(lon_0="83 deg", lat_0="22 deg", sigma="0.5 deg")
    background = gm.FoVBackgroundModel(dataset_name="small")
    background.spectral_model.norm.value = 1.5
    dataset.models = [gm.SkyModel(spectral, spatial), background]
    plain = from_gammapy(dataset)
    same(plain["background"], 1.5 * dataset.background.data, 1e-6)
    full = from_gammapy(dataset, include_models=True)
    same(full["background"], dataset.npred().data, 1e-6)
    assert full["background"].sum() > 1.01 * plain["background"].sum()


def test_energies_may_have_linear_centres():
    """MapAxis.from_edges makes them; the edges decide."""
    dataset = make_dataset()
    expected = from_gammapy(dataset)
    axis = dataset.counts.geom.axes["energy"]
    linear = MapAxis.from_edges(axis.edges, name="energy", interp="lin")
    geom = dataset.counts.geom.to_image().to_cube([linear])
    for name in ("counts", "background"):
        setattr(dataset, name, Map.from_geom(geom, data=getattr(dataset, name).data))
    dataset.mask_safe = Map.from_geom(geom, data=dataset.mask_safe.data)
    found = from_gammapy(dataset)
    np.testing.assert_allclose(found["energy_min"], expected["energy_min"], rtol=1e-12)
    np.testing.assert_array_equal(found["edisp"], expected["edisp"])


def test_datasets_of_one_region_and_lists_are_refused():
    dataset = make_dataset()
    geom = RegionGeom.create("icrs;circle(83, 22, 1)", axes=[dataset.counts.geom.axes["energy"]])
    true = dataset.exposure.geom.axes["energy_true"]
    spectrum = SpectrumDataset.create(geom, energy_axis_true=true)
    with pytest.raises(InvalidDataError, match=r"COUNTS .* is a region map"):
        from_gammapy(spectrum)
    with pytest.raises(InvalidDataError, match="found a Datasets without counts"):
        from_gammapy(Datasets([dataset]))


def test_round_trip_through_memory_and_file(tmp_path):
    maps = from_gammapy(make_dataset(edisp="kernels", mask_fit=True))
    check_dataset(read(maps, tmp_path / "maps.fits"), maps)
