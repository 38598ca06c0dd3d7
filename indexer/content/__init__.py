"""Content: a folder of files as documents, and documents as passages with the texts that stand for them.

Imports words, for what a passage can be found by. Whatever needs to know what a passage is may import this room.
"""
