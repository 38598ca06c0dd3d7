"""Store: all generations of one index folder, which of them is published, and the lock of whoever writes.

Imports generation, and model for what it lists. Builds and servers import it; it knows nothing of questions.
"""
