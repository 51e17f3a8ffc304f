"""The only Apprise, and our own signed webhook: hands one rendered message to one target, and says how that went.

sending ─┬─ mails      a mail with text, HTML and images, through Apprise's connection
         ├─ webhooks   JSON, signed
         └─ the others as Apprise sends them
listening               what was answered over HTTP, which Apprise tells nobody
failures                what each refusal means: tried again or not, and when
"""

from __future__ import annotations

from monitor.alerting.reducing import reduced
from monitor.notify.sending import load, refusal, send, usable

__all__ = ["load", "reduced", "refusal", "send", "usable"]
