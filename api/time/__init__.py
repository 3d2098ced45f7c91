"""Questions across time over HTTP: tables, series and charts."""
