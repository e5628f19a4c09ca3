"""Images of energy bands that the caller gives."""

import astropy.units as u
import numpy as np
import pytest
import xarray as xr
from cases import mapdataset_files as small
from cases import part_files as partfiles
from cases.image_files import BACKGROUND, COUNTS, SECONDS, plane, xray
from cases.part_files import fermi_parts, image, stream

from xprofile import SkyBins, from_arrays, open_maps, skycoord
from xprofile.exceptions import (
    FileFormatError,
    InvalidEnergyError,
    InvalidOptionError,
    MissingVariableError,
)
from xprofile.maps.wcs import decode_wcs

BAND = [0.5, 2] * u.keV
BANDS = [0.5, 2, 7] * u.keV
AREA = 240 * u.cm**2
OTHER = COUNTS[::-1].copy()


def one_band(**others):
    return open_maps(**xray(**others), energy_edges=BAND, effective_area=AREA, energy_unit="keV")


def two_bands(**parts):
    parts = {"counts": [plane(COUNTS), plane(OTHER)], "exposure": plane(SECONDS), **parts}
    return open_maps(**parts, energy_edges=BANDS, effective_area=AREA)


@pytest.mark.parametrize("chunks", [None, {}])
def test_images_are_maps_of_one_band(chunks):
    maps = open_maps(**xray(), energy_edges=BAND, effective_area=AREA, chunks=chunks)
    np.testing.assert_array_equal(maps["counts"], COUNTS[None])
    np.testing.assert_array_equal(maps["background"], BACKGROUND[None])
    np.testing.assert_allclose(maps["exposure"], 240 * SECONDS[None], rtol=1e-6)
    assert maps["exposure"].dims == ("energy_true", "lat", "lon")
    for name in ("energy", "energy_true"):
        np.testing.assert_allclose(maps[f"{name}_min"] * 1e9, [0.5], rtol=1e-12)
        np.testing.assert_allclose(maps[f"{name}_max"] * 1e9, [2], rtol=1e-12)
    assert bool(maps.chunks) == (chunks is not None)


def test_images_are_the_maps_of_their_arrays():
    maps = one_band()
    arrays = from_arrays(
        COUNTS, wcs=decode_wcs(maps), energy_edges=BAND, background=BACKGROUND,
        exposure=SECONDS * u.s, effective_area=AREA, energy_unit="keV",
    )  # fmt: skip
    xr.testing.assert_equal(maps, arrays)


def test_history_tells_the_options():
    history = one_band().attrs["history"]
    assert "energy_edges=[0.5 2. ] keV effective_area=240.0 cm2" in history


def test_a_cube_of_one_plane_is_an_image():
    maps = one_band(counts=stream([image(COUNTS[None])]))
    np.testing.assert_array_equal(maps["counts"], COUNTS[None])


def test_masks_and_exposures_stand_for_all_bands():
    mask = np.ones(COUNTS.shape, int)
    mask[2] = 0
    maps = two_bands(mask=plane(mask), background=0)
    np.testing.assert_array_equal(maps["counts"], [COUNTS, OTHER])
    np.testing.assert_array_equal(maps["mask"], np.stack([mask > 0] * 2))
    np.testing.assert_allclose(maps["exposure"], np.stack([240 * SECONDS] * 2), rtol=1e-6)
    assert maps["background"].dtype.kind == "f"
    assert not maps["background"].any()
    maps["background"][:, 2] = 1.0  # in memory of its own
    assert maps["background"].sum() == 2 * COUNTS.shape[1]


@pytest.mark.parametrize("chunks", [None, {}])
def test_lists_are_the_images_of_the_bands(chunks):
    mask = np.arange(COUNTS.size).reshape(COUNTS.shape) % 3
    maps = two_bands(
        background=[plane(BACKGROUND), 0.5],
        mask=[plane(mask), plane(np.ones(COUNTS.shape, int))],
        exposure=[plane(SECONDS, "s"), plane(SECONDS / 60, "min")],
        chunks=chunks,
    )
    background = np.stack([BACKGROUND, np.full(COUNTS.shape, 0.5)])
    np.testing.assert_array_equal(maps["background"], background)
    np.testing.assert_array_equal(maps["mask"], [mask > 0, np.ones(COUNTS.shape, bool)])
    np.testing.assert_allclose(maps["exposure"], np.stack([240 * SECONDS] * 2), rtol=1e-6)
    np.testing.assert_array_equal(maps["counts"][::-1, 2:4], [OTHER[2:4], COUNTS[2:4]])


