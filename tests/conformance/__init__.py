"""What the API is held against: the NL API Design Rules, and its own OpenAPI document."""
