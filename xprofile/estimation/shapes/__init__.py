"""Fits of a brightness that depends on distance, such as a Gaussian or a shell.

`shape_fits` has the function `fit_shape`, and `settings` its options as a value. `brightness` turns
a model of astropy into a function of distances in degrees, and `linear` finds the parameters that
it is linear in. `places` averages models with steps over ranges of distance. `light` tells how
light at each distance is seen in the bins, by `interpolation` between distances. The folder
`fitting` finds the best parameters and their errors, `extension` compares with a point source, and
`derived` has what follows from the parameters. `outcome` collects all of one fit, and `results`
makes the Dataset.
"""
