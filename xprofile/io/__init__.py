"""Files: FITS of many tools, netCDF, ECSV and Zarr, read and written.

`fits` holds what all FITS files share, `maps` one module for each dialect of map files, `profiles`
the files and tables of profiles. `netcdf` writes and reads all three Datasets, `atomic` moves
finished files into place.
"""
