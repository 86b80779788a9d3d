"""The dry run: what an export would do with a document, seen before anything is written.

The real steps run, over connections that let reads pass and keep every write to themselves.
"""
