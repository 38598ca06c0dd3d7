"""Review: what a rebuild changes and what an author might mend, told before it is published.

Imports retrieval, to ask both generations. Only builds and reports import it.
"""
