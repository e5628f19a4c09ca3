"""Profiles without the smearing of the PSF: the norms of all bins fitted together.

`unfolding` has the function `unfold`, and `settings` its options as a value. The steps of a run:
`systems` turns binned data into a system of rows and columns for each energy group, `conditioning`
refuses bins that are too fine by the `information` on their norms, `smoothing` makes the penalty of
a smooth profile, and `solve` fits the systems. `limits` makes limits and intervals by each method,
`fitted_counts` predicts the counts of the best fit, `systematics` adds a systematic uncertainty of
the exposure, `stages` counts how far a run is, and `matrices` adds covariance and correlation to
the profile.
"""
