"""A simulated month: a virtual clock, a scripted web, receivers and people around the real flows and the real store.

`python -m tests.sim.month` runs it; `judge.py` says from outside whether anything was missed.
"""
