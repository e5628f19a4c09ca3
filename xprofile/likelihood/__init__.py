"""Statistics of binned counts as convex functions of a norm, and what follows from them.

Arrays only: nothing here knows Datasets, the sky or units.
"""

from .cash import Cash
from .fit import best_fit, hesse_error, sensitivity, step_down, step_up
from .joint import Joint
from .nuisance import NuisanceCash
from .statistic import Statistic
from .wstat import WStat

__all__ = [
    "Cash",
    "Joint",
    "NuisanceCash",
    "Statistic",
    "WStat",
    "best_fit",
    "hesse_error",
    "sensitivity",
    "step_down",
    "step_up",
]
