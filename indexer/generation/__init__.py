"""Generation: one immutable index on disk, its files and their names, and what of it the next build may take over.

Imports content, words, vectors and model, which it writes down. The store keeps generations, retrieval ranks them.
"""
