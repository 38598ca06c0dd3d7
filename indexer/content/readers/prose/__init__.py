"""Prose: what every reader of pages shares, from runs of text to the structure of a FAQ.

Imported by the readers and by the tables, whose answers may be pages in small.
"""
