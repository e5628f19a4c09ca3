"""Statistics of binned counts as convex functions of a norm, and what follows from them.

Arrays only: nothing here knows Datasets, the sky or units. `statistic` says what each statistic
has to offer; `cash`, `wstat` and `nuisance` are those of known, measured and uncertain backgrounds,
`joint` adds several of them up. `newton` finds best fits, errors, limits and sensitivities.
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
