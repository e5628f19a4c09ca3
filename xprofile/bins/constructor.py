"""What the ways to make bins build on."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ..schema.names import DISTANCE
from .shapes.shape import Shape

__all__ = ["Constructor"]

Float = NDArray[np.float64]


class Constructor:
    """Base of the classes that hold the ways to make `SkyBins`."""

    def __init__(
        self,
        shape: Shape,
        lower: Float,
        upper: Float,
        description: str,
        dim: str = DISTANCE,
        planar: bool = False,
    ) -> None:
        raise NotImplementedError  # SkyBins, which inherits, is a dataclass
