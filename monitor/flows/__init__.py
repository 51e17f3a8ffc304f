"""The flows: load → decide → apply. Start reading at `poll.py`."""
