"""Objects over HTTP: documents, pages, versions, histories and what may be done to them."""
