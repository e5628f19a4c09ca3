"""What figures share: axes and their labels, series, colours, legends, and the quantity to draw.

`quantities` finds the variable of a quantity, `xaxis` places the bins, and `yaxis` has the axes and
their vertical scale. `series` draws points or steps, with texts of `labels` and colours of
`colormaps`, and the folder `legends` puts a legend where it covers no data. None of them knows a
figure.
"""
