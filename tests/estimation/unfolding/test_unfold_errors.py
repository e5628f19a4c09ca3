"""What a person reads if norms cannot be unfolded."""

import numpy as np
import pytest
import xarray as xr
from cases.unfolding import leaks, mixed, row_of_bins

from xprofile import estimate, unfold
from xprofile.estimation.unfolding.information import condition_number
from xprofile.exceptions import (
    DataWarning,
    InvalidDataError,
    InvalidOptionError,
    MissingVariableError,
    UnknownOptionError,
)

DIM = "projected_distance"


@pytest.fixture(scope="module")
def binned():
    return row_of_bins(6)


def test_without_a_psf(binned):
    with pytest.raises(MissingVariableError, match=r"no psf_mixing.*bin\(bins, psf=True\)"):
        unfold(binned.drop_vars("psf_mixing"))


def test_without_a_background(binned):
    with pytest.raises(MissingVariableError, match="no background"):
        unfold(binned.drop_vars("background"))


@pytest.mark.slow
@pytest.mark.parametrize(("width", "number"), [(2.2, "4"), (3, "5"), (6, "9")])
def test_bins_that_are_too_fine_say_how_wide_they_should_be(width, number):
    fine = row_of_bins(40, width=width)
    with pytest.raises(InvalidDataError, match=r"too fine .* from 0\.01 to 1 TeV") as error:
        unfold(fine)
    text = str(error.value)
    assert f"about {number} times as wide, of {0.25 * int(number):.2g} deg" in text
    assert "keeps" in text
    assert "smoothness=" in text
    wide = row_of_bins(40 // int(number), width=width / int(number))  # as wide as that
    ratio = np.median(unfold(wide).norm_err / estimate(wide).norm_err)
    assert float(text.split("then errors are about ")[1].split()[0]) == pytest.approx(
        ratio, rel=0.3
    )
    assert np.isfinite(unfold(fine, smoothness=1).norm).all()


def test_bins_without_an_order_are_told_the_share_that_they_should_keep():
    fine = row_of_bins(20, width=3)
    names = {DIM: "region", f"{DIM}_true": "region_true"}
    names |= {f"{DIM}_{end}": f"region_{end}" for end in ("min", "max")}
    labels = [f"r{i}" for i in range(20)]
    fine = fine.drop_vars([*names]).rename_dims({DIM: "region", f"{DIM}_true": "region_true"})
    fine = fine.assign_coords(region=labels, region_true=labels)
    with pytest.raises(InvalidDataError, match="Use larger bins, which keep about half"):
        unfold(fine)
    with pytest.raises(InvalidOptionError, match="smoothness needs bins in a row"):
        unfold(fine, smoothness=1)


def test_narrow_bins_are_told_how_much_larger_errors_are():
    narrow = row_of_bins(40, width=1.2)
    with pytest.warns(DataWarning, match="38 of 40 bins .* are narrow for the PSF") as caught:
        profile = unfold(narrow)
    text = str(caught[0].message)
    assert "about 2 times as wide, of 0.5 deg" in text
    assert "smoothness=" in text
    largest = float((profile.norm_err / estimate(narrow).norm_err).max())
    found = float(text.split("errors are about ")[1].split()[0])
    assert found == pytest.approx(largest, rel=0.2)
    unfold(narrow, smoothness=1)


def test_bins_of_a_margin_may_be_as_fine_as_they_are():
    """The last two of eight bins cannot be told apart, and nobody asks for them."""
    data = row_of_bins(8)
    mixing = data.psf_mixing.to_numpy().copy()
    mixing[:, 7] = mixing[:, 6]
    data = data.assign(psf_mixing=(data.psf_mixing.dims, mixing))
    with pytest.raises(InvalidDataError, match="too fine"):
        unfold(data)
    inner = unfold(data.assign_coords(margin=(DIM, np.arange(8) >= 5)))
    assert (inner.norm_err < 2.2 * estimate(data).norm_err[:5]).all()


@pytest.mark.parametrize(("width", "number"), [(0.57, 1e6), (0.62, 1e5), (0.69, 1e4), (0.83, 800)])
def test_condition_numbers_of_a_gaussian_psf(width, number):
    """The numbers in the comments of the limits, for widths in radii that hold 68 %."""
    matrix = leaks(60, 1 / (width * np.sqrt(-2 * np.log(0.32))))
    assert 0.7 < condition_number((matrix @ matrix.T)[None])[0] / number < 1.5


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"exposure_systematic": 0.6}, "exposure of 0 at 2 sigma.*below 0.5"),
        ({"exposure_systematic": -1}, "exposure_systematic must be a number of 0 or more"),
        ({"smoothness": np.nan}, "smoothness must be a number of 0 or more"),
        ({"background_correlated": True}, "needs an uncertain background"),
        ({"background": "known"}, "background must be 'fixed', 'free'"),
        ({"selection_optional": ["scan"]}, "choose among .*errn-errp"),
        ({"n_sigma": 0}, "n_sigma must be a positive number"),
        ({"min_coverage": 2}, "min_coverage must be a share"),
    ],
)
def test_wrong_options(binned, options, words):
    with pytest.raises(InvalidOptionError, match=words):
        unfold(binned, **options)


