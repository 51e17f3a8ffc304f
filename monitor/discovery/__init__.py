"""What a page is, and how it could be watched: pure functions from an answer to proposals for sources.yaml.

Nothing here asks for anything: `monitor/flows/discovering.py` fetches, tries what is proposed, and ranks it.
"""
