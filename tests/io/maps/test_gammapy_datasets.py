"""Maps from datasets of Gammapy, for which simple classes stand in here."""

import numpy as np
import pytest
import xarray as xr
from astropy.io import fits
from cases import mapdataset_files as small
from cases import part_files
from cases.mapdataset_files import Recipe, write

from xprofile import from_gammapy, open_maps
from xprofile.exceptions import (
    DataWarning,
    InvalidDataError,
    InvalidOptionError,
    MissingVariableError,
)
from xprofile.schema.variables import MAPS

SHAPE = (3, 6, 8)


class Part:
    """A map or response that makes HDUs, as in Gammapy."""

    def __init__(self, hdus):
        self.hdus = hdus

    @property
    def unit(self):
        return self.hdus[0].header.get("BUNIT", "")

    def to_hdulist(self, hdu=None):
        assert hdu is None or hdu.upper() == self.hdus[0].name
        return fits.HDUList([fits.PrimaryHDU(), *self.hdus])

    def __add__(self, other):
        image = self.hdus[0].copy()
        image.data = image.data + other.hdus[0].data
        return Part([image, self.hdus[1]])


class FakeDataset:
    """The parts of a MapDataset that from_gammapy uses, with the maps of a recipe."""

    name = "fake"
    models = None

    def __init__(self, recipe=small.PLAIN, signal=0.25):
        hdus = recipe.hdus()
        for name in ("counts", "exposure", "mask_safe", "mask_fit", "edisp", "psf"):
            setattr(self, name, self.part(hdus, name))
        if recipe.onoff:
            for name in ("counts_off", "acceptance", "acceptance_off"):
                setattr(self, name, self.part(hdus, name))
        else:
            self.background = self.part(hdus, "background")
            image = fits.ImageHDU(np.full(SHAPE, signal), name="BACKGROUND")
            image.header.update({**small.WCS_CARDS, "BANDSHDU": "BACKGROUND_BANDS"})
            self.signal = Part([image, hdus["BACKGROUND_BANDS"]])

    @staticmethod
    def part(hdus, name):
        return Part([hdus[name], hdus[f"{name}_bands"]]) if name in hdus else None

    def npred_background(self):
        return self.background

    def npred_signal(self):
        return self.signal


@pytest.mark.heavy
@pytest.mark.parametrize(
    "recipe",
    [
        Recipe(),
        Recipe(onoff=True),
        Recipe(layout="rows", optional=("MASK_SAFE", "MASK_FIT", "EDISP", "PSF")),
        Recipe(optional=(), node_true=False),
    ],
    ids=["plain", "onoff", "all", "few"],
)
@pytest.mark.parametrize("energy_unit", ["TeV", "GeV"])
def test_a_dataset_is_the_maps_of_the_file_it_writes(tmp_path, recipe, energy_unit):
    found = from_gammapy(FakeDataset(recipe), energy_unit=energy_unit)
    expected = open_maps(write(tmp_path / "maps.fits", recipe), energy_unit=energy_unit)
    xr.testing.assert_identical(found.assign_attrs(expected.attrs), expected)
    first, *assumed = found.attrs["history"].splitlines()
    assert first == "from_gammapy fake"
    end = "the 4 of the exposure, continued to 2 beyond by the nearest"
    assert [line.endswith(end) for line in assumed] == [True] * ("psf" in found)


def test_background_is_what_is_predicted():
    dataset = FakeDataset()
    dataset.npred_background = lambda: dataset.background + dataset.signal
    maps = from_gammapy(dataset)
    np.testing.assert_allclose(maps["background"], small.BACKGROUND + 0.25, rtol=1e-6, atol=0)


def test_models_join_the_background_if_asked_to():
    plain, full = (from_gammapy(FakeDataset(), include_models=flag) for flag in (False, True))
    np.testing.assert_array_equal(plain["background"], small.BACKGROUND)
    np.testing.assert_allclose(full["background"], small.BACKGROUND + 0.25, rtol=1e-6, atol=0)
    xr.testing.assert_identical(full.drop_vars("background"), plain.drop_vars("background"))
    assert full["background"].attrs == MAPS["background"].attrs


