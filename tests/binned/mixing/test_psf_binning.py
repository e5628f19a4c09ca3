"""psf=True: the shares of pairs of bins against sums over all pairs of pixels."""

import astropy.units as u
import numpy as np
import pytest
import xarray as xr
from astropy.coordinates import SkyCoord
from cases.maps import make_wcs
from cases.psf_maps import RAD, gauss, spread_maps

from xprofile import SkyBins, bin_maps, check_binned, from_arrays
from xprofile.binned.members.finding import find_members
from xprofile.exceptions import DataWarning, TooLargeError
from xprofile.maps.wcs import pixel_grid

CENTER = SkyCoord(0, 0, unit="deg", frame="galactic")
RINGS = SkyBins.annuli(CENTER, edges=[0, 0.3, 0.6, 0.8] * u.deg)
MIXING = ("psf_mixing", "exposure_true", "psf_share")


def angles(grid):
    """Angles in rad between 2 x 2 nodes of all pixels, (npixel, npixel, 4, 4)."""
    steps = np.array([-0.25, 0.25])
    dx, dy = (s.ravel() for s in np.meshgrid(steps, steps))
    x, y = (p.ravel() for p in np.meshgrid(grid.x, grid.y))
    vectors = grid.vectors(x[:, None] + dx, y[:, None] + dy)
    chord = np.linalg.norm(vectors[:, :, None, :, None] - vectors[:, None, :, None, :], axis=0)
    return 2 * np.arcsin(chord / 2)


def by_pairs(maps, bins):
    """Mixing (ntrue, nbin, nbin, nenergy) and mean exposure (ntrue, nbin), from all pairs."""
    grid = pixel_grid(maps)
    members, separation = find_members(bins, grid), np.degrees(angles(grid))
    area = grid.solid_angle(grid.x, grid.y[:, None])
    area = np.broadcast_to(area, grid.shape).ravel()
    inside = np.zeros((len(bins), area.size), bool)
    inside[members.bin, members.pixel] = True
    exposure = maps.exposure.values.reshape(maps.sizes["energy_true"], -1)
    used = maps.mask.values.reshape(maps.sizes["energy"], -1)
    mixing = np.zeros((len(exposure), len(bins), len(bins), len(used)))
    for e, profile in enumerate(maps.psf.values):
        mean = np.interp(separation, RAD, profile, right=0).mean(axis=(2, 3)) * area
        for j, source in enumerate(inside):
            weight = area[source] * exposure[e, source]
            arrived = weight @ mean[source] / weight.sum()
            mixing[e, j] = np.einsum("q,iq,kq->ik", arrived, inside, used)
    return mixing, (exposure * area) @ inside.T / (inside @ area)


@pytest.mark.heavy
@pytest.mark.parametrize("projection", ["CAR", "TAN"])
def test_shares_equal_sums_over_pairs_of_pixels(projection):
    center = {"CAR": (0, 0), "TAN": (0.1, -0.1)}[projection]
    maps = spread_maps(make_wcs(projection, center, shape=(20, 20)), shape=(20, 20))
    binned = bin_maps(maps, RINGS, psf=True)
    expected, exposure = by_pairs(maps, RINGS)
    dims = ("energy_true", "projected_distance_true", "projected_distance", "energy")
    assert binned.psf_mixing.dims == dims
    # 2 x 2 nodes are right to 0.5 %; the engine is tested with more of them
    np.testing.assert_allclose(binned.psf_mixing, expected, rtol=0, atol=5e-3 * expected.max())
    np.testing.assert_allclose(binned.exposure_true, exposure, rtol=1e-12)
    check_binned(binned)


def test_the_same_mask_at_all_energies_needs_no_dim_of_energy():
    maps = spread_maps(used=1.0)
    binned = bin_maps(maps, RINGS, psf=True)
    assert binned.psf_mixing.dims == (
        "energy_true", "projected_distance_true", "projected_distance",
    )  # fmt: skip
    assert binned.psf_share.dims == ("energy_true", "projected_distance")
    none = maps.assign(mask=maps.mask & (maps.energy > 0.1))
    some = bin_maps(none, RINGS, psf=True)
    assert not some.psf_mixing[..., 0].any()
    np.testing.assert_array_equal(some.psf_mixing[..., -1], binned.psf_mixing)


def test_a_single_mask_is_averaged_over_no_pixels_that_are_not_used():
    maps = spread_maps(used=1.0)
    half = maps.assign(mask=maps.mask & (maps.x < 15))
    binned, whole = (bin_maps(m, RINGS, psf=True) for m in (half, maps))
    np.testing.assert_array_equal(binned.exposure_true, whole.exposure_true)
    assert np.all(binned.psf_mixing.sum("projected_distance") < 0.8)
    assert np.all(binned.exposure < 0.9 * whole.exposure)


