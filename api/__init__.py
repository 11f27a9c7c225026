"""The HTTP face of the knowledge base: the API under /v1 and the Dutch pages."""
