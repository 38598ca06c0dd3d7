"""A package, so that one browser serves all its tests (see conftest.py)."""
