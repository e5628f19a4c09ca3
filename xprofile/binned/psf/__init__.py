"""How bins share photons: the point spread function, integrated over pixels and summed over bins.

`mixing` sums over all pairs of bins, from the pixels that emit (`emission`) to those that are used
(`receivers`): by kernels at some places (`lattice`, `kernels`) and fast Fourier transforms
(`convolution`) where pixels hardly change from one to the next, and by pairs of pixels (`pairs`)
elsewhere. Transforms go from pixels that emit to those that receive, or backward, whichever is
faster; light from each distance goes with the bins, so that kernels are made once. Both integrate
along the outlines of pixels that are near (`outlines`, `near`), and sum the density over positions
in pixels that are far (`subpixels`). `photons` follows photons one by one, for kernels at poles.
`healpix` has the plane of the cells of HEALPix, and the cells for the sums over pairs.
`point_spread` has the functions of the angle, `point_source` sends photons from one direction.
"""
