"""Tables: what every reader of records shares, from named fields to FAQ entries.

Imported by the readers alone; stands on prose.
"""
