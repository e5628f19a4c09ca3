"""Images of bins, spread with the kernel of one place by fast Fourier transforms."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray
from scipy.fft import irfft2, next_fast_len, rfft2

from .kernels import Window
from .receivers import Receivers

__all__ = ["Convolution"]

Float = NDArray[np.float64]
Int = NDArray[np.intp]

# Most numbers in one array of images: 32 MB. A technical size.
_MOST = 4_000_000


@dataclass(frozen=True, eq=False)
class Convolution:
    """A kernel, and the pixels that receive photons by it.

    Parameters
    ----------
    receivers : Receivers
        The receiving pixels.
    kernel : numpy.ndarray
        Shares (1 or nenergy, 2 * window.y + 1, 2 * window.x + 1).
    window : Window
        Offsets of the kernel.
    """

    receivers: Receivers
    kernel: Float
    window: Window
    _transforms: dict[tuple[int, ...], NDArray[np.complex128]] = field(default_factory=dict)

    def sum_over_bins(self, x: Int, y: Int, emitted: Float) -> Float:
        """Spread the photons of some pixels, and sum them over bins.

        Parameters
        ----------
        x, y : numpy.ndarray of int
            Pixel numbers (npixel,), each pixel once.
        emitted : numpy.ndarray
            Photons that they emit, (nenergy, npixel).

        Returns
        -------
        numpy.ndarray
            Photons (nbin * nmask, nenergy).
        """
        total = np.zeros((self.receivers.sums.shape[0], emitted.shape[0]))
        (x0, x1), (y0, y1) = ((int(e.min()), int(e.max())) for e in (x, y))
        columns, rx = self._reached(x0, x1, self.window.x, axis=0)
        rows, ry = self._reached(y0, y1, self.window.y, axis=1)
        if not columns.size or not rows.size:
            return total
        index = self.receivers.find(columns[None], rows[:, None])
        reached = index >= 0
        if not reached.any():
            return total
        shape = _length(rows, y0, y1, ry), _length(columns, x0, x1, rx)
        row, column = (rows - y0 + ry) % shape[0], (columns - x0 + rx) % shape[1]
        sums = self.receivers.column_sums[:, index[reached]]
        at_row, at_column = np.nonzero(reached)
        taken = row[at_row] * shape[1] + column[at_column]
        step = max(1, _MOST // (shape[0] * shape[1]))
        for start in range(0, emitted.shape[0], step):
            some = slice(start, start + step)
            image = np.zeros((emitted[some].shape[0], y1 - y0 + 1, x1 - x0 + 1))
            image[:, y - y0, x - x0] = emitted[some]
            transform = rfft2(image, s=shape) * self._transform((rx, ry), shape, some)
            spread = irfft2(transform, s=shape, overwrite_x=True).reshape(image.shape[0], -1)
            total[:, some] = sums @ spread[:, taken].T
        return total

    def _reached(self, first: int, last: int, size: int, axis: int) -> tuple[Int, int]:
        """Columns or rows that may receive photons, and how far a kernel has to go for them."""
        ends, turn = self.receivers.ends[axis], self.receivers.grid.whole_turn
        around = first - size <= ends[1] - turn or last + size >= ends[0] + turn
        if axis == 0 and turn and around:
            return np.arange(first - size, last + size + 1), size
        start, stop = max(first - size, ends[0]), min(last + size, ends[1])
        return np.arange(start, stop + 1), min(size, max(last - start, stop - first, 0))

    def _transform(
        self, sizes: tuple[int, int], shape: tuple[int, int], energies: slice
    ) -> NDArray[np.complex128]:
        """Transform of the kernel within some sizes, with its middle at them, and 0 beyond."""
        if self.kernel.shape[0] == 1:
            energies = slice(0, 1)
        key = (*sizes, *shape, energies.start)
        if key not in self._transforms:
            if len(self._transforms) > _MOST // (shape[0] * shape[1]) // self.kernel.shape[0]:
                self._transforms.clear()
            rx, ry = sizes
            y, x = self.window.y, self.window.x
            part = self.kernel[energies, y - ry : y + ry + 1, x - rx : x + rx + 1]
            image = np.zeros((part.shape[0], *shape))
            image[:, : 2 * ry + 1, : 2 * rx + 1] = part
            self._transforms[key] = rfft2(image)
        return self._transforms[key]


def _length(reached: Int, first: int, last: int, size: int) -> int:
    """Length of a transform in which nothing that is wanted comes twice."""
    farthest = max(int(reached[-1]) - first, last - int(reached[0]))
    return int(next_fast_len(max(farthest + size, last - first) + 1, real=True))
