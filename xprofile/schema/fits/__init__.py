"""Tables of the variables that fits of models give: one module for each kind of fit."""
