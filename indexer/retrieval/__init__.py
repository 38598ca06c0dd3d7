"""Retrieval: a question to ranked passages of one generation.

In this package and not in search_api, because a build ranks too: it calibrates the confidence and reviews what changes.
Imports generation, content, model, words and vectors.
"""
