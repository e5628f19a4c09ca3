"""Values of small things are checked always: responses and binned data."""

import astropy.units as u
import numpy as np
import pytest
import xarray as xr
from cases.small_inputs import binned, bins, maps, profile, spoilt

import xprofile
from xprofile.exceptions import InvalidDataError, XProfileError
from xprofile.schema.value_checks import describe_bad_response, describe_wrong_types


@pytest.mark.parametrize(
    ("how", "words"),
    [
        ("one NaN", "edisp is not finite in 1 of 4 elements"),
        ("one inf", "edisp is not finite in 1 of 4"),
        ("one negative", "edisp is negative in 1 of 4 elements, down to -1000"),
        ("all NaN", "edisp is not finite in 4 of 4"),
        ("one complex", "edisp has the type complex128, expected real numbers"),
        ("text", "edisp has the type <U5"),
        ("object", "edisp has the type object"),
        ("dates", "edisp has the type datetime64"),
    ],
)
class TestResponses:
    def test_maps(self, how, words):
        wrong = spoilt(maps(), "edisp", how)
        for call in (xprofile.check_maps, lambda m: xprofile.bin_maps(m, bins())):
            with pytest.raises(InvalidDataError, match=rf"maps Dataset cannot be used: {words}"):
                call(wrong)

    def test_binned(self, how, words):
        wrong = spoilt(binned(), "edisp", how)
        for call in (xprofile.check_binned, xprofile.estimate, xprofile.simulate):
            with pytest.raises(InvalidDataError, match=f"binned Dataset cannot be used: {words}"):
                call(wrong)


@pytest.mark.parametrize("how", ["one NaN", "one negative", "text"])
def test_psf(how):
    with pytest.raises(InvalidDataError, match=r"psf (is|has)"):
        xprofile.check_maps(spoilt(maps(), "psf", how))


def test_rounding_of_responses_is_taken():
    edisp = maps().edisp.copy(data=[[1, -1e-8], [0, 1]])
    xprofile.check_maps(maps().assign(edisp=edisp))


def test_chunked_responses_stay_lazy_until_the_fit():
    wrong = spoilt(binned(), "background", "one NaN").chunk()
    xprofile.check_binned(wrong)
    with pytest.raises(InvalidDataError, match="background is negative or not finite"):
        xprofile.estimate(wrong)


@pytest.mark.parametrize("name", ["counts", "background", "exposure", "coverage", "solid_angle"])
@pytest.mark.parametrize("how", ["one NaN", "one inf", "one negative", "negative", "object"])
def test_binned_values(name, how):
    with pytest.raises(InvalidDataError, match=rf"binned Dataset cannot be used: .*{name}"):
        xprofile.estimate(spoilt(binned(), name, how))


def test_a_negative_background_made_by_hand():
    data = binned()
    data["background"][0, 1] = -5.0
    with pytest.raises(InvalidDataError, match=r"in 1 used bins, for example -5, expected"):
        xprofile.estimate(data)


def test_unused_bins_may_hold_anything():
    data, wrong = binned(), binned()
    data["coverage"][:, 1] = wrong["coverage"][:, 1] = 0
    wrong["counts"] = wrong["counts"].astype(float)
    for name in ("counts", "background"):
        wrong[name][:, 1] = np.nan
    wrong["exposure"][:, 1] = -1
    expected, found = (xprofile.estimate(d).norm for d in (data, wrong))
    xr.testing.assert_identical(found, expected)


@pytest.mark.parametrize("name", ["norm", "ts", "energy_min", "projected_distance"])
@pytest.mark.parametrize("how", ["text", "object", "one complex", "dates"])
def test_profiles_of_wrong_types(name, how):
    try:
        wrong = spoilt(profile(), name, how)
    except ValueError:
        pytest.skip("xarray refuses it")
    with pytest.raises(InvalidDataError, match=f"{name} has the type .*, expected real numbers"):
        xprofile.check_profile(wrong)


class TestMasks:
    def test_nan_is_not_used(self):
        kept = np.arange(240).reshape(2, 10, 12) % 3 > 0
        data = maps()
        data["mask"] = data.mask.copy(data=kept)
        expected = xprofile.bin_maps(data, bins())
        for numbers in (np.where(kept, 1.0, np.nan), np.where(kept, 5.0, 0)):
            data["mask"] = data.mask.copy(data=numbers)
            found = xprofile.bin_maps(data, bins())
            xr.testing.assert_equal(found, expected)
            xr.testing.assert_identical(
                xprofile.bin_maps(data.chunk(lat=4), bins()).counts, expected.counts
            )

    def test_nan_in_every_use(self):
        data = maps()
        data["mask"] = data.mask.astype(float)
        data["mask"][:, 0, 0] = np.nan
        assert not data.profile.coarsen(2).mask[:, 0, 0].any()
        assert not data.profile.exclude(data.exposure < 0).mask[:, 0, 0].any()
        smoothed = data.counts.profile.smooth(0.3 * u.deg, mask=data["mask"])
        assert smoothed[:, 0, 0].isnull().all()
        assert smoothed.notnull().sum() == 2 * (120 - 1)
        texts = xr.full_like(data.mask, "False", dtype="<U5")
        with pytest.raises(InvalidDataError, match="mask has the type <U5"):
            data.counts.profile.smooth(0.3 * u.deg, mask=texts)

    def test_texts_are_refused(self):
        with pytest.raises(InvalidDataError, match="mask has the type <U5, expected real numbers"):
            xprofile.bin_maps(spoilt(maps(), "mask", "text"), bins())


class TestIntegers:
    @pytest.mark.parametrize("dtype", [np.uint64, np.int64])
    def test_sums_do_not_wrap(self, dtype):
        large = maps().assign(counts=maps().counts.astype(dtype) * 0 + 2**62)
        for found in (xprofile.bin_maps(large, bins()), large.profile.coarsen(2)):
            assert (found.counts > 2.0**62).all()
        np.testing.assert_allclose(large.profile.coarsen(2).counts, 2.0**64, rtol=1e-15)

    @pytest.mark.parametrize("dtype", [np.int8, np.uint8, np.float16, ">f8", ">i2", bool])
    def test_small_and_swapped_types(self, dtype):
        data = maps().assign(counts=(maps().counts > 3).astype(dtype))
        plain = data.assign(counts=data.counts.astype(np.int64))
        for call in (lambda m: xprofile.bin_maps(m, bins()), lambda m: xprofile.coarsen(m, 2)):
            np.testing.assert_array_equal(call(data).counts, call(plain).counts)

    def test_hand_made_counts_beyond_64_bits(self):
        wrong = spoilt(binned(), "counts", "uint64")
        with pytest.raises(InvalidDataError, match=r"counts adds up to .*astype"):
            xprofile.estimate(wrong)


@pytest.mark.parametrize("table", [xprofile.check_maps, xprofile.check_binned])
def test_coordinates_of_wrong_types(table):
    data = maps() if table is xprofile.check_maps else binned()
    with pytest.raises(XProfileError, match="energy_min has the type"):
        table(spoilt(data, "energy_min", "text"))


def test_responses_of_texts_are_left_to_the_check_of_types():
    texts = xr.Dataset({"psf": ("rad", ["a", "b"])})
    assert list(describe_bad_response(texts, "psf")) == []
    (found,) = describe_wrong_types(texts, {"psf": None})
    assert found == "psf has the type <U1, expected real numbers"
    (lost,) = describe_bad_response(xr.Dataset({"psf": ("rad", [1.0, np.nan])}), "psf")
    assert lost.startswith("psf is not finite in 1 of 2 elements")
