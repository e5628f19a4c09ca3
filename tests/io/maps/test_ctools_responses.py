"""Cubes of ctools with the PSF and the energy dispersion."""

import warnings
from itertools import pairwise

import numpy as np
import pytest
from cases import mapdataset_files as small
from cases import part_files as partfiles
from cases.part_files import ctcube, stream
from scipy.stats import norm

from xprofile import check_maps, open_maps
from xprofile.exceptions import DataWarning, FileFormatError

WIDTH = 0.02  # of the bins of migra
MIGRA = WIDTH * (np.arange(150) + 0.5)
SIGMA = np.array([[0.1, 0.12, 0.14], [0.2, 0.25, 0.3]])  # at 2 x 3 positions
DENSITY = norm.pdf(MIGRA[:, None, None], 1, SIGMA)
EDISP = np.repeat(DENSITY[None], 4, axis=0)
SCALE = np.array([1.0, 3.0, 9.0, 27.0])[:, None, None, None]  # any units


def parts(**others):
    return {
        "counts": stream(partfiles.ctbin()),
        "background": stream(partfiles.ctbkgcube(np.full((4, 6, 8), 1e-9))),
        "exposure": stream(partfiles.ctexpcube()),
        **{name: stream(hdus) for name, hdus in others.items()},
    }


def edges_of_nodes(nodes):
    log = np.log(nodes)
    middle = (log[1:] + log[:-1]) / 2
    return np.exp([2 * log[0] - middle[0], *middle, 2 * log[-1] - middle[-1]])


def fractions(edges_true, energy, sigma):
    """Means over true-energy bins of the share of events between reconstructed energies."""
    shares = []
    for low, high in pairwise(edges_true):
        true = np.geomspace(low, high, 2001)
        ratio = energy[:, None] / true
        cdf = norm.cdf(np.clip(ratio, 0, 3), 1, sigma)
        shares.append(np.diff(cdf, axis=0).mean(axis=1))
    return np.array(shares)


def test_migration_becomes_fractions_of_true_energy_bins():
    maps = open_maps(**parts(edisp=ctcube(SCALE * EDISP, "MIGRAS", MIGRA)))
    check_maps(maps)
    assert maps["edisp"].dims == ("lat_edisp", "lon_edisp", "energy_true", "energy")
    true = edges_of_nodes(small.NODES_TRUE)
    for place in np.ndindex(SIGMA.shape):
        found = maps["edisp"][place].to_numpy()
        np.testing.assert_allclose(
            found, fractions(true, small.EDGES, SIGMA[place]), rtol=0, atol=0.002
        )


def test_migration_has_nodes_of_its_own():
    """Energies of the exposure and of the cube differ; the migration is that of the node."""
    nodes = small.NODES_TRUE[[0, 3]] * [0.5, 2]
    table = partfiles.energies(nodes, "MeV")
    cube = ctcube(EDISP[:2], "MIGRAS", MIGRA, energy=table)
    maps = open_maps(**parts(edisp=cube))
    np.testing.assert_allclose(maps["energy_true"], small.NODES_TRUE, rtol=1e-12)
    same = open_maps(**parts(edisp=ctcube(EDISP, "MIGRAS", MIGRA)))
    np.testing.assert_allclose(maps["edisp"], same["edisp"], rtol=0, atol=1e-12)


def test_one_node_without_values_leaves_its_neighbours_whole():
    cube = EDISP.copy()
    cube[2] = 0
    with pytest.warns(DataWarning, match=r"no values at 1 of 4 true energies, from 0.06 to 0.06"):
        maps = open_maps(**parts(edisp=ctcube(cube, "MIGRAS", MIGRA)))
    full = open_maps(**parts(edisp=ctcube(EDISP, "MIGRAS", MIGRA)))
    assert not maps["edisp"].isel(energy_true=2).any()
    for node in (0, 1, 3):
        np.testing.assert_allclose(
            maps["edisp"].isel(energy_true=node), full["edisp"].isel(energy_true=node), atol=1e-12
        )


