"""Statistics of binned counts as convex functions of a norm, and fits of that norm.

This folder works on arrays. It does not know Datasets, the sky or units. `statistic` describes the
methods that every statistic has. `cash`, `wstat` and `nuisance` implement them for a known, a
measured and an uncertain background; `background_norm` fits the norm of an uncertain background.
`joint` adds several statistics. `signal_slopes` has their derivatives along the signal of each fine
bin. `newton` finds best fits, errors, limits and sensitivities; `intervals` has limits and
intervals by other methods. `warm_fits` finds best fits from a guess, with `rays` for an uncertain
background. A new statistic is a new module here, with a class that has the methods of `Statistic`.
"""

from .cash import Cash
from .joint import Joint
from .newton import best_fit, hesse_error, sensitivity, step_down, step_up
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
