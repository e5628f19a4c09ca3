"""Files: FITS of many tools, netCDF, ECSV and Zarr, read and written.

`fits` holds the code that all FITS files share. `maps` reads and writes files of maps, with one
module for each dialect. `events` counts the events of event lists. `profiles` reads and writes
files and tables of profiles. `netcdf` and `zarr_folders` read and write all three Datasets, with
the attributes that `cf_conventions` adds; `netcdf_files` lets one thread at a time use netCDF.
`atomic_writing` makes sure that no half-written file is left behind, `renaming` moves finished
files to their place, `compressed_writing` writes FITS so that Ctrl-C ends it, `paths` checks paths,
and `json_encoding` encodes values that plain JSON cannot hold.
"""