def test_other_variables_are_those_without_the_psf():
    maps = spread_maps()
    with_psf, plain = bin_maps(maps, RINGS, psf=True), bin_maps(maps, RINGS)
    rest = with_psf.drop_vars([*MIXING, "projected_distance_true"]).assign_attrs(plain.attrs)
    xr.testing.assert_identical(rest.drop_dims("source_distance"), plain.drop_dims("part"))
    assert with_psf.attrs["history"].endswith(", psf=True")
    true = with_psf.projected_distance_true
    np.testing.assert_array_equal(true, with_psf.projected_distance)


@pytest.mark.heavy
@pytest.mark.parametrize("overlap", ["center", "subpixel"])
@pytest.mark.parametrize("positions", [None, pytest.param((2, 3), marks=pytest.mark.slow)])
def test_dask_gives_the_same(overlap, positions):
    pytest.importorskip("dask")
    maps = spread_maps(positions=positions)
    options = {"psf": True, "overlap": overlap, "margin": 0.2 * u.deg}
    expected = bin_maps(maps, RINGS, **options)
    found = bin_maps(maps.chunk(lat=10, lon=7, energy=3), RINGS, **options)
    for name, values in expected.data_vars.items():
        top = float(np.abs(values).max())
        np.testing.assert_allclose(found[name], values, rtol=1e-10, atol=1e-13 * top, err_msg=name)


def test_only_chunks_with_bins_are_computed():
    dask = pytest.importorskip("dask.array")
    maps, seen = spread_maps(used=1.0), []
    narrow = RINGS[:1]

    def note(block, block_info=None):
        seen.append(block_info[0]["chunk-location"][-2:])
        return block

    counts = dask.from_array(maps.counts.values, chunks=(4, 8, 10))
    lazy = counts.map_blocks(note, dtype=counts.dtype, meta=counts._meta)
    bin_maps(maps.assign(counts=(maps.counts.dims, lazy)), narrow, psf=True)
    assert set(seen) == {(1, 1)}


def test_unknown_exposures_of_masked_pixels_count_as_none():
    maps = spread_maps(used=1.0)
    off = (maps.x < 8).broadcast_like(maps.mask).transpose(*maps.mask.dims)
    masked = maps.assign(mask=maps.mask & ~off)
    unknown = masked.assign(exposure=masked.exposure.where(maps.x >= 8))
    zero = masked.assign(exposure=masked.exposure.where(maps.x >= 8, 0))
    for one in (unknown, zero):
        one.exposure.attrs = maps.exposure.attrs
    found, expected = (bin_maps(m, RINGS, psf=True) for m in (unknown, zero))
    for name in MIXING:
        np.testing.assert_array_equal(found[name], expected[name])


def test_a_psf_over_reconstructed_energy_is_taken_at_each_of_them():
    maps = spread_maps(dim="energy", used=1.0)
    binned = bin_maps(maps, RINGS, psf=True)
    assert binned.psf_mixing.dims[-1] == "energy"
    for k, profile in enumerate(maps.psf.values):
        true = maps.assign(psf=(("energy_true", "rad"), np.tile(profile, (6, 1))))
        expected = bin_maps(true, RINGS, psf=True)
        np.testing.assert_allclose(binned.psf_mixing[..., k], expected.psf_mixing, rtol=1e-12)
        np.testing.assert_allclose(binned.psf_share[..., k], expected.psf_share, rtol=1e-12)


def test_each_pixel_has_the_psf_of_its_nearest_position():
    maps = spread_maps(positions=(1, 2), used=1.0, shape=(20, 20), wcs=make_wcs(shape=(20, 20)))
    west = (maps.x > 9.5).values  # longitude falls to the right
    binned = bin_maps(maps, RINGS, psf=True)
    parts = []
    for side, keep in ((0, ~west), (1, west)):
        one = maps.isel(lat_psf=0, lon_psf=side).drop_vars(["wcs_psf"])
        masked = one.assign(exposure=one.exposure * xr.DataArray(keep, dims="lon"))
        masked.exposure.attrs = maps.exposure.attrs
        parts.append(bin_maps(masked, RINGS, psf=True))
    weights = [part.exposure_true.values[:, :, None] for part in parts]
    mixed = sum(w * p.psf_mixing.values for w, p in zip(weights, parts, strict=True))
    np.testing.assert_allclose(binned.psf_mixing, mixed / sum(weights), atol=1e-3)


def test_the_position_of_the_centre_counts_for_the_whole_bin():
    maps = spread_maps(positions=(1, 2), used=1.0)
    boxes = SkyBins.along_line(
        *SkyCoord([1, -1] * u.deg, [0, 0] * u.deg, frame="galactic"),
        edges=[0, 0.9, 2] * u.deg, height=1 * u.deg,
    )  # fmt: skip
    binned = bin_maps(maps, boxes, psf=True, response="center")
    for number in (0, 1):
        one = maps.isel(lat_psf=0, lon_psf=number).drop_vars(["wcs_psf"])
        expected = bin_maps(one, boxes, psf=True).psf_mixing[:, number]
        np.testing.assert_allclose(binned.psf_mixing[:, number], expected, atol=1e-4)


