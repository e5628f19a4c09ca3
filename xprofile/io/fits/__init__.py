"""FITS files, tables and cubes, independent of the tool that wrote them.

`files` opens a file and translates errors, and `structure_check` checks its headers first. `units`,
`arrays` and `table_columns` read units, images and columns. `bands_tables` reads and writes GADF's
BANDS tables, and `image_axes` finds the energies of an image. `skymap` puts these together to a
map. `cubes` defines arrays that are read or computed in parts; `image_cube` and `derived_cubes`
hold the kinds of them, and `same_pixels` brings maps to the pixels of the counts.
"""
