"""Rows into what leaves the program: CSV, JSON lines and XLSX, and the printable report with its charts.

Pure but for the stream that is written to; the only place that knows xlsxwriter, matplotlib and jinja2.
"""
