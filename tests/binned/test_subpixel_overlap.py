"""Pixels that are not small beside the bins count with their shares."""

import astropy.units as u
import numpy as np
import pytest
import xarray as xr
from astropy.coordinates import SkyCoord
from cases.maps import make_maps, make_onoff, make_wcs, small_maps, uneven_maps
from regions import CircleSkyRegion, RectangleSkyRegion

import xprofile
from xprofile import SkyBins, bin_image, bin_maps
from xprofile.binned.edisp import nearest_positions
from xprofile.exceptions import InvalidOptionError
from xprofile.maps.wcs import pixel_grid

STEP = 0.02
# Sums by photutils 3.0.0, method="exact", of `bright_image` in circles and circular annuli:
# centre in pixels, radii in pixels, sums.
PHOTUTILS = [
    ((20, 20), [0, 1, 2, 3, 4, 5], [23.884499, 60.926815, 77.504154, 82.517257, 83.161054]),
    ((20.3, 19.6), [0, 1, 2, 3, 4, 5], [24.083402, 59.623966, 75.801276, 82.936047, 83.892301]),
    ((20.3, 19.6), [9, 10, 11], [98.768579, 109.34473]),
    ((20.5, 20.5), [0, 1.5, 4, 7.3, 12], [48.045782, 192.509251, 280.246882, 496.086237]),
    ((18.77, 21.12), [3, 8, 18], [442.414334, 1477.376912]),
]


def bright_image():
    y, x = np.mgrid[:41, :41]
    peak = 5 * np.exp(-((x - 20) ** 2 + (y - 20) ** 2) / 8)
    wcs = make_wcs("TAN", (83, 22), STEP, (41, 41), "icrs")
    counts = make_maps(wcs, (41, 41), nenergy=1, ntrue=1).counts[0]
    return counts.copy(data=2 + np.cos(x / 3) + 0.5 * np.sin(1.7 * y) + peak), wcs


def shares(wcs, shape, n, inside):
    """Share of each pixel's n x n sub-positions that are inside, position by position."""
    steps = (np.arange(n) + 0.5) / n - 0.5
    x = (np.arange(shape[1])[:, None] + steps).ravel()
    y = (np.arange(shape[0])[:, None] + steps).ravel()
    flags = inside(wcs.pixel_to_world(*np.meshgrid(x, y)))
    return flags.reshape(shape[0], n, shape[1], n).mean(axis=(1, 3))


@pytest.mark.heavy
@pytest.mark.parametrize(("place", "radii", "expected"), PHOTUTILS)
@pytest.mark.parametrize("listed", [False, True])
def test_exact_overlap_of_photutils(place, radii, expected, listed):
    image, wcs = bright_image()
    bins = SkyBins.annuli(wcs.pixel_to_world(*place), edges=np.array(radii) * STEP * u.deg)
    found = bin_image(image, bins.to_regions() if listed else bins, overlap="subpixel")
    np.testing.assert_allclose(found, expected, rtol=1e-3)


@pytest.mark.parametrize("projection", ["CAR", "TAN", "AIT"])
@pytest.mark.parametrize("n", [1, 2, 5])
def test_shares_by_brute_force(projection, n):
    shape = (20, 30)
    wcs = make_wcs(projection, (0, 0), 0.1, shape)
    maps = uneven_maps(wcs, shape)
    center = SkyCoord(0.033, -0.071, unit="deg", frame="galactic")
    radii = [0, 0.04, 0.17, 0.55, 1.37]
    bins = SkyBins.annuli(center, edges=radii * u.deg)
    found = bin_maps(maps, bins, overlap="subpixel", subpixels=n)
    area = maps.profile.solid_angle
    for i in range(4):
        share = xr.DataArray(
            shares(wcs, shape, n, lambda p, i=i: (
                (p.separation(center).deg >= radii[i]) & (p.separation(center).deg < radii[i + 1])
            )), dims=("lat", "lon"),
        )  # fmt: skip
        for name in ("counts", "background"):
            expected = (maps[name] * maps.mask * share).sum(("lat", "lon"))
            np.testing.assert_allclose(found[name][:, i], expected, rtol=1e-12)
        assert found.n_pixels[i] == np.count_nonzero(share)
        used = (area * share * maps.mask).sum(("lat", "lon"))
        whole = found.solid_angle[i].item()
        np.testing.assert_allclose(found.coverage[:, i] * whole, used, rtol=1e-12)
        exposure = (maps.exposure * maps.mask * area * share).sum(("lat", "lon")) / whole
        np.testing.assert_allclose(
            found.exposure[:, i].transpose(*exposure.dims), exposure, rtol=1e-12
        )
    assert found.counts.dtype == float
    assert found.attrs["overlapping_pixels"] == 0


