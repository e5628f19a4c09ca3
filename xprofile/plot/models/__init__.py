"""Figures of models that were fitted to bins: `templates` shows their sum and each of them."""
