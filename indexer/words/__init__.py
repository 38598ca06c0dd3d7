"""Words: how a text becomes terms, which passages hold them, and which word a slip was meant to be.

Stands on the ground floor alone. Content names the words of a passage with it; retrieval looks them up.
"""
