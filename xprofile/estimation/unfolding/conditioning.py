"""Errors and warnings for bins that are too fine for the PSF, which say how wide they should be."""

from __future__ import annotations

import warnings
from dataclasses import dataclass

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from ...exceptions import DataWarning, InvalidDataError
from ...schema.axes import bin_dim, energy_unit
from ...schema.names import DISTANCE_UNIT, ENERGY, REGION, high, low
from ...schema.warning_place import user_stacklevel
from ...spectrum.models import SpectralModel
from ...spectrum.response import predicted_signal
from ..energy_groups import EnergyGroups
from .information import (
    PlainRows,
    condition_number,
    error_ratios,
    of_wanted,
    plain_rows,
)
from .systems import Systems

__all__ = ["check_condition"]

Float = NDArray[np.float64]
Int = NDArray[np.intp]

# Largest condition number of the norms that is allowed. Errors are then about 100 times those of a
# plain profile, 0.3 times the root. For a Gaussian PSF that holds 68 % in the radius r, a row of
# bins of 0.62 r has it. With ten times more, bins of 0.57 r pass, with errors 350 times as large;
# with a tenth, bins of 0.69 r are refused, where a source of 100 sigma can still be seen.
_LARGEST = 1e5

# Errors in units of those of a plain profile above which a warning says so: a source of 30 sigma
# has 3 left. Bins of 0.83 r have them. With ten times more, no bins that are allowed would warn;
# with a tenth, all would.
_LARGE_RATIO = 10.0

# The same, of the width that messages recommend: bins of 1.2 r. It is advice only.
_GOOD_RATIO = 3.0

# Condition number below which nobody asks how much larger errors are, as they are at most its root
# (and more if few photons are seen where they come from). Ten times more would hide errors that are
# 10 times as large; ten times less costs time.
_HARMLESS = 10.0

_SMOOTHNESS = "smoothness=, which adds a bias that the result states"


def check_condition(
    binned: xr.Dataset,
    model: SpectralModel,
    systems: Systems,
    groups: EnergyGroups,
    information: Float,
    penalties: Float,
    wanted: Int,
) -> None:
    """Raise or warn if the bins are too fine for the PSF, in any energy group.

    Parameters
    ----------
    binned : xarray.Dataset
        The first data set.
    model : SpectralModel
        The spectral model.
    systems : Systems
        Systems of all data sets.
    groups : EnergyGroups
        Energy groups.
    information : numpy.ndarray
        From `expected_information`, (ngroup, nbin, nbin).
    penalties : numpy.ndarray
        Matrix of the penalty of a smooth profile, which can tell bins apart, (ngroup, nbin, nbin).
    wanted : numpy.ndarray of int
        Numbers of the bins that are not in a margin. The others may be as fine as they are.

    Raises
    ------
    InvalidDataError
        If norms cannot be told apart; the message says how wide bins should be.

    Warns
    -----
    DataWarning
        If errors are much larger than those of a plain profile.
    """
    if not wanted.size:
        return
    information = of_wanted(information, wanted)
    penalty = penalties[:, wanted[:, None], wanted]
    numbers = condition_number(information, penalty)
    worst = int(np.argmax(numbers))
    if numbers[worst] > _LARGEST:
        fine = _Fine(binned, model, systems, groups, wanted, worst, information[worst])
        smooth = bool(penalty.any())
        raise InvalidDataError(fine.refused(float(numbers[worst]), smooth=smooth))
    if numbers[worst] > _HARMLESS and not penalties.any():
        fine = _Fine(binned, model, systems, groups, wanted, worst, information[worst])
        text = fine.warned()
        if text:
            warnings.warn(text, DataWarning, stacklevel=user_stacklevel())


