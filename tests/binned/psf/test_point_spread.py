"""Point spread functions from tables, integrated over angles."""

import numpy as np
import pytest
from cases.pixel_spread import gauss, gauss_table, king, king_table, point
from scipy.integrate import trapezoid

from xprofile.binned.psf.point_spread import PointSpread


def test_the_containment_of_a_gauss_function_has_a_closed_form():
    angle = np.radians([0.05, 0.1, 0.25])
    expected = 1 - np.exp(-(angle**2) / 2 / np.radians(0.1) ** 2)
    assert gauss(0.1).share_within(angle)[0, 0] == pytest.approx(expected, rel=2e-4)


def test_the_containment_of_a_king_function_has_a_closed_form():
    angle = np.radians([0.05, 0.1, 1.0])
    expected = 1 - 1 / (1 + angle**2 / (4 * np.radians(0.1) ** 2))
    assert king(0.1).share_within(angle)[0, 0] == pytest.approx(expected, rel=2e-4)


def test_a_constant_density_fills_a_cap_of_the_sphere():
    rad = np.array([0.0, 0.3, 1.0, 2.0])
    spread = PointSpread.from_table(rad, np.full(4, 0.05))
    expected = 0.05 * 2 * np.pi * (1 - np.cos(rad))
    assert spread.containment[0, 0] == pytest.approx(expected, rel=1e-12)


def test_the_density_is_linear_between_angles():
    spread = PointSpread.from_table(np.array([0.0, 0.2]), np.array([10.0, 0.0]))
    angle = np.linspace(0, 0.2, 200_001)
    summed = trapezoid(2 * np.pi * np.sin(angle) * (10 - 50 * angle), angle)
    assert spread.containment[0, 0, -1] == pytest.approx(summed, rel=1e-9)


def test_tables_above_one_are_scaled_and_others_stay():
    rad, density = gauss_table(0.1)
    spread = PointSpread.from_table(rad, np.stack([1.04 * density, 0.6 * density]))
    assert spread.integral[0] == pytest.approx([1.04, 0.6], rel=1e-4)
    assert spread.containment[0, :, -1] == pytest.approx([1.0, 0.6], rel=1e-4)


def test_within_the_first_angle_the_density_is_constant():
    spread = PointSpread.from_table(np.array([0.01, 0.02]), np.array([100.0, 100.0]))
    assert spread.density_at(np.array([0.0, 0.02, 0.03]))[0] == pytest.approx([100, 100, 0])
    assert spread.integral.item() == pytest.approx(200 * np.pi * (1 - np.cos(0.02)), rel=1e-9)


def test_nan_and_negative_values_count_as_zero():
    rad = np.array([0.0, 0.1, 0.2, 0.3])
    spread = PointSpread.from_table(rad, np.array([5.0, -1e-9, np.nan, 0.0]))
    assert spread.density[0, 0].tolist() == [5.0, 0.0, 0.0, 0.0]


def test_a_point_has_all_photons_at_once():
    spread = point(2)
    assert spread.share_within(np.array([1e-9, 1.0])) == pytest.approx(np.ones((1, 2, 2)))


def test_the_reach_leaves_out_few_photons():
    rad, density = king_table(0.1, end=1000.0)
    spread = PointSpread.from_table(rad, density)
    assert spread.reach[0, 0] < rad[-1]
    outside = spread.containment[0, 0, -1] - spread.share_within(spread.reach[0])[0, 0, 0]
    assert 0 <= outside <= 1.0001e-5


@pytest.mark.parametrize("width", [1e-6, 0.03, 2.0])
def test_node_weights_integrate_linear_functions(width):
    spread, nodes = gauss(width), np.linspace(0, np.radians(15), 40)
    weights = spread.node_weights(nodes)[0, 0]
    mean = np.radians(width) * np.sqrt(np.pi / 2)  # of the angle, of a Gauss function in a plane
    assert weights.sum() == pytest.approx(1, abs=2e-3)
    assert weights @ nodes == pytest.approx(mean, rel=5e-3)


def test_selections_keep_their_values():
    rad, density = gauss_table(0.1)
    spread = PointSpread.from_table(rad, density * np.array([[[1.0], [0.5]], [[0.25], [0.1]]]))
    part = spread.at(1).take(np.array([1]))
    assert part.nposition == part.nenergy == 1
    assert part.containment[0, 0, -1] == pytest.approx(0.1, rel=1e-4)


@pytest.mark.parametrize(
    ("width", "expected"), [(0.0, False), (0.3, False), (1.5, True), (9, True)]
)
def test_functions_are_smooth_if_they_are_wider_than_pixels(width, expected):
    spread = gauss(width) if width else point()
    side = np.radians(1.0)
    assert spread.is_smooth(side, side) is expected
    assert spread.is_smooth(side, 0.8 * side) is expected


def test_narrow_cores_in_wide_tails_are_not_smooth():
    rad, wide = gauss_table(3.0)
    narrow = np.exp(-((rad / np.radians(0.05)) ** 2) / 2) / (2 * np.pi * np.radians(0.05) ** 2)
    mixed = PointSpread.from_table(rad, 0.9 * wide + 0.1 * narrow)
    assert not mixed.is_smooth(*np.radians([1.0, 1.0]))
    both = PointSpread.from_table(rad, np.stack([wide, narrow]))
    assert not both.is_smooth(*np.radians([1.0, 1.0]))


def test_sums_at_angles_are_those_of_the_density_and_of_what_is_beyond():
    rng = np.random.default_rng(0)
    spread = PointSpread.from_table(*king_table(0.1))
    angle, weight = rng.uniform(0, 1.2 * spread.angles[-1], (5, 7)), rng.normal(size=(5, 7))
    density = np.interp(angle, spread.angles, spread.density[0, 0], right=0.0)
    found = spread.sum_density(angle, weight)[0]
    np.testing.assert_allclose(found, (weight * density).sum(axis=1), rtol=1e-12)
    beyond = spread.containment[0, 0, -1] - spread.share_within(angle)[0, 0]
    found = spread.sum_beyond(angle, weight)[0]
    np.testing.assert_allclose(found, (weight * beyond).sum(axis=1), atol=1e-14, rtol=0)
