"""Merged bins against the binning of merged regions; folded bins."""

import astropy.units as u
import numpy as np
import pytest
import xarray as xr
from astropy.coordinates import SkyCoord
from cases.examples import examples
from cases.maps import make_maps, uneven_maps
from cases.rebinning import (
    AT_THE_CORNER,
    BINS,
    FINE,
    INSIDE,
    MAPS,
    RADII,
    annuli,
    assert_same,
    boxes,
    uneven_onoff,
    without_parts,
)
from hypothesis import strategies as st
from regions import CircleSkyRegion, Regions

from xprofile import SkyBins, bin_maps, estimate, fold, power_law, rebin, simulate
from xprofile.exceptions import (
    DataWarning,
    InvalidDataError,
    InvalidOptionError,
    MissingVariableError,
)
from xprofile.spectrum.response import predicted_signal


def varying_edisp(binned):
    """Give each bin another energy dispersion."""
    rng = np.random.default_rng(3)
    dim = binned.solid_angle.dims[0]
    values = rng.dirichlet(np.ones(4), (binned.sizes[dim], 6))
    return binned.assign(edisp=((dim, "energy_true", "energy"), values))


@pytest.mark.filterwarnings("ignore:.* off the map")
@pytest.mark.parametrize("center", [INSIDE, AT_THE_CORNER], ids=["inside", "corner"])
@pytest.mark.parametrize("kind", BINS)
@pytest.mark.parametrize("data", MAPS)
def test_merged_bins_are_the_binning_of_merged_regions(data, kind, center):
    make, edges = BINS[kind]
    chosen = edges[[0, 2, 3, 7]]
    found = rebin(bin_maps(MAPS[data], make(center=center)), edges=chosen)
    expected = without_parts(bin_maps(MAPS[data], make(chosen, center=center)))
    assert_same(found, expected)
    dim = expected.solid_angle.dims[0]
    for name in (dim, f"{dim}_min", f"{dim}_max"):
        np.testing.assert_array_equal(found[name], expected[name])
        assert found[name].attrs == expected[name].attrs
    for name, dtype in expected.dtypes.items():
        assert found[name].dtype == dtype
        assert found[name].attrs == expected[name].attrs
        assert found[name].dims == expected[name].dims
    settings = {"selection_optional": "all", "norm_values": [-0.3, 0, 2]}
    ours, theirs = (estimate(part, **settings) for part in (found, expected))
    for name in theirs.data_vars:
        np.testing.assert_allclose(ours[name], theirs[name], rtol=1e-9, err_msg=name)


def test_without_counts_off_the_acceptances_are_sums():
    maps = uneven_onoff()
    maps["counts_off"] = maps.counts_off * 0
    fine = bin_maps(maps, annuli())
    pixels = maps.acceptance_off.where(maps["mask"], 0).sum(["lat", "lon"])
    whole = bin_maps(maps, annuli([0, 9])).isel(projected_distance=0)
    np.testing.assert_allclose(whole.acceptance_off, pixels, rtol=1e-12)
    assert_same(rebin(fine, 3), bin_maps(maps, annuli(RADII[[0, 3, 6, 7]])))


def test_signal_of_varying_energy_dispersion_adds_up():
    """Signal is that of one norm over the whole region: parts count by their solid angle."""
    for maps in (uneven_maps(), make_maps()):
        fine = varying_edisp(bin_maps(maps, annuli()))
        merged = rebin(fine, 7)
        parts, whole = (predicted_signal(part, power_law(2.4)) for part in (fine, merged))
        expected = (parts * fine.solid_angle).sum("projected_distance") / fine.solid_angle.sum()
        np.testing.assert_allclose(whole.isel(projected_distance=0), expected, rtol=1e-12)


def test_energy_dispersion_without_exposure_is_a_plain_mean():
    fine = varying_edisp(bin_maps(make_maps(), annuli()))
    merged = rebin(fine.assign(exposure=fine.exposure * 0), 7).edisp.isel(projected_distance=0)
    mean = fine.edisp.weighted(fine.solid_angle).mean("projected_distance")
    np.testing.assert_allclose(merged, mean, rtol=1e-12)


@examples(6, 30)(st.data())
def test_any_edges(data):
    inner = data.draw(st.sets(st.integers(0, 7), min_size=2))
    kind = data.draw(st.sampled_from(sorted(MAPS)))
    chosen = RADII[sorted(inner)]
    once = rebin(FINE[kind], edges=chosen * u.deg)
    assert_same(once, bin_maps(MAPS[kind], annuli(chosen)))
    fewer = data.draw(st.sets(st.sampled_from(sorted(inner)), min_size=2))
    again = RADII[sorted(fewer)]
    assert_same(
        rebin(once, edges=again), rebin(FINE[kind], edges=again * u.deg.to("arcmin") * u.arcmin)
    )