def every_shape(center):
    line = center.spherical_offsets_by([-2, 0, 2] * u.deg, [0, 0.7, -0.9] * u.deg)
    beyond = center.spherical_offsets_by([-1, 6] * u.deg, [0, 0.7] * u.deg)
    return {
        "annuli": SkyBins.annuli(center, edges=[0, 0.13, 0.4, 1.7] * u.deg),
        "elliptical": SkyBins.elliptical_annuli(
            center, axis_ratio=0.5, position_angle=20 * u.deg, edges=[0, 0.3, 0.9] * u.deg
        ),
        "sectors": SkyBins.sectors(center, radius_min=0.2 * u.deg, radius_max=2 * u.deg, nbin=6),
        "grid": SkyBins.grid(center, width=1.3 * u.deg, height=0.7 * u.deg, nbin=(3, 2)),
        "path": SkyBins.along_path(line, height=0.8 * u.deg, nbin=5),
        "line off the map": SkyBins.along_line(*beyond, height=0.8 * u.deg, nbin=3),
        "list": [
            CircleSkyRegion(center, 0.44 * u.deg),
            RectangleSkyRegion(center, 1 * u.deg, 0.5 * u.deg, angle=20 * u.deg),
        ],
    }


@pytest.mark.heavy
@pytest.mark.filterwarnings("ignore:bins overlap", "ignore:.*off the map")
@pytest.mark.parametrize("shape", list(every_shape(SkyCoord(0, 0, unit="deg"))))
@pytest.mark.parametrize(("projection", "latitude"), [("CAR", 0), ("TAN", 60)])
def test_areas_of_every_shape(shape, projection, latitude):
    maps = uneven_maps(make_wcs(projection, (0, latitude), 0.1))
    bins = every_shape(SkyCoord(0.01, latitude + 0.02, unit="deg", frame="galactic"))[shape]
    found = bin_maps(maps, bins, overlap="subpixel")
    area = (bins if isinstance(bins, SkyBins) else SkyBins.from_regions(bins)).solid_angle
    # a straight edge along the pixels is right to half a sub-position, on two sides
    np.testing.assert_allclose(found.solid_angle, area.to_value("sr"), rtol=3e-3)
    chunked = bin_maps(maps.chunk(lat=13, lon=17), bins, overlap="subpixel")
    xr.testing.assert_allclose(found, chunked, rtol=1e-12)


def test_tiled_bins_hold_each_pixel_once():
    maps = uneven_maps()
    center = SkyCoord(0.012, 0.034, unit="deg", frame="galactic")
    bins = SkyBins.grid(center, width=10 * u.deg, height=8 * u.deg, nbin=(33, 7))
    with pytest.warns(xprofile.exceptions.DataWarning, match="off the map"):
        found = bin_maps(maps, bins, overlap="subpixel", subpixels=7)
    used = (maps.background * maps.mask).sum(("lat", "lon"))
    np.testing.assert_allclose(found.background.sum("region"), used, rtol=1e-12)
    assert found.attrs["overlapping_pixels"] == 0
    image = bin_image(maps.background, SkyBins.annuli(center, edges=[0, 0.3, 0.7, 9] * u.deg),
                      overlap="subpixel")  # fmt: skip
    total = maps.background.sum(("lat", "lon"))
    np.testing.assert_allclose(image.sum("projected_distance"), total, rtol=1e-12)


def test_only_overlaps_of_bins_count_as_overlaps():
    maps = make_maps()
    places = SkyCoord([0, 0.5, 2], [0, 0, 0], unit="deg", frame="galactic")
    side = 0.5 * u.deg
    touching = [RectangleSkyRegion(place, side, side) for place in places]
    found = bin_maps(maps, touching, overlap="subpixel", subpixels=8)
    assert found.attrs["overlapping_pixels"] == 0
    with pytest.warns(UserWarning, match="36 pixels are counted in more than one bin"):
        bin_maps(maps, [touching[0]] * 2, overlap="subpixel", subpixels=8)
    chunked = maps.chunk(lat=7, lon=9)
    with pytest.warns(UserWarning, match="36 pixels are counted in more than one bin"):
        bin_maps(chunked, [touching[0]] * 2, overlap="subpixel", subpixels=8)


@pytest.mark.slow
def test_circle_between_pixel_centers():
    maps = make_maps()
    hidden = [CircleSkyRegion(SkyCoord(0.004, 0.003, unit="deg", frame="galactic"), 0.02 * u.deg)]
    with pytest.warns(xprofile.exceptions.DataWarning, match="smaller than the pixels"):
        assert bin_maps(maps, hidden).n_pixels == 0
    for data in (maps, maps.chunk(lat=7, lon=9)):
        found = bin_maps(data, hidden, overlap="subpixel")
        assert found.n_pixels == 4
        np.testing.assert_allclose(found.background, np.pi * 0.2**2, rtol=1e-3)


