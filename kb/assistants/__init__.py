"""What assistants (programs with a language model) ask of the knowledge base, by the Model Context Protocol.

`tools` and `shapes` say what can be asked and what comes back, `answering` finds it, `wording` says it as
text for a model, `server` and `stdio` speak the protocol. Only those two load the SDK, the extra `mcp`.

What documents say is somebody's words: it goes to an assistant as a quotation between marks that no document
can know, never as something to be done.
"""
