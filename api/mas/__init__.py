"""Machine-annotation services on the web: registered, asked, watched."""