@pytest.mark.parametrize(
    ("projection", "shape", "step"),
    [("CAR", (19, 36), 10), ("AIT", (33, 65), 5), ("MOL", (32, 66), 5), ("ZEA", (47, 47), 5)],
)
def test_pixels_across_the_edge_of_the_sky_count_fully(projection, shape, step):
    """All that such a pixel holds is from its part on the sky, which is wholly in some bins."""
    maps = uneven_maps(make_wcs(projection, (0, 0), step, shape), shape, used=1)
    center = SkyCoord(123, 40, unit="deg", frame="galactic")
    bins = SkyBins.annuli(center, edges=[0, 37.3, 112, 180] * u.deg)
    whole = bin_maps(maps, bins)
    found = bin_maps(maps, bins, overlap="subpixel", subpixels=9)
    for name in ("counts", "background", "solid_angle"):
        np.testing.assert_allclose(
            found[name].sum("projected_distance"), whole[name].sum("projected_distance"), rtol=1e-12
        )


def test_mean_response_is_weighted_with_shares():
    maps = small_maps(positions=(2, 3))
    bins = SkyBins.annuli(SkyCoord(0, 0, unit="deg", frame="galactic"),
                          edges=[0, 0.13, 0.27] * u.deg)  # fmt: skip
    mask = maps.mask.isel(energy=0, drop=True)
    maps["mask"] = mask.broadcast_like(maps.counts).transpose(*maps.counts.dims)
    found = bin_maps(maps, bins, overlap="subpixel", subpixels=4)
    grid = pixel_grid(maps)
    place = nearest_positions(maps, grid, maps.exposure.variable).values
    weight = maps.exposure * mask * maps.profile.solid_angle
    edisp = maps.edisp.transpose("lat_edisp", "lon_edisp", ...).values.reshape(6, 4, 3)[place]
    edisp = xr.DataArray(edisp, dims=("lat", "lon", "energy_true", "energy"))
    options = {"overlap": "subpixel", "subpixels": 4}
    total = bin_image(weight, bins, **options)
    expected = bin_image(weight * edisp, bins, **options) / total
    np.testing.assert_allclose(found.edisp.transpose(*expected.dims), expected, rtol=1e-12)


def test_one_subpixel_is_the_center_and_shares_can_be_fitted():
    maps = xprofile.tutorial.open_maps("galactic-center-sim")
    bins = SkyBins.annuli(SkyCoord(0, 0, unit="deg", frame="galactic"),
                          edges=[0, 0.08, 0.3] * u.deg)  # fmt: skip
    whole = bin_image(maps.counts, bins, overlap="subpixel", subpixels=1)
    np.testing.assert_array_equal(whole, bin_image(maps.counts, bins))
    profile = maps.profile.bin(bins, overlap="subpixel").profile.estimate()
    assert np.isfinite(profile.norm).any()


def test_onoff_background_is_conserved():
    maps = make_onoff()
    bins = SkyBins.annuli(SkyCoord(0, 0, unit="deg", frame="galactic"),
                          edges=[0, 0.15, 0.5] * u.deg)  # fmt: skip
    found = bin_maps(maps, bins, overlap="subpixel")
    background = found.acceptance / found.acceptance_off * found.counts_off
    pixels = maps.acceptance / maps.acceptance_off * maps.counts_off
    np.testing.assert_allclose(background, bin_image(pixels, bins, overlap="subpixel"), rtol=1e-12)


@pytest.mark.parametrize(
    ("options", "text"),
    [
        ({"overlap": "exact"}, "'center' or 'subpixel', found 'exact'"),
        ({"overlap": "subpixel", "subpixels": 0}, "positive integer, found 0"),
        ({"overlap": "subpixel", "subpixels": 2.5}, "positive integer, found 2.5"),
        ({"overlap": "subpixel", "subpixels": True}, "positive integer, found True"),
        ({"subpixels": 3}, "subpixels=3 needs overlap='subpixel'"),
    ],
)
def test_refused_options(options, text):
    maps = make_maps()
    bins = SkyBins.annuli(SkyCoord(0, 0, unit="deg", frame="galactic"), edges=[0, 1] * u.deg)
    with pytest.raises(InvalidOptionError, match=text):
        bin_maps(maps, bins, **options)
    with pytest.raises(InvalidOptionError, match=text):
        bin_image(maps.counts, bins, **options)


def test_planar_bins_are_refused():
    center = SkyCoord(0, 0, unit="deg", frame="galactic")
    bins = SkyBins.annuli(center, edges=[0, 1] * u.deg, planar=True)
    with pytest.raises(InvalidOptionError, match="leave out planar=True"):
        bin_maps(make_maps(), bins, overlap="subpixel")
