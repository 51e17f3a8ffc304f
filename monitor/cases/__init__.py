"""Pure rules of cases: which post belongs to which, what may be done when, what is due, what a reply may not say.

A case is the fold of its events; nothing here reads a clock, a file of the user's or the store.
"""
