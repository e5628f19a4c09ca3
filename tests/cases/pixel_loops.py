"""Binned values by loops over pixels, to compare with."""

import numpy as np

from xprofile.binned.members.finding import find_members
from xprofile.maps.wcs import pixel_grid


def pixel_planes(bins, maps):
    """Whether each bin holds each pixel, (nbin, ny, nx)."""
    members = find_members(bins, pixel_grid(maps))
    planes = np.zeros((len(bins), maps.sizes["lat"], maps.sizes["lon"]), bool)
    planes.reshape(len(bins), -1)[members.bin, members.pixel] = True
    return planes


def pixel_areas(maps):
    """Solid angle of each pixel in sr, (ny, nx)."""
    grid = pixel_grid(maps)
    return np.broadcast_to(grid.solid_angle(grid.x, grid.y[:, None]), grid.shape)


def bin_by_loops(maps, bins):
    """Bin maps pixel by pixel; the bins must be on the map."""
    planes, area = pixel_planes(bins, maps), pixel_areas(maps)
    nenergy, ntrue = maps.sizes["energy"], maps.sizes["energy_true"]
    result = {name: np.zeros((nenergy, len(bins))) for name in ("counts", "background", "coverage")}
    result["exposure"] = np.zeros((ntrue, len(bins), nenergy))
    result["solid_angle"] = np.array([area[plane].sum() for plane in planes])
    values = {name: maps[name].to_numpy() for name in ("counts", "background", "exposure", "mask")}
    for i, plane in enumerate(planes):
        for k in range(nenergy):
            used = plane & values["mask"][k]
            result["counts"][k, i] = values["counts"][k][used].sum()
            result["background"][k, i] = values["background"][k][used].sum()
            result["coverage"][k, i] = area[used].sum() / area[plane].sum()
            weighted = values["exposure"][:, used] * area[used]
            result["exposure"][:, i, k] = weighted.sum(axis=1) / area[plane].sum()
    return result
