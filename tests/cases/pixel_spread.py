"""Photons spread from pixel to pixel by brute force, with positions from astropy's WCS alone."""

import numpy as np
from astropy.wcs import WCS

from xprofile import SkyBins
from xprofile.binned.members.finding import find_members
from xprofile.binned.psf.point_spread import PointSpread
from xprofile.maps.pixelgrid import PixelGrid, pixel_numbers


def make_grid(projection, center, step, shape, crpix=None):
    """Pixels of a Galactic map; `step` in deg."""
    wcs = WCS(naxis=2)
    wcs.wcs.ctype = [f"GLON-{projection}", f"GLAT-{projection}"]
    wcs.wcs.crval, wcs.wcs.cdelt = center, [-step, step]
    wcs.wcs.crpix = crpix or [(shape[1] + 1) / 2, (shape[0] + 1) / 2]
    wcs.wcs.set()
    return PixelGrid(wcs, pixel_numbers(shape[1]), pixel_numbers(shape[0]))


def king_table(width, gamma=2.0, end=15.0):
    """Angles and density of a King function of a width in deg."""
    width = np.radians(width)
    rad = np.concatenate([[0], np.geomspace(width / 30, width * end, 400)])
    density = (1 + rad**2 / (2 * gamma * width**2)) ** -gamma
    return rad, density * (1 - 1 / gamma) / (2 * np.pi * width**2)


def gauss_table(width):
    """Angles and density of a Gauss function of a width in deg."""
    width = np.radians(width)
    rad = np.linspace(0, 6 * width, 400)
    return rad, np.exp(-(rad**2) / 2 / width**2) / (2 * np.pi * width**2)


def king(width, **options):
    return PointSpread.from_table(*king_table(width, **options))


def gauss(width):
    return PointSpread.from_table(*gauss_table(width))


def point(nenergy=1, radius=1e-12):
    """Photons that all arrive from where they come from, but for a radius in rad."""
    table = np.ones((nenergy, 2)) / (np.pi * radius**2)
    return PointSpread.from_table(np.array([0.0, radius]), table)


def annuli(center, edges, grid):
    """Members of annuli, with all pairs used."""
    members = find_members(SkyBins.annuli(center, edges=edges), grid)
    return members, np.ones((1, members.pixel.size), bool)


def directions(wcs, x, y):
    """Unit vectors of pixel positions, NaN off the sky."""
    world = wcs.wcs_pix2world(np.ravel(x), np.ravel(y), 0)
    lon, lat = np.radians(world).reshape(2, *np.shape(x))
    lat = np.where(np.abs(lat) > np.pi / 2 + 1e-12, np.nan, lat)
    return np.stack([np.cos(lat) * np.cos(lon), np.cos(lat) * np.sin(lon), np.sin(lat)])


def subpixel_areas(wcs, x, y, number):
    """Directions and solid angles of subpixels, 0 off the sky."""
    places, eps = directions(wcs, x, y), 1e-3
    along_x = directions(wcs, x + eps, y) - directions(wcs, x - eps, y)
    along_y = directions(wcs, x, y + eps) - directions(wcs, x, y - eps)
    area = np.linalg.norm(np.cross(along_x, along_y, axis=0), axis=0) / (2 * eps * number) ** 2
    return np.nan_to_num(places), np.nan_to_num(area)


def brute_received(grid, sources, pixels, rad, density, number):
    """Share of the photons of each source (3, n) in each pixel, summed over its subpixels."""
    nodes = (np.arange(number) + 0.5) / number - 0.5
    dx, dy = (e.ravel() for e in np.meshgrid(nodes, nodes))
    x, y = (pixels % grid.x.size)[:, None] + dx, (pixels // grid.x.size)[:, None] + dy
    places, area = subpixel_areas(grid.wcs, x, y, number)
    received = []
    for source in sources.T:
        chord = np.sqrt(((places - source[:, None, None]) ** 2).sum(axis=0))
        angle = 2 * np.arcsin(np.minimum(chord / 2, 1))
        received.append((np.interp(angle, rad, density, right=0) * area).sum(axis=1))
    return np.array(received)


def brute_mixing(grid, members, table, exposure, number=8):
    """Shares (nbin, nbin) of the photons of each bin in each other; `exposure` (npair,)."""
    pixels, index = np.unique(members.pixel, return_inverse=True)
    x, y = (e.astype(float) for e in (pixels % grid.x.size, pixels // grid.x.size))
    shares = brute_received(grid, directions(grid.wcs, x, y), pixels, *table, number)
    weight = np.zeros((members.nbin, pixels.size))
    weight[members.bin, index] = members.solid_angle * exposure
    inside = np.zeros((members.nbin, pixels.size))
    inside[members.bin, index] = 1
    return weight / weight.sum(axis=1, keepdims=True) @ shares @ inside.T
