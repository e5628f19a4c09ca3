"""Files and tables of profiles: FITS, ECSV, Zarr, astropy and pandas.

`opening` finds the format of a file and reads it. `fits_tables` and `ecsv` write files.
`astropy_tables` and `dataframes` make tables in memory, and `columns` lists the columns of all
tables. `gammapy_tables` makes and reads tables in Gammapy's layout. `json_description` describes in
JSON all that tables cannot hold.
"""