def test_overlapping_planar_and_far_bins_and_masked_ones():
    maps = spread_maps(used=1.0)
    centers = SkyCoord([0, 0.2, 40], [0, 0, 0], unit="deg", frame="galactic")
    from regions import CircleSkyRegion

    circles = [CircleSkyRegion(c, 0.5 * u.deg) for c in centers]
    with pytest.warns(UserWarning, match="bins overlap|off the map"):
        binned = bin_maps(maps, circles, psf=True)
    check_binned(binned)
    assert not binned.psf_mixing.values[:, 2].any()
    assert not binned.psf_mixing.values[:, :, 2].any()
    assert not binned.exposure_true.values[:, 2].any()
    alone = bin_maps(maps, circles[:1], psf=True)
    np.testing.assert_allclose(binned.psf_mixing[:, 0, 0], alone.psf_mixing[:, 0, 0], rtol=1e-4)
    inner = SkyBins.annuli(CENTER, edges=[0, 0.4] * u.deg)
    dark = maps.profile.exclude(inner)
    masked = bin_maps(dark, RINGS, psf=True)
    assert masked.exposure_true[0, 0] > 0
    assert np.all(masked.psf_mixing[:, 0, 0] == 0)
    assert np.all(masked.psf_mixing[:, 0, 1:].sum("projected_distance") > 0.1)


def test_the_edisp_of_a_masked_bin_is_that_of_its_pixels():
    from cases.maps import small_maps

    maps = small_maps(positions=(2, 3)).assign(mask=lambda m: m.mask | True)
    rings = SkyBins.annuli(CENTER, edges=[0, 0.15, 0.4] * u.deg)
    spread = (("energy_true", "rad"), np.tile(gauss(0.1), (4, 1)))
    maps = maps.drop_vars(["psf", "rad"]).assign(psf=spread).assign_coords(rad=RAD)
    bright = bin_maps(maps, rings, psf=True)
    dark = bin_maps(maps.profile.exclude(rings[:1]), rings, psf=True)
    np.testing.assert_allclose(dark.edisp, bright.edisp, rtol=1e-12)
    plain = bin_maps(maps.profile.exclude(rings[:1]), rings)
    assert not plain.edisp[0].any()


def test_too_many_bins_are_refused_before_memory_is_taken(monkeypatch):
    from xprofile.binned.mixing import variables

    monkeypatch.setattr(variables, "_MOST_VALUES", 50)
    with pytest.raises(TooLargeError, match=r"3 x 3 bins x 6 true energies would have 54 values"):
        bin_maps(spread_maps(used=1.0), RINGS, psf=True)
    monkeypatch.setattr(variables, "_MOST_VALUES", 60)
    with pytest.raises(TooLargeError, match=r"x 4 energies with different masks"):
        bin_maps(spread_maps(), RINGS, psf=True)


def test_too_many_pixels_are_refused(monkeypatch):
    from xprofile.binned.sums import pixel_pairs

    monkeypatch.setattr(pixel_pairs, "_MOST_EXPOSURES", 1000)
    maps = spread_maps()
    with pytest.raises(TooLargeError, match=r"exposures of all pixels of the bins"):
        bin_maps(maps, RINGS, psf=True)
    pytest.importorskip("dask")
    with pytest.raises(TooLargeError, match=r"exposures of all pixels of the bins"):
        bin_maps(maps.chunk(lat=6, lon=6), RINGS, psf=True)


def test_a_table_without_units_of_angle_is_in_degrees():
    maps = spread_maps(used=1.0)
    expected = bin_maps(maps, RINGS, psf=True)
    other = maps.profile.to_units(rad="arcmin", psf="deg-2")
    np.testing.assert_allclose(
        bin_maps(other, RINGS, psf=True).psf_mixing, expected.psf_mixing, rtol=1e-9
    )
    turned = maps.isel(rad=slice(None, None, -1))
    np.testing.assert_array_equal(bin_maps(turned, RINGS, psf=True).psf_mixing, expected.psf_mixing)


def test_from_arrays_with_a_psf():
    maps = from_arrays(
        counts=np.ones((2, 20, 20), int), exposure=np.full((2, 20, 20), 1e10) * u.Unit("cm2 s"),
        energy_edges=[1, 2, 4] * u.TeV, wcs=make_wcs(shape=(20, 20)),
        psf=gauss(0.15) * u.Unit("sr-1"), rad=RAD * u.deg,
    )  # fmt: skip
    binned = bin_maps(maps, RINGS, psf=True)
    share = binned.psf_mixing.sum("projected_distance")[:, 0]
    assert np.all((share > 0.98) & (share < 1.001))


def test_a_wrong_integral_warns():
    maps = spread_maps(used=1.0)
    with pytest.warns(DataWarning, match="the psf integrates to 2"):
        doubled = bin_maps(maps.assign(psf=(maps.psf.dims, 2 * maps.psf.values)), RINGS, psf=True)
    expected = bin_maps(maps, RINGS, psf=True)
    np.testing.assert_allclose(doubled.psf_mixing, expected.psf_mixing, rtol=2e-3)
