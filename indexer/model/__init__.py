"""Model: from a model's name to something that embeds texts, whatever runs it.

Stands on the ground floor alone; the only room that imports torch, sentence-transformers and onnxruntime.
"""
