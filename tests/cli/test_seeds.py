"""The four texts that the project was created from, published by a site today: through the command line."""

from __future__ import annotations

import html
import json
from pathlib import Path

import pytest

from tests.cli.inprocess import run_command
from tests.site import running_site

SEEDS = Path(__file__).resolve().parents[3] / "shared" / "seeds"
pytestmark = pytest.mark.skipif(not SEEDS.is_dir(), reason=f"the seed texts are not there: {SEEDS}")

CONFIG = """
contact: watch@shop.test
sentiment: fast
brands:
  - {{name: Bay.ru}}
  - {{name: Молоток.ру}}
  - {{name: МойСклад}}
  - {{name: Свалка}}
  - {{name: дЕбошь}}
  - {{name: Dell}}
sources:
  - {{name: news, kind: feed, url: "http://127.0.0.1:{port}/feed", allow: [127.0.0.0/8]}}
receivers: {{support: {{urls: ["json://127.0.0.1:{port}/hook"], budget: off}}}}
routes: [{{match: "*", to: support, group_wait: 0s, group_interval: 0s}}]
fetch: {{gap: 0s}}
"""
COMPLAINT = "МойСклад опять лежит, касса не пробивает чеки, поддержка молчит третий час, ужас"


def paragraphs(text: str) -> str:
    return "".join(f"<p>{html.escape(line.strip())}</p>" for line in text.splitlines() if line.strip())


def feed(texts: dict[str, str]) -> bytes:
    items = "".join(
        f"<item><guid>{name}</guid><link>https://news.test/{name}</link><title>Запись {name}</title>"
        f"<description>{html.escape(text)}</description></item>"
        for name, text in texts.items()
    )
    return f'<?xml version="1.0"?><rss version="2.0"><channel><title>t</title>{items}</channel></rss>'.encode()


def test_the_seeds_are_recorded_and_wake_nobody(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    texts = {path.name[:3]: paragraphs(path.read_text(encoding="utf-8")) for path in SEEDS.glob("*.txt")}
    with running_site() as site:
        (tmp_path / "sources.yaml").write_text(CONFIG.format(port=site.port), encoding="utf-8")
        monkeypatch.setattr(site, "feed", lambda: feed({"first": "О погоде"}))
        assert run_command(tmp_path, "poll", "news").returncode == 0
        monkeypatch.setattr(site, "feed", lambda: feed({**texts, "complaint": COMPLAINT, "first": "О погоде"}))
        report = json.loads(run_command(tmp_path, "poll", "news", "--json").stdout)
    assert (report["new"], report["alerts"]) == (5, 1)
    listed = run_command(tmp_path, "mentions", "--json", "--limit", "50").stdout.splitlines()
    found = {(one["post"]["url"][-3:], one["brand"]): one for one in map(json.loads, listed)}
    assert found.keys() == {
        *(("000", "Bay.ru"), ("000", "Молоток.ру"), ("000", "МойСклад"), ("001", "Свалка"), ("001", "дЕбошь")),
        *(("002", "Dell"), ("int", "МойСклад")),
    }
    assert [one["post"]["url"] for one in found.values() if not one["doubtful"]] == ["https://news.test/complaint"]
    told = run_command(tmp_path, "why", str(found["000", "Bay.ru"]["id"]), environ={"COLUMNS": "160"}).stdout
    assert "Recorded only: doubtful that the brand is meant" in told