@pytest.mark.heavy
@pytest.mark.parametrize("ratio", [0.2, 4.0])
def test_migration_far_from_true_energies_is_told(ratio):
    """A cube of the Crab nebula among the test data of ctools has ratios of 0.01 to 2."""
    migra = WIDTH * (np.arange(300) + 0.5)
    density = np.tile(norm.pdf(migra[:, None, None], ratio, 0.05 * np.ones((2, 3))), (4, 1, 1, 1))
    with pytest.warns(DataWarning, match=f"mean ratios .* between {ratio:.2g} and {ratio:.2g}"):
        open_maps(**parts(edisp=ctcube(density, "MIGRAS", migra)))
    # telescopes reach such ratios just above their threshold
    density = np.tile(norm.pdf(migra[:, None, None], 2, 0.2 * np.ones((2, 3))), (4, 1, 1, 1))
    open_maps(**parts(edisp=ctcube(density, "MIGRAS", migra)))


def test_negative_values_of_interpolation_count_as_zero():
    cube = EDISP.copy()
    cube[:, :10] = -1e-9
    maps = open_maps(**parts(edisp=ctcube(cube, "MIGRAS", MIGRA)))
    cube[:, :10] = 0
    zero = open_maps(**parts(edisp=ctcube(cube, "MIGRAS", MIGRA)))
    np.testing.assert_array_equal(maps["edisp"], zero["edisp"])


def test_warning_as_error_stays_a_warning():
    cube = np.where(np.arange(4)[:, None, None, None] == 2, 0, EDISP)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        with pytest.raises(DataWarning, match="predict no signal"):
            open_maps(**parts(edisp=ctcube(cube, "MIGRAS", MIGRA)))


def test_psf_over_angles_at_positions():
    psf = 1 + np.arange(4 * 5 * 6.0).reshape(4, 5, 2, 3)
    degrees = parts(psf=ctcube(psf, "DELTAS", small.RAD, unit="deg"))
    maps = open_maps(**degrees)
    check_maps(maps)
    assert maps["psf"].dims == ("lat_psf", "lon_psf", "energy_true", "rad")
    np.testing.assert_array_equal(maps["psf"].transpose("energy_true", "rad", ...), psf)
    np.testing.assert_array_equal(maps["rad"], small.RAD)
    radians = parts(psf=ctcube(psf, "DELTAS", np.radians(small.RAD), unit="rad"))
    np.testing.assert_allclose(open_maps(**radians)["rad"], small.RAD, rtol=1e-12, atol=0)
    bare = parts(psf=ctcube(psf, "DELTAS", small.RAD))
    np.testing.assert_array_equal(open_maps(**bare)["rad"], small.RAD)


def test_older_files_have_bins_of_energy_and_one_axis_of_planes():
    psf = 1 + np.arange(3 * 5 * 6.0).reshape(3, 5, 2, 3)
    old = ctcube(psf.reshape(15, 2, 3), "DELTAS", small.RAD, energy=partfiles.ebounds())
    maps = open_maps(**parts(psf=old))
    centres = np.sqrt(small.EDGES[1:] * small.EDGES[:-1])
    inside = np.interp(np.log(0.06), np.log(centres), np.arange(3.0))
    node = int(np.flatnonzero(small.NODES_TRUE == 0.06)[0])
    expected = (1 - inside % 1) * psf[int(inside)] + inside % 1 * psf[int(inside) + 1]
    found = maps["psf"].isel(energy_true=node).transpose("rad", ...)
    np.testing.assert_allclose(found, expected, rtol=1e-12)


def test_cubes_that_do_not_fit_their_tables():
    with pytest.warns(DataWarning, match=r"has the shape \(4, 5, 2, 3\), expected \(4, 4, 2"):
        maps = open_maps(**parts(psf=ctcube(np.ones((4, 5, 2, 3)), "DELTAS", small.RAD[:4])))
    assert "psf" not in maps
    bad = np.full_like(EDISP, np.nan)
    with pytest.raises(FileFormatError, match="values that are not finite"):
        open_maps(**parts(edisp=ctcube(bad, "MIGRAS", MIGRA)))
    gone = ctcube(EDISP, "MIGRAS", MIGRA)
    del gone[1]
    with pytest.raises(FileFormatError, match=r"ENERGIES and EBOUNDS are missing; found IMAGE"):
        open_maps(**parts(edisp=gone))
