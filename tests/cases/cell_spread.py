"""Photons spread from cell to cell of HEALPix by brute force, with positions of deeper levels."""

import astropy.units as u
import numpy as np
from astropy.coordinates import Galactic, SkyCoord

from xprofile.binned.members.membership import Membership
from xprofile.maps.healpix.grid import HealpixGrid


def make_cells(level, center, radius, *, scheme="nested"):
    """Cells of a Galactic map within a radius in deg round a centre, in no order."""
    whole = HealpixGrid(level, scheme, Galactic(), np.arange(12 * 4**level))
    at = direction(center)
    near = np.flatnonzero(at @ whole.pixel_vectors(whole.cell_ids) > np.cos(np.radians(radius)))
    ids = np.random.default_rng(1).permutation(near)
    return HealpixGrid(level, scheme, Galactic(), ids)


def direction(center):
    """Unit vector of a Galactic longitude and latitude in deg."""
    return SkyCoord(*center, unit="deg", frame="galactic").cartesian.xyz.value


def ring_members(grid, center, edges):
    """Cells by their angle to a centre, with bins between edges in deg, and all pairs used."""
    flat = np.arange(grid.cell_ids.size)
    chord = np.linalg.norm(grid.pixel_vectors(flat) - direction(center)[:, None], axis=0)
    bins = np.searchsorted(edges, np.degrees(2 * np.arcsin(chord / 2)), side="right") - 1
    inside = (bins >= 0) & (bins < len(edges) - 1)
    area = np.full(np.count_nonzero(inside), grid.cell_solid_angle)
    members = Membership(bins[inside], flat[inside], area, np.zeros(len(edges) - 1))
    return members, np.ones((1, area.size), bool)


def brute_cells(grid, source, cells, table, deeper):
    """Share of the photons of directions (3, n) in each cell, by cells of deeper levels."""
    from astropy_healpix import HEALPix

    parts = 4**deeper
    children = grid.nested[cells][:, None] * parts + np.arange(parts)
    fine = HEALPix(nside=2 ** (grid.level + deeper), order="nested")
    lon, lat = fine.healpix_to_lonlat(children.ravel())
    places = SkyCoord(lon, lat).cartesian.xyz.value
    area = fine.pixel_area.to_value(u.sr)
    received = []
    for one in source.T:
        chord = np.sqrt(((places - one[:, None]) ** 2).sum(axis=0))
        angle = 2 * np.arcsin(np.minimum(chord / 2, 1))
        density = np.interp(angle, *table, right=0)
        received.append(density.reshape(-1, parts).sum(axis=1) * area)
    return np.array(received)


def brute_cell_mixing(grid, members, table, exposure, deeper=3):
    """Shares (nbin, nbin) of the photons of each bin in each other; `exposure` (npair,)."""
    cells, index = np.unique(members.pixel, return_inverse=True)
    shares = brute_cells(grid, grid.pixel_vectors(cells), cells, table, deeper)
    weight = np.zeros((members.nbin, cells.size))
    weight[members.bin, index] = members.solid_angle * exposure
    inside = np.zeros((members.nbin, cells.size))
    inside[members.bin, index] = 1
    return weight / weight.sum(axis=1, keepdims=True) @ shares @ inside.T