def test_lists_in_a_list_are_combined_in_each_band():
    maps = two_bands(background=[[plane(BACKGROUND), plane(2 * BACKGROUND), 1], 3])
    np.testing.assert_allclose(
        maps["background"], [3 * BACKGROUND + 1, np.full(COUNTS.shape, 3)], rtol=1e-6
    )


def test_backgrounds_of_one_band_are_added():
    sums = one_band(background=[plane(BACKGROUND), 2 * 0.5])["background"]
    np.testing.assert_allclose(sums, 1 + BACKGROUND[None], rtol=1e-6)
    maps = one_band(background=[[plane(BACKGROUND), 1]])
    np.testing.assert_allclose(maps["background"], 1 + BACKGROUND[None], rtol=1e-6)


def test_cubes_in_a_list_are_added_with_any_number_of_energies():
    parts = fermi_parts(background=[stream(partfiles.gtmodel()), stream(partfiles.gtmodel()), 2])
    np.testing.assert_allclose(open_maps(**parts)["background"], 2 + 2 * small.BACKGROUND)


@pytest.mark.quick
@pytest.mark.parametrize(
    ("parts", "error", "message"),
    [
        ({"background": [0, 1, 2]}, InvalidOptionError, r"3 images, expected .* 2 bands.*\[\[a, b"),
        ({"background": plane(BACKGROUND)}, FileFormatError, "no energies, expected 2 planes"),
        ({"counts": plane(COUNTS)}, FileFormatError, "give counts as a list of as many images"),
        ({"counts": [plane(COUNTS)] * 3}, InvalidOptionError, "counts must be one file or map"),
        ({"background": [[0, 1]]}, InvalidOptionError, "lists in a list.*found 1 for 2"),
        ({"background": [[], 1]}, InvalidOptionError, "background has an empty list"),
        ({"counts": [stream(partfiles.gtbin()), stream(partfiles.gtbin())]}, InvalidOptionError,
         "counts must be one file or map, found 2"),
    ],
)  # fmt: skip
def test_lists_that_do_not_fit_the_bands_are_refused(parts, error, message):
    with pytest.raises(error, match=message):
        two_bands(**parts)


def test_images_without_bands_ask_for_them():
    with pytest.raises(FileFormatError, match=r"no energies.*energy_edges=\[0.5, 2\] \* u.keV"):
        open_maps(**xray())
    with pytest.raises(InvalidEnergyError, match="energy_edges must be positive and ascend"):
        open_maps(**xray(), energy_edges=[2, 1] * u.keV)


def test_bands_of_a_cube_are_its_own():
    with pytest.raises(InvalidOptionError, match=r"has 3 energies from .*leave energy_edges out"):
        open_maps(**fermi_parts(), energy_edges=BAND)
    xr.testing.assert_equal(
        open_maps(**fermi_parts(), energy_edges=small.EDGES * u.TeV), open_maps(**fermi_parts())
    )


def test_one_line_masks_pixels_without_exposure():
    maps = one_band()
    masked = maps.profile.exclude(maps.exposure == 0)
    np.testing.assert_array_equal(masked["mask"], SECONDS[None] > 0)


def test_without_background_maps_are_binned_and_a_fit_asks_for_it():
    maps = one_band(background=None)
    assert "background" not in maps
    binned = maps.profile.bin(SkyBins.annuli(skycoord(maps)[2, 3], edges=[0, 1, 2] * u.deg))
    assert binned["counts"].sum() > 0
    for call in (binned.profile.estimate, binned.profile.simulate):
        with pytest.raises(MissingVariableError, match="background=0"):
            call()
    added = binned.assign(background=0 * binned["counts"])
    nothing = one_band(background=0).profile.bin(
        SkyBins.annuli(skycoord(maps)[2, 3], edges=[0, 1, 2] * u.deg)
    )
    xr.testing.assert_equal(added.profile.estimate(), nothing.profile.estimate())
