"""Files of maps: one module for each dialect.

`opening` opens maps and `single_map` opens one map. `gammapy_files`, `fermi` and `ctools` read the
dialects, `parts` finds the dialect of a file, and `gammapy_datasets` takes objects of Gammapy.
`assembly` puts the parts together on the pixels and energies of the counts, and `responses` adds
energy dispersion and PSF. `writing` writes maps, with the HDUs that `map_hdus` makes. `backend` is
the engine for `xarray.open_dataset`.
"""
