"""Maps that are wanted at energies beyond those at which they are known."""

import warnings

import astropy.units as u
import numpy as np
import pytest
from astropy.wcs import WCS
from cases import mapdataset_files as small
from cases import part_files as partfiles
from cases.part_files import energies, fermi_parts, image, stream

from xprofile import from_arrays, open_maps
from xprofile.exceptions import DataWarning

NODES, MIGRA = small.NODES_TRUE, np.linspace(0, 2, 21)
RATE = np.full((4, *small.SHAPE), 1e-9)


def ctools(**others):
    parts = {
        "counts": stream(partfiles.ctbin()),
        "background": stream(partfiles.ctbkgcube(RATE)),
        "exposure": stream(partfiles.ctexpcube()),
    }
    return parts | others


def rate(nodes):
    return stream([image(RATE, name="IMAGE", energy={}), energies(nodes, unit="MeV")])


def edispcube(nodes):
    shape = np.exp(-((MIGRA - 1) ** 2) / 0.08)[:, None]
    values = np.ones((nodes.size, 1, 6)) * shape
    values = values.reshape(nodes.size, MIGRA.size, 2, 3)
    return stream(partfiles.ctcube(values, "MIGRAS", MIGRA, energy=energies(nodes, unit="MeV")))


@pytest.mark.parametrize("chunks", [None, {}])
def test_exposure_at_other_energies(chunks):
    """A wrong unit of its energies changes fluxes by orders of magnitude."""
    match = r"exposure is known from 2.887 to 311.8 TeV, and extrapolated to 3 of 3 energies from"
    with pytest.warns(DataWarning, match=match):
        open_maps(**fermi_parts(), unit={"exposure": {"energy": "GeV"}}, chunks=chunks)
    match = r"known from 2887 to .* GeV, .*extrapolated.*check the unit"
    with pytest.warns(DataWarning, match=match):
        open_maps(
            **fermi_parts(), unit={"exposure": {"energy": "GeV"}}, energy_unit="GeV", chunks=chunks
        )


def test_arrays_at_other_energies():
    with pytest.warns(DataWarning, match=r"known from 2 to 8 TeV, and extrapolated to 2 of 3"):
        from_arrays(
            np.ones((3, 4, 4)), wcs=WCS(image(small.COUNTS).header, naxis=2).celestial[:4, :4],
            energy_edges=[0.5, 1, 2, 4] * u.TeV, energy_true_edges=[2, 4, 8] * u.TeV,
            exposure=1e10 * u.cm**2 * u.s,
        )  # fmt: skip


def test_rate_at_other_energies():
    with pytest.warns(DataWarning, match=r"IMAGE.* extrapolated to 3 of 3.*with ctbkgcube"):
        open_maps(**ctools(background=rate(1e6 * NODES)))


def test_energy_dispersion_at_other_energies():
    with pytest.warns(DataWarning, match=r"IMAGE.* extrapolated to 4 of 4.*edisp=None"):
        open_maps(**ctools(edisp=edispcube(1e6 * NODES)))


def test_energies_that_are_covered():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        open_maps(**fermi_parts())
        open_maps(**ctools(edisp=edispcube(NODES)))
        in_single_precision = NODES * (1 + 1e-7 * np.array([1, -1, 1, -1]))
        open_maps(**ctools(background=rate(in_single_precision)))