def test_without_background_the_maps_have_none():
    dataset = FakeDataset()
    dataset.background = None
    maps = from_gammapy(dataset)
    xr.testing.assert_identical(maps, from_gammapy(FakeDataset()).drop_vars("background"))
    full = from_gammapy(dataset, include_models=True)
    np.testing.assert_array_equal(full["background"], np.full(SHAPE, 0.25))


def test_models_that_are_left_out_without_a_background_are_warned_of():
    """Datasets of the Fermi tools in Gammapy have the diffuse emission as models only."""
    dataset = FakeDataset()
    dataset.background, dataset.models = None, ["diffuse"]
    with pytest.warns(DataWarning, match="no background, but models.*include_models=True"):
        assert "background" not in from_gammapy(dataset)
    from_gammapy(dataset, include_models=True)


@pytest.mark.parametrize("unit", ["", "s", "m2"])
def test_an_exposure_of_another_unit_is_mended_in_gammapy(unit):
    dataset = FakeDataset()
    dataset.exposure.hdus[0].header["BUNIT"] = unit
    with pytest.raises(InvalidDataError, match=rf"unit '{unit}', .* set dataset.exposure.quantity"):
        from_gammapy(dataset)


def test_masks_may_be_images():
    dataset = FakeDataset()
    image = fits.ImageHDU(small.MASK_FIT[0].astype(int), name="MASK_SAFE")
    image.header.update(small.WCS_CARDS)
    dataset.mask_safe = Part([image])
    np.testing.assert_array_equal(from_gammapy(dataset)["mask"], [small.MASK_FIT[0]] * 3)


def test_a_plain_kernel_is_the_energy_dispersion():
    dataset = FakeDataset()
    dataset.edisp = Part(part_files.gtdrm(name="MATRIX")[1:])
    np.testing.assert_allclose(from_gammapy(dataset)["edisp"], small.EDISP, rtol=1e-6)


def test_responses_that_are_no_maps_are_told():
    dataset = FakeDataset(Recipe(optional=("MASK_SAFE",)))
    dataset.psf = object()
    told = r"psf is left out.*object as psf, expected .* PSFMap; set dataset.psf to None"
    with pytest.warns(DataWarning, match=told):
        assert "psf" not in from_gammapy(dataset)
    dataset.edisp = object()
    told = r"object as edisp, expected .* EDispKernelMap; set dataset.edisp to None"
    with pytest.raises(InvalidDataError, match=told):
        from_gammapy(dataset)


def test_models_of_on_off_data_have_no_background_to_join():
    with pytest.raises(InvalidOptionError, match=r"include_models .* on-off"):
        from_gammapy(FakeDataset(Recipe(onoff=True)), include_models=True)


@pytest.mark.parametrize("thing", [[FakeDataset()], "maps.fits", None, xr.Dataset()])
def test_what_is_no_dataset_is_refused(thing):
    with pytest.raises(InvalidDataError, match=rf"found a {type(thing).__name__} without counts"):
        from_gammapy(thing)


@pytest.mark.parametrize("name", ["counts", "exposure"])
def test_dataset_without_a_map_is_refused(name):
    dataset = FakeDataset()
    setattr(dataset, name, None)
    with pytest.raises(MissingVariableError, match=f"the dataset has no {name}"):
        from_gammapy(dataset)


def test_on_off_dataset_without_acceptance_is_refused():
    dataset = FakeDataset(Recipe(onoff=True))
    dataset.acceptance = None
    with pytest.raises(MissingVariableError, match="no acceptance"):
        from_gammapy(dataset)


def test_maps_on_one_region_are_refused():
    dataset = FakeDataset()
    table = small.PLAIN.table("COUNTS", np.ones((1, 3)), [small.PLAIN.energy()])
    dataset.counts = Part(table)
    with pytest.raises(InvalidDataError, match=r"cannot be made maps: COUNTS .* is a region map"):
        from_gammapy(dataset)


def test_energy_unit_of_a_dataset_must_be_one():
    with pytest.raises(InvalidOptionError, match=r"energy_unit must be a unit .*found 's'"):
        from_gammapy(FakeDataset(), energy_unit="s")
