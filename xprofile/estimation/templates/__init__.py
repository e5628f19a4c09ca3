"""Fits of templates: norms of predicted counts that add up, such as those of gas on the sky.

`template_fits` has the function `fit_templates`, and `settings` its options as a value. The steps
of a run: `inputs` checks predicted counts against the binned data, `rows` sorts both into rows and
columns for the likelihood, and `solve` fits them. `degeneracy` finds norms that the data cannot
tell apart, `predicted` the predicted counts and residuals of the best fit, `goodness` how well it
describes the data, `warned` has warnings, and `results` makes the Dataset. `sky_templates` predicts
the counts of sky maps, and `left_over` makes a profile of the norms of the bins.
"""
