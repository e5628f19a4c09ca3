"""Seeds that are wrong are errors, also where no random number is drawn."""

import numpy as np
import pytest
from cases.templates import DIM, filled

from xprofile import correlation, fit_templates, simulate
from xprofile.exceptions import InvalidOptionError, UnusableInputError
from xprofile.schema.arguments.generators import random_generator


@pytest.mark.parametrize(("rng", "error"), [(-1, InvalidOptionError), ("a", UnusableInputError)])
def test_wrong_seeds(rng, error):
    binned, templates = filled(4)
    row = templates["gas"].isel(energy=0)
    for call in (
        lambda: fit_templates(binned, templates, rng=rng),
        lambda: fit_templates(binned, templates, rng=rng, n_toys=1),
        lambda: simulate(binned, rng=rng),
        lambda: correlation(row, row[::-1], rng=rng),
    ):
        with pytest.raises(error, match="rng must be an integer"):
            call()
    assert row.dims == (DIM,)


def test_a_generator_stays_the_same():
    rng = np.random.default_rng(1)
    assert random_generator(rng) is rng
