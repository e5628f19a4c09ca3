"""Profiles tell whether limits and intervals are asymptotic, exact sums or toys."""

import pytest
from cases.maps import make_maps
from cases.short_line import line

from xprofile import bin_maps, estimate, merge_profiles, recompute_ul

SUMMED = {"sum_over_energy_groups": True, "selection_optional": ["ul", "scan"]}


@pytest.fixture
def binned():
    return bin_maps(make_maps(), line())


def constructions(profile):
    names = ("ul_construction", "interval_construction")
    return tuple(profile.attrs.get(name) for name in names)


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({"ul_method": "bayes", "toys": 7}, (None, None)),
        ({"ul_method": "cls"}, ("asymptotic", None)),
        ({"ul_method": "cls", "toys": 7}, ("exact sums", None)),
        (
            {"ul_method": "cls", "interval_method": "feldman-cousins"},
            ("asymptotic", "exact sums, lengthened"),
        ),
        (
            {"interval_method": "feldman-cousins", "toys": "exact", "fc_lengthen": False},
            (None, "exact sums, plain"),
        ),
        (
            {"ul_method": "cls", "background": 0.1, "toys": 7},
            ("7 toys", None),
        ),
    ],
)
def test_attrs_tell_how_limits_were_made(binned, options, expected):
    assert constructions(estimate(binned, **SUMMED, **options)) == expected


def test_attrs_count_the_results_with_sums(binned):
    counts = binned.counts.astype(float)
    counts[{"projected_distance": 0}] += 0.5 / counts.sizes["energy"]
    found = estimate(
        binned.assign(counts=counts), **SUMMED, ul_method="feldman-cousins", toys=9, rng=1
    )
    number = found.norm.size
    text = (
        f"exact sums, lengthened in {number - 1} of {number} results; 9 toys, plain in the others"
    )
    assert constructions(found) == (text, None)


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore::xprofile.exceptions.DataWarning")  # that the method changes
def test_limits_of_scans_are_not_constructed(binned):
    options = {**SUMMED, "scan_n_sigma": 6, "ul_method": "cls"}
    one = estimate(binned, **options, interval_method="feldman-cousins")
    assert constructions(recompute_ul(one, cl_ul=0.9)) == (None, constructions(one)[1])
    assert constructions(merge_profiles([one, one])) == (None, None)
