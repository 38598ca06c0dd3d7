"""Worker processes that parse content behind walls: a file made to harm costs that file and nothing else.

Only the corpus imports this room; a worker imports the readers, and nothing of what the build needs beside them.
"""
