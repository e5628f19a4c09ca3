"""Files: FITS of many tools, netCDF, ECSV and Zarr, read and written.

`fits` holds the code that all FITS files share. `maps` reads and writes files of maps, with one
module for each dialect. `events` counts the events of event lists. `profiles` reads and writes
files and tables of profiles. `netcdf` reads and writes all three Datasets, with the attributes that
`cf_conventions` adds. `atomic_writing` makes sure that no half-written file is left behind, `paths`
checks paths, and `json_encoding` encodes values that plain JSON cannot hold.
"""
