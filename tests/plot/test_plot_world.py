"""Sky axes of maps with distortions and in frames that astropy does not look for."""

import astropy.units as u
import matplotlib.pyplot as plt
import numpy as np
import pytest
from astropy.wcs import WCS
from cases.maps import make_maps
from cases.world_headers import DISTORTED, SHAPE, SIP, header, reference_lonlat

from xprofile import SkyBins, skycoord
from xprofile.exceptions import InvalidOptionError
from xprofile.maps.world.celestial import celestial_wcs
from xprofile.plot import plot_bins, plot_sky

pytestmark = pytest.mark.filterwarnings("ignore::astropy.wcs.FITSFixedWarning")


def world_image(cards):
    return make_maps(celestial_wcs(cards), SHAPE, nenergy=1, ntrue=1).counts[0]


@pytest.mark.heavy
@pytest.mark.parametrize("name", DISTORTED)
def test_axes_have_the_distortions(name):
    ax = plot_sky(world_image(DISTORTED[name]))
    found = ax.wcs.pixel_to_world_values([0, 79], [0, 59])
    expected = reference_lonlat(name, [0, 79], [0, 59])
    np.testing.assert_allclose(found, expected, rtol=0, atol=1e-9)
    ax.figure.canvas.draw()


@pytest.mark.heavy
@pytest.mark.parametrize("name", ["sip", "tpv", "tpd", "sip in ecliptic"])
def test_bins_are_drawn_round_their_pixels(name):
    image = world_image(DISTORTED[name])
    sky, distance = skycoord(image), 1.5 * u.deg
    plot_sky(image)
    drawn = plot_bins(SkyBins.annuli(sky[30, 40], edges=[0, 1.5] * u.deg))
    x, y = np.meshgrid(np.arange(SHAPE[1]), np.arange(SHAPE[0]))
    inside = drawn.get_paths()[0].contains_points(np.stack([x.ravel(), y.ravel()], axis=-1))
    near = sky.separation(sky[30, 40]) < distance
    assert near.sum() > 500
    # the outline is a polygon, which cuts off less than a pixel
    assert np.sum(inside.reshape(SHAPE) != near) < 0.01 * near.sum()


@pytest.mark.parametrize(
    "other", [{"A_2_0": 2.3e-3}, {"A_4_0": 1e-9, "A_ORDER": 4}, {"B_1_1": 0.0}]
)
def test_axes_with_other_distortions_are_refused(other):
    image = world_image(header("TAN-SIP", **SIP))
    ax = plt.subplot(projection=WCS(header("TAN-SIP", **SIP | other)))
    with pytest.raises(InvalidOptionError, match="another WCS"):
        plot_sky(image, ax=ax)


def test_axes_with_more_terms_of_zero_are_taken():
    ax = plt.subplot(projection=WCS(header("TAN-SIP", **SIP | {"A_ORDER": 5})))
    assert plot_sky(world_image(header("TAN-SIP", **SIP)), ax=ax) is ax


@pytest.mark.parametrize("name", DISTORTED)
def test_axes_made_of_the_header_are_taken(name):
    ax = plt.subplot(projection=celestial_wcs(DISTORTED[name]))
    assert plot_sky(world_image(DISTORTED[name]), ax=ax) is ax


@pytest.mark.heavy
@pytest.mark.parametrize(
    ("names", "label"),
    [(("ELON", "ELAT"), "Ecliptic longitude [deg]"), (("SLON", "SLAT"), "Supergalactic longitude")],
)
def test_axes_are_labelled_after_the_frame(names, label):
    ax = plot_sky(world_image(header(names=names)))
    assert label in ax.coords[0].get_axislabel()