def test_unknown_options(binned):
    with pytest.raises(UnknownOptionError, match="did you mean 'smoothness'"):
        binned.profile.unfold(smothness=1)


def test_background_norms_of_on_off_data(binned):
    off = binned.drop_vars("background").assign(
        counts_off=binned.counts, acceptance=binned.coverage, acceptance_off=binned.coverage * 2
    )
    with pytest.raises(InvalidOptionError, match="measure their background"):
        unfold(off, background=0.1)


def test_bins_that_are_left_out(binned):
    with pytest.warns(DataWarning, match=r"were left out.*% of their photons.*before selecting"):
        found = unfold(binned.isel({DIM: [0, 1, 2]}))
    assert found.sizes[DIM] == found.sizes[f"{DIM}_2"] == 3
    with pytest.raises(InvalidDataError, match="3 bins along projected_distance are missing"):
        unfold(binned.isel({f"{DIM}_true": [0, 1, 2]}))
    unlabelled = binned.drop_vars(f"{DIM}_true").isel({DIM: [0, 1]})
    with pytest.raises(MissingVariableError, match="no coordinate projected_distance_true"):
        unfold(unlabelled)


def test_responses_with_further_dims_give_fits_with_them(binned):
    alone = unfold(binned)
    for dim in ("epoch", "toy"):
        found = unfold(binned.assign(psf_mixing=binned.psf_mixing.expand_dims({dim: 2})))
        for number in range(2):
            np.testing.assert_array_equal(found.norm.isel({dim: number}), alone.norm)


def test_a_different_bin_number_of_joint_data(binned):
    with pytest.raises(InvalidDataError, match="data set 1 has other bins"):
        unfold([binned, row_of_bins(5)])


def test_photons_of_masked_bins_are_only_told_if_they_matter():
    far = row_of_bins(6, width=0.5)
    coverage = far.coverage.values.copy()
    coverage[:, 0] = 0
    near = far.assign(coverage=far.coverage.copy(data=coverage))
    with pytest.warns(
        DataWarning, match="1 of the bins along projected_distance have no used pixels"
    ):
        unfold(near)
    unfold(mixed(near, 0))  # no photon leaves its bin


def test_an_index_that_repeats_is_used_by_its_order(binned):
    twice = xr.Variable(DIM, [0, 0, 1, 1, 2, 2])
    same = binned.assign_coords({DIM: twice, f"{DIM}_true": (f"{DIM}_true", twice.data)})
    np.testing.assert_allclose(unfold(same).norm, unfold(binned).norm, rtol=1e-12)
    with pytest.raises(InvalidDataError, match="repeat"):
        unfold(same.isel({DIM: [1, 0]}))
