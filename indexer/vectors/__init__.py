"""Vectors: the stored rows of a generation, the search for the nearest of them, and what they tell about the corpus.

Stands on the ground floor alone; the only room that imports faiss. Generations store what is here, retrieval asks it.
"""
