"""Where articles come from: one file per kind, named in `registry.py`."""
