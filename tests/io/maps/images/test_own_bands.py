"""Images and cubes whose energies are partly in the file, partly given by the caller."""

import astropy.units as u
import numpy as np
import pytest
from cases.image_files import COUNTS, SECONDS, plane
from cases.part_files import ebounds, image, stream

from xprofile import open_map, open_maps
from xprofile.exceptions import FileFormatError, InvalidOptionError

BANDS = [0.5, 2, 7] * u.keV
AREA = 240 * u.cm**2
OTHER = COUNTS[::-1].copy()
CUBE = np.stack([COUNTS, OTHER])


def with_band(values, low, high, unit="keV"):
    """File of an image beside a table EBOUNDS of one row, in keV."""
    return stream([image(values), ebounds(np.array([low, high]), unit=unit, scale=1.0)])


def maps_of(counts, edges=BANDS, **others):
    exposure = others.pop("exposure", plane(SECONDS, "s"))
    return open_maps(
        counts=counts, exposure=exposure, energy_edges=edges, effective_area=AREA, **others
    )


@pytest.mark.parametrize("shape", [(6, 8), (1, 6, 8), (1, 1, 6, 8)])
@pytest.mark.parametrize("edges", [None, BANDS[:2]])
def test_band_of_a_table_is_that_of_the_image(shape, edges):
    maps = maps_of(with_band(COUNTS.reshape(shape), 0.5, 2), edges)
    np.testing.assert_array_equal(maps["counts"], COUNTS[None])
    np.testing.assert_allclose(maps["energy_max"] * 1e9, [2], rtol=1e-6)


@pytest.mark.parametrize("shape", [(6, 8), (1, 6, 8)])
def test_images_of_bands_in_their_order(shape):
    first, second = (values.reshape(shape) for values in CUBE)
    maps = maps_of([with_band(first, 0.5, 2), with_band(second, 2, 7)])
    np.testing.assert_array_equal(maps["counts"], CUBE)
    with pytest.raises(InvalidOptionError, match=r"2e-09 to 7e-09 TeV.*order of the images"):
        maps_of([with_band(second, 2, 7), with_band(first, 0.5, 2)])


def test_a_band_other_than_that_of_the_table_is_told():
    with pytest.raises(InvalidOptionError, match=r"5e-10 to 7e-09 TeV.*correct energy_edges"):
        maps_of(with_band(COUNTS, 0.5, 7), BANDS[:2])


def test_a_table_that_cannot_be_used_does_not_stop_an_image():
    maps = maps_of(with_band(COUNTS, 0.5, 7, unit=None), BANDS[:2])
    np.testing.assert_array_equal(maps["counts"], COUNTS[None])


@pytest.mark.parametrize("chunks", [None, {}])
@pytest.mark.parametrize("shape", [(2, 6, 8), (1, 2, 6, 8), (2, 1, 6, 8)])
def test_cubes_without_energies(shape, chunks, tmp_path):
    path = tmp_path / "cube.fits"
    stream_of = image(CUBE.reshape(shape))
    stream_of.writeto(path)
    maps = maps_of(path, background=[plane(COUNTS), plane(OTHER)], chunks=chunks)
    np.testing.assert_array_equal(maps["counts"], CUBE)
    np.testing.assert_array_equal(maps["background"], CUBE)
    part = maps["counts"].isel(lat=slice(4, 1, -1), lon=[6, 2])
    np.testing.assert_array_equal(part, CUBE[:, 4:1:-1][..., [6, 2]])


def test_exposures_without_energies_need_a_unit():
    exposures = np.stack([SECONDS, 2 * SECONDS])
    files = {"counts": stream([image(CUBE)]), "energy_edges": BANDS}
    with pytest.raises(FileFormatError, match=r"PRIMARY of .* has no unit, and an image of an exp"):
        open_maps(**files, exposure=stream([image(exposures)]))
    files["counts"].seek(0)
    maps = maps_of(files["counts"], exposure=stream([image(exposures, cards={"BUNIT": "s"})]))
    np.testing.assert_allclose(maps["exposure"], 240 * exposures, rtol=1e-6)


def test_cubes_with_another_number_of_planes():
    with pytest.raises(FileFormatError, match=r"its 2 planes.*Give energy_edges= with 3 energies"):
        maps_of(stream([image(CUBE)]), None)
    with pytest.raises(FileFormatError, match=r"has 1 bands\. Give energy_edges= with 3 energies"):
        maps_of(stream([image(CUBE)]), BANDS[:2])


def test_single_maps():
    cube = open_map(stream([image(CUBE)]), energy_edges=BANDS)
    np.testing.assert_array_equal(cube, CUBE)
    np.testing.assert_allclose(cube["energy_min"] * 1e9, [0.5, 2], rtol=1e-9)
    one = open_map(plane(COUNTS), energy_edges=BANDS[:2])
    assert one.dims == ("energy", "lat", "lon")
    with pytest.raises(InvalidOptionError, match="2 bands, expected one for the single image"):
        open_map(plane(COUNTS), energy_edges=BANDS)
    with pytest.raises(InvalidOptionError, match="leave energy_edges out"):
        open_map(with_band(COUNTS[None], 0.5, 7), energy_edges=BANDS)