@dataclass(frozen=True, eq=False)
class _Fine:
    """Bins that are too fine for the PSF in an energy group, and the texts about them."""

    binned: xr.Dataset
    model: SpectralModel
    systems: Systems
    groups: EnergyGroups
    wanted: Int
    group: int
    information: Float  # on the wanted norms

    def refused(self, number: float, *, smooth: bool) -> str:
        """Return the text of an error, for a condition number."""
        more = "a larger smoothness" if smooth else _SMOOTHNESS
        return (
            f"the bins along {bin_dim(self.binned)} are too fine for the PSF: {self._energies} "
            f"their norms cannot be told apart (condition number {number:.2g}, at most "
            f"{_LARGEST:.0e} is allowed). {self._kept} {self._advice}, or give {more}"
        )

    def warned(self) -> str:
        """Return the text of a warning, which is empty if errors are not so large.

        Photons that are seen in no bin are lost for the fit. They make errors larger too, but no
        bin too fine.
        """
        ratios = error_ratios(self.information, self._plain)
        large = ratios > _LARGE_RATIO
        if not large.any():
            return ""
        largest = float((ratios / self._found)[large].max())
        return (
            f"{np.count_nonzero(large)} of {ratios.size} bins along {bin_dim(self.binned)} are "
            f"narrow for the PSF: {self._energies} their errors are about {_rounded(largest)} "
            f"times those of a plain profile. {self._kept} {self._advice}, or give {_SMOOTHNESS}"
        )

    @property
    def _plain(self) -> PlainRows:
        return plain_rows(self.systems, self.group).take(self.wanted)

    @property
    def _found(self) -> Float:
        """Share of the photons that a plain profile expects that is seen in any bin, (nwanted,)."""
        dim, number = bin_dim(self.binned), self.group
        expected = predicted_signal(self.binned, self.model).transpose(ENERGY, dim).to_numpy()
        inside = slice(self.groups.first[number], self.groups.stop[number])
        expected = expected[inside, self.wanted].sum(axis=0)
        seen = self.systems.blocks[0].signal[:, :, number].sum(axis=(1, 2))[self.wanted]
        both = (expected > 0) & (seen > 0)
        return np.asarray(np.divide(seen, expected, out=np.ones_like(seen), where=both))

    @property
    def _energies(self) -> str:
        lower, upper = self.groups.lower[self.group], self.groups.upper[self.group]
        return f"from {lower:.4g} to {upper:.4g} {energy_unit(self.binned)}"

    @property
    def _kept(self) -> str:
        """Share of the seen signal of bins that is seen in the bin itself."""
        signal = sum(b.signal[:, :, self.group].sum(axis=-1) for b in self.systems.blocks)
        total = np.asarray(signal).sum(axis=1)[self.wanted]
        own = np.diagonal(np.asarray(signal))[self.wanted]
        kept = own[total > 0] / total[total > 0]
        return (
            f"A bin keeps {100 * np.median(kept):.2g} % of its photons that are seen (the median; "
            f"{100 * kept.min():.2g} % at least)."
        )

    @property
    def _advice(self) -> str:
        """How wide bins must be, from the information on merged neighbours."""
        data, dim = self.binned, bin_dim(self.binned)
        if dim not in data.coords or data[dim].dtype.kind not in "iuf" or dim == REGION:
            return "Use larger bins, which keep about half of their photons or more"
        data = data.isel({dim: self.wanted})
        order = np.argsort(data[dim].to_numpy(), kind="stable")
        information, plain = self.information[np.ix_(order, order)], self._plain.take(order)
        size = order.size
        ratios = ((m, _merged_ratio(information, plain, m)) for m in range(2, size // 2 + 1))
        number, ratio = next(((m, r) for m, r in ratios if r <= _GOOD_RATIO), (size, 1.0))
        if number == size:
            return "Use one bin, as all of them together are hardly wider than the PSF"
        text = f"Use bins about {number} times as wide"
        if low(dim) in data.coords and high(dim) in data.coords:
            width = float(np.median((data[high(dim)] - data[low(dim)]).to_numpy()))
            unit = data[dim].attrs.get("units", DISTANCE_UNIT)
            text = f"{text}, of {number * width:.2g} {unit}"
        ratio = ratio / float(np.median(self._found))
        return f"{text} (then errors are about {_rounded(ratio)} times as large)"


def _rounded(number: float) -> str:
    """Two digits of a number, without an exponent."""
    return f"{float(f'{number:.2g}'):.15g}"


def _merged_ratio(information: Float, plain: PlainRows, number: int) -> float:
    """Median of the error ratios if so many neighbours, and the rest, have the same norm."""
    first = np.arange(0, len(information) - number + 1, number)
    merged = np.add.reduceat(np.add.reduceat(information, first, axis=0), first, axis=1)
    ratios = error_ratios(merged, plain.merged(first))
    return float(np.nanmedian(ratios)) if np.isfinite(ratios).any() else np.inf
