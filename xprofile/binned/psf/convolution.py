"""Images of bins, spread with the kernel of one place by fast Fourier transforms.

What pixels emit goes forward to the pixels that receive. Backward, the image of a bin that receives
becomes an image of the share of its photons that each pixel sends there. It serves all that emit,
and is transformed once for all energies.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.fft import fft, ifft, irfft, next_fast_len, rfft
from scipy.sparse import csc_array

from .emission import Emission
from .kernels import Window
from .receivers import PixelTable, Receivers

__all__ = ["Convolution"]

Float = NDArray[np.float64]
Int = NDArray[np.intp]

# Most numbers in the transforms of a kernel that are remembered: 64 MB. A technical size.
_REMEMBERED = 4_000_000

# Most numbers in images that are transformed together: 1 MB, which the caches of processors hold.
# With ten times more, transforms take twice as long; with ten times fewer, the calls take longer
# than the transforms of small images.
_TOGETHER = 120_000

# Most bins that receive, beside one that emits, for which both ways are compared. Far above, as for
# maps whose pixels are the bins, forward is always faster. Ten times more or fewer are as good.
_MOST_ROWS = 8

# Transforms of an image backward, whose rows are mostly needed or not at all, that take as long as
# both forward. A technical size.
_FORWARD = 2.3

# Numbers that are transformed in the time that an image takes otherwise. A technical size.
_OVERHEAD = 50_000


class _Box(NamedTuple):
    """First and last column, first and last row."""

    left: int
    right: int
    bottom: int
    top: int

    def join(self, other: _Box) -> _Box:
        """Return the smallest box that has both."""
        left, bottom = min(self.left, other.left), min(self.bottom, other.bottom)
        return _Box(left, max(self.right, other.right), bottom, max(self.top, other.top))

    def size(self, margin: tuple[int, int]) -> int:
        """Pixels in it and round it."""
        return (self.right - self.left + margin[0]) * (self.top - self.bottom + margin[1])


@dataclass(frozen=True, eq=False)
class _Frame:
    """Where an image and the pixels that it reaches are in a transform.

    Half sizes of the kernel, shape of the transform, 1 if photons go from the image to the pixels
    and -1 if they come from them, rows of the transform that are reached, flat index (n,) of the
    pixels in these rows, and their index in the table of pixels, (n,).
    """

    sizes: tuple[int, int]
    shape: tuple[int, int]
    toward: int
    rows: Int | slice
    taken: Int
    reached: Int


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
    _transforms: dict[tuple[object, ...], NDArray[np.complex128]] = field(default_factory=dict)

    def add(self, total: Float, energies: Int, source: Emission) -> None:
        """Add the photons of sources to those that bins get, in the faster of two ways.

        Parameters
        ----------
        total : numpy.ndarray
            Photons (ntotal, nsource, nbin * nmask) from each source in each bin with each mask.
        energies : numpy.ndarray of int
            Energies of `total` that the source has, (nenergy,).
        source : Emission
            Pixels of the sources.
        """
        receivers, boxes = self.receivers, source.boxes()
        if receivers.rows.size <= _MOST_ROWS * boxes.shape[1]:
            x, y, entries = source.by_pixel()
            table = PixelTable(x, y, receivers.table.turn)
            batches = list(self._batches(table))
            size = self._numbers(np.array([box for _, box in batches]).reshape(-1, 4).T, table)
            backward = sum(
                self._cost(rows.size, n) for (rows, _), n in zip(batches, size, strict=True)
            )
            size = self._numbers(boxes, receivers.table)
            forward = _FORWARD * energies.size * size.sum() + _OVERHEAD * np.count_nonzero(size)
            if backward < forward:
                self._add_backward(total, energies, source, table, entries, batches)
                return
        self._add_forward(total, energies, source, boxes)

    def _add_forward(self, total: Float, energies: Int, source: Emission, boxes: Float) -> None:
        """Spread the photons of each source, and sum them over bins."""
        for (number, part), box in zip(source.by_bin(), boxes.T.astype(int), strict=True):
            frame = self._frame(box, self.receivers.table, toward=1)
            if frame is None:
                continue
            image = np.zeros((1, energies.size, box[3] - box[2] + 1, box[1] - box[0] + 1))
            image[0][:, part.y.astype(int) - box[2], part.x.astype(int) - box[0]] = part.emitted
            sums = self.receivers.column_sums[:, frame.reached]
            for some, spread in self._spread(image, frame):
                total[energies[some], number] += (sums @ spread[0].T).T

    def _add_backward(
        self,
        total: Float,
        energies: Int,
        source: Emission,
        table: PixelTable,
        entries: csc_array,
        batches: list[tuple[Int, Int]],
    ) -> None:
        """Find the share of the photons of each pixel that bins get, and sum over sources."""
        for rows, box in batches:
            frame = self._frame(box, table, toward=-1)
            if frame is None:
                continue
            sums, (x, y) = self.receivers.sums[rows], (self.receivers.x, self.receivers.y)
            image = np.zeros((rows.size, 1, box[3] - box[2] + 1, box[1] - box[0] + 1))
            number, pixel = np.repeat(np.arange(rows.size), np.diff(sums.indptr)), sums.indices
            image[number, 0, y[pixel].astype(int) - box[2], x[pixel].astype(int) - box[0]] = (
                sums.data
            )
            part = entries[:, frame.reached]
            photons, single = source.emitted[:, part.data], len(self.kernel) == 1
            matrix = csc_array((photons[0], part.indices, part.indptr), shape=part.shape)
            for some, shares in self._spread(image, frame):
                for n in range(energies.size) if single else range(some.start, some.stop):
                    matrix.data = photons[n]
                    seen = matrix @ shares[:, 0 if single else n - some.start].T
                    total[energies[n]][:, rows] += seen

    def _cost(self, number: int, size: float) -> float:
        """Time of some images of a size, in numbers that are transformed."""
        return len(self.kernel) * (number + 1) * size + _OVERHEAD

    def _batches(self, table: PixelTable) -> Iterator[tuple[Int, Int]]:
        """Yield bins with masks whose photons come from similar pixels, and their common box."""
        boxes, margin = self.receivers.boxes, (2 * self.window.x + 1, 2 * self.window.y + 1)
        reached = np.flatnonzero(self._numbers(boxes, table)).tolist()
        group: list[int] = []
        common, cost = _Box(0, 0, 0, 0), 0.0
        for n, box in zip(reached, boxes[:, reached].T.astype(int).tolist(), strict=True):
            own = _Box(*box)
            alone, joined = self._cost(1, own.size(margin)), common.join(own)
            together = self._cost(len(group) + 1, joined.size(margin))
            few = (len(group) + 1) * joined.size(margin) <= _TOGETHER
            if group and few and together <= cost + alone:
                group.append(n)
                common, cost = joined, together
                continue
            if group:
                yield self.receivers.rows[group], np.array(common)
            group, common, cost = [n], own, alone
        if group:
            yield self.receivers.rows[group], np.array(common)

    def _frame(self, box: Int, table: PixelTable, *, toward: int) -> _Frame | None:
        """Choose the transform of an image in a box, for pixels of a table; None if none is near.

        Photons go from the image to the pixels with `toward` 1, and come from them with -1.
        """
        shape, sizes, axes = [], [], []
        for axis, (first, last) in enumerate((box[:2], box[2:])):
            start, stop, size = (int(n) for n in self._reached(first, last, axis, table))
            if start > stop:
                return None
            farthest = max(stop - first, last - start)
            length = int(next_fast_len(int(max(farthest + size, last - first)) + 1, real=True))
            numbers = np.arange(start, stop + 1)
            axes.append((numbers, (numbers - first + toward * size) % length))
            shape.append(length)
            sizes.append(size)
        (columns, i), (rows, j) = axes
        index = table.find(columns[None], rows[:, None])
        at_row, at_column = np.nonzero(index >= 0)
        if not at_row.size:
            return None
        taken = at_row * shape[0] + i[at_column]
        reached = index[at_row, at_column]
        lines = slice(j[0], j[-1] + 1) if j[0] <= j[-1] else j  # or else round the end
        return _Frame((sizes[0], sizes[1]), (shape[1], shape[0]), toward, lines, taken, reached)

    def _reached(self, first: Any, last: Any, axis: int, table: PixelTable) -> tuple[Any, Any, Any]:
        """First and last number of pixels in reach of others, and how far a kernel has to go."""
        ends, turn, size = table.ends[axis], table.turn, (self.window.x, self.window.y)[axis]
        start, stop = np.maximum(first - size, ends[0]), np.minimum(last + size, ends[1])
        if axis == 0 and turn:
            around = (first - size <= ends[1] - turn) | (last + size >= ends[0] + turn)
            start, stop = np.where(around, first - size, start), np.where(around, last + size, stop)
        return start, stop, np.clip(np.maximum(last - start, stop - first), 0, size)

    def _numbers(self, boxes: Float, table: PixelTable) -> Float:
        """Numbers (n,) in the transforms of images in boxes (4, n), 0 where nothing is in reach."""
        product = np.ones(boxes.shape[1])
        for axis, (first, last) in enumerate((boxes[:2], boxes[2:])):
            start, stop, size = self._reached(first, last, axis, table)
            farthest = np.maximum(stop - first, last - start) + size
            product *= np.where(start <= stop, np.maximum(farthest, last - first) + 1, 0.0)
        return product

    def _spread(self, image: Float, frame: _Frame) -> Iterator[tuple[slice, Float]]:
        """Spread images (nimage, 1 or nenergy, ny, nx); yield energies, and values at pixels.

        The values have the shape (nimage, number of these energies, npixel).
        """
        shape, number = frame.shape, max(image.shape[1], len(self.kernel))
        step = max(1, _TOGETHER // (len(image) * shape[0] * shape[1]))
        for start in range(0, number, step):
            some = slice(start, min(start + step, number))
            if start == 0 or image.shape[1] > 1:
                transform = _transform(image[:, some] if image.shape[1] > 1 else image, shape)
            product = transform * self._transform(frame, some)
            lines = ifft(product, axis=-2, overwrite_x=True)[..., frame.rows, :]
            spread = irfft(lines, n=shape[1], axis=-1, overwrite_x=True)
            yield some, spread.reshape(*spread.shape[:2], -1)[..., frame.taken]

    def _transform(self, frame: _Frame, energies: slice) -> NDArray[np.complex128]:
        """Transform of the kernel within some sizes, with its middle at them, and 0 beyond."""
        if len(self.kernel) == 1:
            energies = slice(0, 1)
        key = (frame.sizes, frame.shape, frame.toward, energies.start, energies.stop)
        if key not in self._transforms:
            if sum(known.size for known in self._transforms.values()) > _REMEMBERED:
                self._transforms.clear()
            (rx, ry), (x, y) = frame.sizes, (self.window.x, self.window.y)
            part = self.kernel[energies, y - ry : y + ry + 1, x - rx : x + rx + 1]
            found = _transform(part, frame.shape)
            self._transforms[key] = found if frame.toward > 0 else np.conj(found, out=found)
        return self._transforms[key]


def _transform(image: Float, shape: tuple[int, int]) -> NDArray[np.complex128]:
    """Transform of images (..., ny, nx), with zeros up to a shape; rows of zeros are left out."""
    lines = rfft(image, n=shape[1], axis=-1)
    return np.asarray(fft(lines, n=shape[0], axis=-2, overwrite_x=True))
