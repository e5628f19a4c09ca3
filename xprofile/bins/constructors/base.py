"""Base class of the mixins with constructors."""

from __future__ import annotations

from abc import ABC, abstractmethod

import numpy as np
from numpy.typing import NDArray

from ...schema.names import DISTANCE
from ..shapes.shape import Shape

__all__ = ["Constructor"]

Float = NDArray[np.float64]


class Constructor(ABC):
    """Declares how `SkyBins` are made, for the mixins that make them."""

    @abstractmethod
    def __init__(
        self,
        shape: Shape,
        lower: Float,
        upper: Float,
        description: str,
        dim: str = DISTANCE,
        planar: bool = False,
    ) -> None:
        """Make the bins; `SkyBins` has the `__init__` of a dataclass."""
