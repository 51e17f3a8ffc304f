"""Brand mention monitor: finds what people say about your brands and tells the right people.

The way of the data, and what each folder may know, is drawn in README.md; start reading at `flows/poll.py`.
"""

__version__ = "0.1.0"
