"""The rules of utils/lint.py. A rule takes a Tree and yields Findings."""
