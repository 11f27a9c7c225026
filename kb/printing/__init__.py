"""What the command line prints: Dutch text for a person, the API's JSON for a script."""
