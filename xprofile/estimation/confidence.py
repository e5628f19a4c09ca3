"""Options of errors, limits and intervals: significances or confidence levels, and methods."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Collection, Hashable
from dataclasses import dataclass, fields
from typing import Any, Protocol, TypeAlias

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..exceptions import DataWarning, InvalidOptionError
from ..likelihood.intervals import (
    INTERVAL_METHODS,
    UL_METHODS,
    one_sided_cl,
    one_sided_sigma,
    two_sided_cl,
    two_sided_sigma,
)
from ..schema.arguments.generators import random_generator
from ..schema.number_checks import (
    check_bool,
    check_number,
    check_number_of_values,
    check_positive_integer,
)
from ..schema.warning_place import user_stacklevel

__all__ = [
    "ANY_SIGMA",
    "FITTED_SIGMA",
    "HasIntervals",
    "Levels",
    "Prior",
    "check_interval_options",
    "check_number_of_toys",
    "check_sigma",
    "error_level",
    "upper_level",
]

Prior: TypeAlias = Callable[[NDArray[np.float64]], ArrayLike]

# Significances that double precision allows, for one norm in each fit, and for many.
ANY_SIGMA = "a positive number from 1e-100 to 1e100"
FITTED_SIGMA = "a positive number from 1e-6 to 1e5"

# Significances without an option, as in Gammapy. Stored limits of other software have the same.
_N_SIGMA, _N_SIGMA_UL = 1.0, 2.0


class HasIntervals(Protocol):
    """Options of `xprofile.estimate` for limits and intervals; it describes them."""

    @property
    def selection_optional(self) -> Collection[str] | str | None:
        """Optional quantities."""
        ...

    @property
    def ul_method(self) -> str:
        """Method of upper limits."""
        ...

    @property
    def interval_method(self) -> str | None:
        """Method of intervals."""
        ...

    @property
    def prior(self) -> Prior | None:
        """Density of the norm."""
        ...

    @property
    def toys(self) -> int | str | None:
        """Number of toys, or exact sums."""
        ...

    @property
    def fc_lengthen(self) -> bool:
        """Whether limits never rise with the background."""
        ...

    @property
    def rng(self) -> int | np.random.Generator | None:
        """Seed of toys."""
        ...


@dataclass(frozen=True)
class Levels:
    """Significances and confidence levels of errors and of upper limits.

    Parameters
    ----------
    n_sigma, cl : float
        Significance and confidence level of two-sided intervals.
    n_sigma_ul, cl_ul : float
        The same of upper limits, which are one-sided.
    """

    n_sigma: float
    n_sigma_ul: float
    cl: float
    cl_ul: float

    @classmethod
    def from_options(
        cls, n_sigma: float | None, n_sigma_ul: float | None, cl: float | None,
        cl_ul: float | None, kind: str = ANY_SIGMA,
    ) -> Levels:  # fmt: skip
        """Complete options of which one of each pair is given; without both it is the default.

        `kind` says which significances are allowed, as for `check_sigma`.

        Raises
        ------
        InvalidOptionError
            If both of a pair are given, or one is out of its range.

        Warns
        -----
        DataWarning
            If a significance looks like a confidence level.
        """
        (sigma, level), upper = error_level(n_sigma, cl, kind), upper_level(n_sigma_ul, cl_ul, kind)
        return cls(sigma, upper[0], level, upper[1])

    def attrs(self) -> dict[Hashable, Any]:
        """Attributes of the profile."""
        return {field.name: getattr(self, field.name) for field in fields(self)}


def error_level(
    n_sigma: float | None, cl: float | None, kind: str = ANY_SIGMA
) -> tuple[float, float]:
    """Significance and confidence level of errors, of which at most one is given.

    The errors and warnings are those of `Levels.from_options`.
    """
    sigma = _significance("n_sigma", n_sigma, "cl", cl, _N_SIGMA, kind)
    return sigma, two_sided_cl(sigma) if cl is None else float(cl)


def upper_level(
    n_sigma_ul: float | None, cl_ul: float | None, kind: str = ANY_SIGMA
) -> tuple[float, float]:
    """Significance and confidence level of upper limits, of which at most one is given.

    The errors and warnings are those of `Levels.from_options`.
    """
    sigma = _significance("n_sigma_ul", n_sigma_ul, "cl_ul", cl_ul, _N_SIGMA_UL, kind)
    return sigma, one_sided_cl(sigma) if cl_ul is None else float(cl_ul)


def _significance(
    name: str, n_sigma: float | None, level: str, cl: float | None, default: float, kind: str
) -> float:
    """Significance of one of two options."""
    if cl is None:
        sigma = default if n_sigma is None else n_sigma
        check_sigma(name, sigma, level, kind=kind)
        return float(sigma)
    if n_sigma is not None:
        raise InvalidOptionError(
            f"give {name} or {level}, not both, as each sets the other; found {name}={n_sigma!r} "
            f"and {level}={cl!r}"
        )
    check_number(level, cl, "a finite number")
    least = 0.5 if level == "cl_ul" else 0.0
    if not least < cl < 1:
        is_percent = 100 * max(least, 0.01) < cl < 100
        percent = f"; did you mean {level}={cl / 100:g}?" if is_percent else ""
        raise InvalidOptionError(
            f"{level} must be a confidence level above {least:g} and below 1, found {cl!r}{percent}"
        )
    sigma = one_sided_sigma(cl) if level == "cl_ul" else two_sided_sigma(cl)
    check_number(f"{level}={cl:g} means {name}={sigma:g}, which", sigma, kind)
    return sigma


def check_sigma(
    name: str, n_sigma: Any, level: str | None = None, *, kind: str = FITTED_SIGMA
) -> None:
    """Raise unless a significance is positive, and warn if it looks like a confidence level.

    Parameters
    ----------
    name : str
        Name of the option.
    n_sigma
        Its value.
    level : str, optional
        Name of the option for a confidence level, if the function has one.
    kind : str
        Numbers that are allowed, `ANY_SIGMA` or those of fits of many norms.

    Raises
    ------
    InvalidOptionError
        If it is not such a number.

    Warns
    -----
    DataWarning
        If it is below 1.
    """
    check_number(name, n_sigma, kind)
    if not n_sigma < 1:
        return
    one_sided = name.endswith("_ul")
    if level is not None:
        hint = f"did you mean {level}={n_sigma:g}?"
    else:
        meant = one_sided_sigma(n_sigma) if one_sided else two_sided_sigma(n_sigma)
        hint = f"a confidence level of {n_sigma:g} is {name}={meant:.4g}" if meant > 0 else ""
        hint = hint or "it takes numbers of sigma, not confidence levels"
    warnings.warn(
        f"{name}={n_sigma:g} is {n_sigma:g} sigma; {hint}",
        DataWarning,
        stacklevel=user_stacklevel(),
    )


def check_interval_options(options: HasIntervals) -> None:
    """Raise if an option of limits and intervals is unknown, or does not fit the others.

    Raises
    ------
    InvalidOptionError
        If so.
    TooLargeError
        If there are more toys than memory holds.
    """
    _check_method("ul_method", options.ul_method, UL_METHODS)
    if options.interval_method == "cls":
        raise InvalidOptionError(
            "interval_method='cls' is not possible: CLs gives upper limits, not intervals with two "
            f"ends; use one of {list(INTERVAL_METHODS)}, or ul_method='cls'"
        )
    if options.interval_method is not None:
        _check_method("interval_method", options.interval_method, INTERVAL_METHODS)
    used = {options.ul_method, options.interval_method}
    if options.prior is not None and not callable(options.prior):
        raise InvalidOptionError(
            f"prior must be a function of an array of norms, found {options.prior!r}"
        )
    if options.prior is not None and "bayes" not in used:
        raise InvalidOptionError(
            "a prior needs ul_method='bayes' or interval_method='bayes'; found "
            f"ul_method={options.ul_method!r} and interval_method={options.interval_method!r}"
        )
    check_bool("fc_lengthen", options.fc_lengthen)
    random_generator(options.rng)  # raises if it is neither a seed nor a generator
    _check_toys(options.toys)
    unused = "ul-expected" not in (options.selection_optional or ())
    if unused and options.toys not in (None, "exact") and used <= {"likelihood", None}:
        warnings.warn(
            f"toys={options.toys} has no effect on limits of the likelihood; give ul_method='cls', "
            "or ul_method= or interval_method='feldman-cousins'",
            DataWarning,
            stacklevel=user_stacklevel(),
        )
    if options.toys == "exact" and not used & {"cls", "feldman-cousins"}:
        raise InvalidOptionError(
            "toys='exact' needs the method 'cls' or 'feldman-cousins'; the others have no toys"
        )


def _check_method(name: str, value: Any, known: tuple[str, ...]) -> None:
    if value not in known:
        raise InvalidOptionError(f"{name} must be one of {list(known)}, found {value!r}")


def _check_toys(toys: Any) -> None:
    if toys is None or (isinstance(toys, str) and toys == "exact"):
        return
    if isinstance(toys, str):
        raise InvalidOptionError(f"toys must be a number of toys or 'exact', found {toys!r}")
    check_positive_integer("toys", toys, InvalidOptionError)
    check_number_of_toys(toys, 1)


def check_number_of_toys(toys: int | str | None, nfine: int) -> None:
    """Raise if the toys of one bin have more fine bins than memory holds.

    Raises
    ------
    TooLargeError
        If they have.
    """
    if toys is not None and toys != "exact":
        check_number_of_values(f"toys={toys}", int(toys) * nfine, "use fewer toys")
