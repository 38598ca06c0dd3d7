"""Evaluation: labelled questions to figures, beside what usual engines would reach on the same passages.

Imports the searcher; only the command imports it, when it is asked for.
"""
