"""YAML that people write: without aliases, a few of which can stand for more than memory holds."""

from __future__ import annotations

import yaml


class AliasRefused(yaml.MarkedYAMLError):
    """There is an alias (`*name`) at its mark."""


class _WithoutAliases(yaml.parser.Parser, yaml.composer.Composer):
    def compose_node(self, parent: yaml.Node | None, index: int) -> yaml.Node | None:
        if self.check_event(yaml.AliasEvent):
            found = self.peek_event()  # type: ignore[no-untyped-call]
            raise AliasRefused(problem="an alias", problem_mark=found.start_mark)
        return super().compose_node(parent, index)


class TextLoader(_WithoutAliases, yaml.BaseLoader):
    """Makes texts, lists and mappings; every scalar is a text."""


class PlainLoader(_WithoutAliases, yaml.SafeLoader):
    """Makes numbers, dates and truth values as well."""