@examples(6, 20)(first=st.integers(1, 8), second=st.integers(1, 8))
def test_factors_multiply(first, second):
    fine = FINE["known"]
    twice, once = rebin(rebin(fine, first), second), rebin(fine, first * second)
    assert_same(twice, once)
    assert once.sizes["projected_distance"] == -(-7 // (first * second))
    np.testing.assert_array_equal(twice.projected_distance_max, once.projected_distance_max)
    for name in ("counts", "background", "solid_angle"):
        np.testing.assert_allclose(once[name].sum(), fine[name].sum(), rtol=1e-12)


def test_nothing_changes_but_the_history():
    fine = FINE["known"]
    same = rebin(fine, 1)
    xr.testing.assert_allclose(same, fine, rtol=1e-12)
    assert same.attrs["history"] == fine.attrs["history"] + "\nrebin factor: 1"
    assert list(same.data_vars) == list(fine.data_vars)
    before = fine.copy(deep=True)
    rebin(fine, 3)
    xr.testing.assert_identical(fine, before)


def test_places_and_regions():
    merged = rebin(FINE["known"], 2)
    np.testing.assert_allclose(merged.lon, INSIDE.l.deg, rtol=1e-12)
    np.testing.assert_allclose(merged.lat, INSIDE.b.deg, rtol=1e-12)
    shapes = Regions.parse(str(merged.region[1].item()), format="ds9")
    assert [s.inner_radius.to_value("deg") for s in shapes] == pytest.approx([0.5, 0.9])
    across = SkyCoord(0, 0, unit="deg", frame="galactic")
    line = bin_maps(make_maps(), boxes(np.array([-1.0, 0, 1.0]), across))
    np.testing.assert_allclose(np.sin(np.radians(rebin(line, 2).lon)), 0, atol=1e-4)


def test_bins_without_pixels_keep_their_place():
    far = SkyCoord(20, 0, unit="deg", frame="galactic")
    fine = bin_maps(make_maps(), annuli(center=INSIDE))
    empty = fine.assign({name: fine[name] * 0 for name in fine.data_vars})
    merged = rebin(empty, 7)
    assert all(float(merged[name].sum()) == 0 for name in merged.data_vars)
    np.testing.assert_allclose([merged.lon[0], merged.lat[0]], [INSIDE.l.deg, INSIDE.b.deg])
    rings = SkyBins.annuli(far, edges=[0, 1, 2, 18, 19] * u.deg)
    with pytest.warns(DataWarning, match="2 of 4 bins are off the map"):
        lost = rebin(bin_maps(make_maps(), rings), 2)
    assert (lost.coverage[:, 0] == 0).all()
    assert lost.n_pixels[0] == 0 < lost.n_pixels[1]


def test_other_dims_pass_through():
    fine = FINE["on-off"]
    toys = simulate(fine, n_toys=3, rng=1)
    merged = rebin(toys, 3)
    assert merged.counts.dims == toys.counts.dims
    for i in range(3):
        assert_same(merged.isel(toy=i), rebin(toys.isel(toy=i), 3))
    pair = [bin_maps(make_maps(seed=seed), annuli()) for seed in (1, 2)]
    joint = xr.concat(pair, "dataset", join="exact", data_vars="all")
    assert joint.solid_angle.dims == ("dataset", "projected_distance")
    merged = rebin(joint, 3)
    for i in range(2):
        assert_same(merged.isel(dataset=i), rebin(pair[i], 3))
    assert_same(estimate(merged), estimate([rebin(part, 3) for part in pair]))


class TestFold:
    def test_partners_are_summed(self):
        fine = bin_maps(uneven_maps(), boxes())
        folded = fold(fine)
        np.testing.assert_array_equal(folded.projected_distance_min, [0, 0.5, 1.1, 1.3])
        np.testing.assert_array_equal(folded.projected_distance_max, [0.5, 1.1, 1.3, 2])
        np.testing.assert_allclose(folded.projected_distance, [0.25, 0.8, 1.2, 1.65], rtol=1e-12)
        np.testing.assert_array_equal(folded.counts[:, 0], fine.counts[:, 3])
        for name in ("counts", "background", "solid_angle"):
            pairs = fine[name][..., 3:].to_numpy() + fine[name][..., 3::-1].to_numpy()
            np.testing.assert_allclose(folded[name][..., 1:], pairs[..., 1:], rtol=1e-12)
        area = fine.solid_angle
        weighted = (fine.exposure * area).transpose("energy", "energy_true", ...).to_numpy()
        mean = (weighted[..., 2] + weighted[..., 4]) / (area[2] + area[4]).item()
        ours = folded.exposure.transpose("energy", "energy_true", ...)[..., 1]
        np.testing.assert_allclose(ours, mean, rtol=1e-12)
        assert folded.attrs["history"].endswith("\nfold")

    def test_an_edge_at_the_origin(self):
        edges = np.array([-1.4, -0.6, 0, 0.6, 1.4])
        fine = bin_maps(uneven_maps(), boxes(edges))
        folded = fold(fine)
        np.testing.assert_array_equal(folded.projected_distance_min, [0, 0.6])
        pairs = fine.counts[:, 2:].to_numpy() + fine.counts[:, 1::-1].to_numpy()
        np.testing.assert_array_equal(folded.counts, pairs)

    def test_folding_and_merging_commute(self):
        fine = bin_maps(uneven_maps(), boxes(np.linspace(-1.8, 1.8, 13)))
        one, other = rebin(fold(fine), 3), fold(rebin(fine, 3))
        assert_same(one, other)
        np.testing.assert_allclose(one.projected_distance, other.projected_distance, rtol=1e-12)

    def test_only_a_bin_across_the_origin(self):
        fine = bin_maps(make_maps(), boxes(np.array([-1.0, 1.0])))
        assert fold(fine).projected_distance.values.tolist() == [0.5]
        assert_same(fold(fine), fine)

    def test_no_partner(self):
        fine = bin_maps(make_maps(), boxes(np.array([-1.0, -0.5, 0, 0.5, 0.9])))
        with pytest.raises(InvalidDataError, match=r"from -1 to -0.5 deg .* from 0.5 to 1 deg"):
            fold(fine)
        with pytest.raises(InvalidDataError, match=r"no partner from -0.2 to -0 deg"):
            fold(FINE["known"])


class TestRefusals:
    def test_overlaps(self):
        circles = [CircleSkyRegion(INSIDE, r * u.deg) for r in (1, 2)]
        with pytest.warns(UserWarning, match="overlap"):
            fine = bin_maps(make_maps(), circles)
        assert fine.attrs["overlapping_pixels"] == shared(1)
        with pytest.raises(InvalidDataError, match=r"overlapping_pixels'\] is \d+"):
            rebin(fine.isel(projected_distance=[0]), 1)
        assert FINE["known"].attrs["overlapping_pixels"] == 0

    def test_grids(self):
        grid = SkyBins.grid(INSIDE, width=2 * u.deg, height=2 * u.deg, nbin=(2, 2))
        with pytest.raises(InvalidDataError, match="boxes of a grid"):
            rebin(bin_maps(make_maps(), grid), 2)

    def test_no_edges_or_gaps(self):
        fine = FINE["known"]
        with pytest.raises(MissingVariableError, match="projected_distance_min"):
            rebin(fine.drop_vars("projected_distance_min"), 2)
        with pytest.raises(InvalidDataError, match="do not touch"):
            rebin(fine.isel(projected_distance=[0, 2]), 2)
        with pytest.raises(InvalidDataError, match="no bin"):
            rebin(fine.isel(projected_distance=[]), 2)

    def test_a_variable_of_the_user(self):
        fine = FINE["known"].assign(mine=FINE["known"].solid_angle)
        with pytest.raises(InvalidDataError, match=r"drop_vars\(\['mine'\]\)"):
            rebin(fine, 2)
        with pytest.raises(MissingVariableError, match="not a binned Dataset"):
            rebin(fine.drop_vars("counts"), 2)

    @pytest.mark.parametrize(
        ("options", "message"),
        [
            ({}, "found none"),
            ({"factor": 2, "min_counts": 3}, "found factor, min_counts"),
            ({"factor": 0}, "factor must be a positive integer, found"),
            ({"factor": 1.5}, "factor must be a positive integer, found"),
            ({"min_counts": -1}, "positive number"),
            ({"min_ts": np.nan}, "positive number"),
            ({"factor": 2, "spectral_model": power_law()}, "for min_ts alone"),
            ({"min_ts": 2, "norm_min": "a"}, "norm_min"),
            (
                {"edges": [0, 0.55, 1]},
                "0.55 deg is not one of the old edges; the nearest are 0.5 and 0.9",
            ),
            ({"edges": [0, 5]}, "5 deg is not one .* are 1.8 and 2 deg"),
            ({"edges": [0.5, 0.2]}, "ascending"),
            ({"edges": [0.5]}, "two or more"),
            ({"edges": [0, 1] * u.TeV}, "in deg"),
        ],
    )
    def test_options(self, options, message):
        with pytest.raises(InvalidOptionError, match=message):
            rebin(FINE["known"], **options)


def shared(radius):
    """Pixels of a circle."""
    maps = make_maps()
    only = bin_maps(
        maps.assign(counts=maps.counts * 0 + 1), [CircleSkyRegion(INSIDE, radius * u.deg)]
    )
    return int(only.counts[0, 0])


def test_accessor():
    fine = FINE["known"]
    xr.testing.assert_identical(fine.profile.rebin(2), rebin(fine, 2))
    xr.testing.assert_identical(fine.profile.rebin(min_counts=99), rebin(fine, min_counts=99))
    lines = bin_maps(make_maps(), boxes())
    xr.testing.assert_identical(lines.profile.fold(), fold(lines))
