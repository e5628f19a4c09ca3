"""Room above data for a legend, also if axes follow more data."""

import matplotlib.pyplot as plt
import numpy as np
import pytest
from cases.legends import axes, covered

from xprofile.plot import plot_profile
from xprofile.plot.elements.legends import draw_legend


@pytest.mark.heavy
@pytest.mark.parametrize(("style", "yscale"), [("points", "linear"), ("steps", "log")])
def test_room_is_made_above_data_and_twin(two_bands, style, yscale):
    full = two_bands.isel(projected_distance=[1, 4, 2, 5, 3])
    full = full.assign(norm_err=abs(full.norm), norm_errn=0.9 * abs(full.norm))
    full["projected_distance"] = two_bands.projected_distance[:5]
    ax = plt.figure(figsize=(5, 3), dpi=60).add_subplot()
    plot_profile(full, ax=ax, twin="sqrt_ts", style=style, yscale=yscale)
    assert covered(ax) == (0, True)
    assert ax.get_ylim()[1] > ax.dataLim.y1


def test_room_is_not_made_behind_texts():
    ax = axes()
    ax.autoscale(axis="y")
    ax.plot(np.tile([0, 1], 20), np.linspace(-9, 1, 40))
    before = ax.get_ylim()
    ax.text(0.5, 0.98, "preliminary", size=30, ha="center", va="top", transform=ax.transAxes)
    draw_legend(ax, [], None)
    assert covered(ax) == (0, True)
    assert ax.get_ylim() == before


@pytest.mark.slow
def test_panels_that_share_their_axis_and_get_labels_later(two_bands):
    panels = plt.figure(figsize=(8, 4), dpi=60, layout="constrained").subplots(2, 2, sharey=True)
    for ax in panels.flat:
        plot_profile(two_bands, "flux", ax=ax)
    assert [covered(ax) for ax in panels.flat] == [(0, True)] * 4


def test_data_of_one_panel_move_none_behind_the_legend_of_another():
    panels = plt.figure(figsize=(8, 2), dpi=60).subplots(1, 2, sharey=True)
    for ax, low, high in zip(panels, (0.6, 0), (1, 3), strict=True):
        ax.plot([0], [0], "o", label="one")
        ax.plot(np.tile([0, 1], 20), np.linspace(low, high, 40), label="another")
        draw_legend(ax, [], None)
    assert [covered(ax) for ax in panels] == [(0, True)] * 2


@pytest.mark.heavy
@pytest.mark.parametrize("add_legend", [None, False])
def test_a_second_panel_leaves_the_room_of_the_first_legend(two_bands, add_legend):
    left, right = plt.figure(figsize=(8, 3), dpi=60).subplots(1, 2, sharey=True)
    plot_profile(two_bands, "flux", ax=left)
    top = left.get_ylim()[1]
    plot_profile(two_bands, "flux", ax=right, add_legend=add_legend)
    assert left.get_ylim()[1] >= top > left.dataLim.y1
    assert covered(left) == (0, True)


def test_calls_over_each_other_make_room_again(profile):
    ax = plt.figure(figsize=(5, 3), dpi=60).add_subplot()
    for factor in (1, 5, 20):
        plot_profile(profile.assign(norm=factor * profile.norm), ax=ax, label=f"{factor}")
        assert ax.get_ylim()[1] > ax.dataLim.y1
    assert covered(ax) == (0, True)


@pytest.mark.heavy
@pytest.mark.parametrize("twin", [None, "sqrt_ts"])
@pytest.mark.parametrize("height", [0.5, 1, 3])
def test_the_room_stays_if_more_is_drawn(two_bands, twin, height):
    ax = plt.figure(figsize=(5, 3), dpi=60).add_subplot()
    ax.plot(np.tile(two_bands.projected_distance, 20), np.tile(np.linspace(1, 9, 20), 6), ".")
    plot_profile(two_bands, ax=ax, twin=twin)
    assert ax.get_ylim()[1] > 1.2 * ax.dataLim.y1
    top = height * ax.dataLim.y1
    ax.plot(two_bands.projected_distance, np.full(6, top), color="red")
    assert covered(ax) == (0, True)
    ax.set_ylim(0, 1)
    assert ax.get_ylim() == (0, 1)


def test_the_room_ends_with_its_legend(two_bands):
    ax = plt.figure(figsize=(5, 3), dpi=60).add_subplot()
    ax.plot(np.tile(two_bands.projected_distance, 20), np.tile(np.linspace(1, 9, 20), 6), ".")
    plot_profile(two_bands, ax=ax)
    ax.get_legend().remove()
    ax.autoscale_view()
    assert ax.get_ylim()[1] < 1.1 * ax.dataLim.y1


def test_the_margin_below_data_keeps_its_height():
    """As arrows of limits end there, which have a length on the screen."""
    ax = axes()
    ax.set_ymargin(0.2)
    ax.autoscale(axis="y")
    ax.plot(np.tile([0, 1], 20), np.linspace(-9, 1, 40))
    top = ax.get_ylim()[1]  # brings the limits up to date
    before = ax.transData.transform((0, -9))[1]
    draw_legend(ax, [], None)
    assert ax.get_ylim()[1] > top
    np.testing.assert_allclose(ax.transData.transform((0, -9))[1], before, rtol=1e-9)
