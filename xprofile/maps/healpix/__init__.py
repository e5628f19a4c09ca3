"""Maps on a HEALPix grid: cells of equal solid angle in place of pixels of a plane.

`library` imports astropy-healpix, which does the geometry. `coords` keeps a grid as coordinates of
a Dataset, by the convention of xdggs, and `grid` gives positions and numbers of its cells.
`coarsening` joins cells to those of a lower level. `smoothing` spreads values over the sphere with
`gaussians` or `disks`, ring by ring, for which `ring_places` sorts the cells of a map.
"""
