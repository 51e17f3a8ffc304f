"""sources.yaml to a frozen `Config`: all mistakes at once, each with its line, or nothing.

`load` is also the reload: it returns a whole new Config or raises `errors.ConfigError`, and the old one stays.
"""

from monitor.config.loading import kind_options, load, load_brands, load_tier
from monitor.config.record import AlertSettings, Config, RetentionSettings, WebSettings
from monitor.config.schema import json_schema

__all__ = [
    "AlertSettings",
    "Config",
    "RetentionSettings",
    "WebSettings",
    "json_schema",
    "kind_options",
    "load",
    "load_brands",
    "load_tier",
]
