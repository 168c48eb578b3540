"""What the numbers say: one module a notebook, small frames in, the fields of a finding out, in the report's language.

Words live here and not in notebooks, so that a sentence has a test and a translation.
"""
