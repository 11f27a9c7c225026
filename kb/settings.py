"""Everything an operator may change, read once at the edge and passed down as a value."""

from __future__ import annotations

import difflib
import ipaddress
from collections.abc import Mapping
from pathlib import Path
from typing import Literal, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator

from kb.errors import SettingsError

PREFIX = "KB_"
# Passages up to which all of them are compared: an exact search of so many takes some 15 ms (BENCHMARKS.md).
EXACT_PASSAGES = 100_000
# What must not be read of the documents, at the top of the corpus; no document itself.
PRIVACY_LIST = "privacy.yaml"


class Settings(BaseModel):
    """The settings, each from the environment variable KB_<NAME>.

    An unknown KB_ variable is refused: a typo would otherwise be ignored in silence.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    corpus: Path = Field(Path("corpus"), description="Folder with the documents")
    indexes: Path = Field(Path("indexes"), description="Folder with the index generations")
    index: str = Field(
        "embedded",
        pattern=r"^(embedded|milvus(\+tls)?://[^\s@/?#]+:\d{1,5}(/\w+)?(\?alias=\w+)?)$",
        description="What ranks passages: embedded, or a Milvus as milvus://host:port[/database][?alias=name]"
        " (milvus+tls:// for one with TLS); see docs/schaalbaarheid.md",
    )
    index_key_file: Path | None = Field(
        None, description="File with the token, or user:password, of that Milvus, if it asks one"
    )
    keep_generations: int = Field(3, ge=1, le=100, description="How many generations stay on disk")

    golden_loss: float = Field(
        0.05,
        ge=0,
        le=1,
        description="Share of the questions in the corpus's golden.jsonl that a build may lose; "
        "one that loses more is not published",
    )

    model: str = Field(
        "multilingual-e5-small",
        min_length=1,
        description="sentence-transformers model: the default one, a folder, or a name in the local cache",
    )
    query_prompt: str | None = Field(None, description="Text before each query, instead of the model's own")
    passage_prompt: str | None = Field(
        None, description="Text before each passage, instead of the model's own"
    )
    device: str = Field(
        "auto",
        pattern=r"^(auto|cpu|cuda(:\d+)?|mps)$",
        description="Where the model runs; auto takes a graphics card of NVIDIA where the installed PyTorch "
        "sees one, else the processor",
    )
    precision: Literal["auto", "int8", "float32", "bfloat16"] = Field(
        "auto",
        description="Arithmetic of the model: int8 is ONNX Runtime, the others PyTorch; auto takes int8 on a "
        "CPU for the models that it is known for, else bfloat16 where the processor has it",
    )

    passage_words: int = Field(240, ge=40, le=300, description="Words of a passage, about")
    overlap_words: int = Field(
        0, ge=0, le=100, description="Words that a passage repeats of the one before, at most"
    )

    exact_passages: int = Field(
        EXACT_PASSAGES,
        ge=1_000,
        le=10_000_000,
        description="Passages up to which a search compares all; of more, the nearest are found by an IVF "
        "index, whose recall the build measures",
    )
    late_interaction: Literal["auto", "on", "off"] = Field(
        "auto",
        description="Compare the first passages token by token too, for which a passage takes some 70 kB of "
        "disk; auto does up to KB_EXACT_PASSAGES, and from 90 % of that down where they were left out",
    )
    sentence_vectors: Literal["on", "off"] = Field(
        "on",
        description="Keep a vector of each sentence, by which answers choose theirs; off makes builds faster "
        "and saves some 3 kB of disk a passage",
    )
    reranker: str = Field(
        "",
        description="Cross-encoder that orders the first passages: a folder, or a name in the local cache",
    )
    rerank_milliseconds: int = Field(
        1_000,
        ge=0,
        le=60_000,
        description="Time for that ordering; when it runs out the first order is shown",
    )
    weights: Path | None = Field(None, description="JSON file with weights from kb tune, instead of ours")

    answer_from: float = Field(
        0.305,
        ge=0,
        le=1,
        description="Confidence from which a question is answered; below it there is no fitting answer",
    )

    privacy: Path | None = Field(
        None,
        description="YAML file with names to mask and documents to withhold; else privacy.yaml in KB_CORPUS; "
        "see docs/beheer.md",
    )
    mask_contacts: Literal["on", "off"] = Field(
        "on",
        description="Whether e-mail addresses and telephone numbers in documents are shown as dots",
    )

    theme: Path | None = Field(
        None,
        description="CSS file with the design tokens of a municipality, over our own; see docs/operations.md",
    )
    synonyms: Path | None = Field(None, description="YAML file with synonyms, instead of the list we ship")
    themes: Path | None = Field(
        None, description="YAML file with the themes that are followed, instead of those we ship"
    )

    milestones: Path | None = Field(
        None, description="YAML file with the laws after which documents may be out of date, instead of ours"
    )
    gaps: Literal["off", "on"] = Field(
        "off",
        description="Keep, without who asked, what was asked by three or more and not answered; see "
        "docs/beheer.md",
    )
    gaps_days: int = Field(180, ge=31, le=1_000, description="How long that is kept")

    ocr: Literal["auto", "off"] = Field(
        "auto", description="Read pages without text with Tesseract where it is installed"
    )
    ocr_languages: str = Field(
        "nld+eng", pattern=r"^[a-z_]{3,}(\+[a-z_]{3,})*$", description="Tesseract's languages"
    )
    file_megabytes: int = Field(200, ge=1, le=4_000, description="Larger files are left out")
    file_pages: int = Field(
        2_000, ge=1, le=100_000, description="Files with more pages or slides are left out"
    )
    file_seconds: int = Field(300, ge=5, le=7_200, description="A file that takes longer to read is left out")
    reader_megabytes: int = Field(
        2_000,
        ge=500,
        le=64_000,
        description="Memory that reading one file, or drawing a page of it, may take",
    )
    views_megabytes: int = Field(
        1_000,
        ge=50,
        le=1_000_000,
        description="Disk for the pictures of pages that were looked at; those least used go first",
    )

    host: str = Field("127.0.0.1", min_length=1, description="Address the service listens on")
    port: int = Field(8000, ge=1, le=65_535, description="Port the service listens on")
    watch: Literal["off", "on", "poll"] = Field(
        "off",
        description="Whether the service builds when the corpus has changed; poll looks again and again, for "
        "network drives",
    )
    watch_seconds: int = Field(
        30, ge=1, le=86_400, description="How long the corpus must be quiet before that build"
    )
    keys: Path | None = Field(None, description="File with the API keys; else keys.json in KB_INDEXES")
    reading: Literal["auto", "key"] = Field(
        "auto",
        description="Who may search open documents: with key, who has a key with the scope search; with auto "
        "everybody, where only this machine reaches the service or KB_PUBLIC is on",
    )
    public: Literal["off", "on"] = Field(
        "off", description="Whether everybody may search open documents, wherever the service listens"
    )
    proxies: str = Field(
        "127.0.0.1,::1",
        description="Addresses and networks of proxies, with commas between, of which X-Forwarded-For is "
        "believed",
    )
    rate_address: int = Field(
        600,
        ge=0,
        le=1_000_000,
        description="Requests a minute from one address, this machine's left out; 0: any",
    )
    rate_key: int = Field(1_200, ge=0, le=1_000_000, description="Requests a minute with one key; 0: any")
    rate_wrong_keys: int = Field(
        30, ge=0, le=1_000_000, description="Requests a minute with wrong keys from one address; 0: any"
    )
    connections: int = Field(
        2_000, ge=20, le=100_000, description="Connections that a process of the service holds at most"
    )
    uploads: int = Field(8, ge=1, le=100, description="Files that are received at the same time")

    url: str = Field(
        "",
        pattern=r"^(https?://[^\s/?#@]+(/[^\s?#]*)?)?$",
        description="Address by which readers reach the service, such as https://kennisbank.example.org, for "
        "the links in exports and of kb mcp; else that of the request",
    )
    contact_name: str = Field(
        "Beheer van deze kennisbank",
        min_length=1,
        description="Who answers questions about the service; stands in its OpenAPI document",
    )
    contact_email: str = Field(
        "kennisbank@example.org",
        pattern=r"^[^@\s]+@[^@\s]+$",
        description="Their e-mail address; the default is a placeholder",
    )
    contact_url: str = Field(
        "https://example.org/kennisbank",
        pattern=r"^https?://\S+$",
        description="Where to ask; the default is a placeholder",
    )

    llm_url: str = Field(
        "",
        pattern=r"^(https?://[^\s/?#@]+(/[^\s?#]*)?)?$",
        description="OpenAI-compatible endpoint that writes answers from the passages found, such as "
        "http://127.0.0.1:11434/v1; passages and questions are sent there, nothing without it",
    )
    llm_model: str = Field("", description="Name of the language model there")
    llm_key_file: Path | None = Field(None, description="File with the key for that endpoint, if it asks one")
    llm_seconds: float = Field(30.0, ge=1, le=600, description="Time for a written answer, all in all")
    llm_requests: int = Field(
        4, ge=1, le=100, description="Answers that a process has written at the same time; no more are begun"
    )

    accessibility_url: str = Field(
        "",
        pattern=r"^(https?://\S+)?$",
        description="Address of your accessibility statement in the government's register; "
        "/toegankelijkheid leads to it",
    )

    workers: int = Field(
        1, ge=1, le=64, description="Processes that answer; each loads the model, all share the index's files"
    )
    drain_seconds: float = Field(
        1.0,
        ge=0,
        le=120,
        description="How long a service that is asked to stop (SIGTERM) says that it is not ready, before it "
        "refuses requests",
    )
    metrics: Literal["off", "local", "open"] = Field(
        "local",
        description="Who sees /metrics: nobody, this machine and admin keys, or whoever reaches the service",
    )
    log_format: Literal["text", "json"] = Field(
        "text", description="What the service logs: lines for a person or JSON"
    )
    log_level: Literal["debug", "info", "warning", "error"] = Field(
        "info", description="From what level on; info has a line for each request"
    )
    log_queries: Literal["off", "on"] = Field(
        "off", description="Whether queries, which may name persons, stand in the log"
    )

    @property
    def privacy_file(self) -> Path:
        """The file with the suppression list, which need not be there."""
        return self.privacy or self.corpus / PRIVACY_LIST

    @property
    def keys_file(self) -> Path:
        """The file with the API keys."""
        return self.keys or self.indexes / "keys.json"

    @model_validator(mode="after")
    def _overlap_fits(self) -> Self:
        if self.overlap_words * 2 > self.passage_words:
            raise ValueError("overlap_words must be at most half of passage_words")
        return self

    @model_validator(mode="after")
    def _model_is_somewhere(self) -> Self:
        if bool(self.llm_url) != bool(self.llm_model):
            raise ValueError("KB_LLM_URL and KB_LLM_MODEL go together: set both, or neither")
        return self

    @field_validator("proxies")
    @classmethod
    def _are_networks(cls, value: str) -> str:
        for part in filter(None, (part.strip() for part in value.split(","))):
            ipaddress.ip_network(part, strict=False)
        return value

    @classmethod
    def load(cls, environ: Mapping[str, str], **overrides: object) -> Self:
        """Settings from the KB_ variables in `environ`; an override that is not None goes first.

        Raises `SettingsError` naming every variable that cannot be used.
        """
        found = {key: value for key, value in environ.items() if key.startswith(PREFIX)}
        names = {PREFIX + name.upper(): name for name in cls.model_fields}
        unknown = [_unknown(key, list(names)) for key in found if key not in names]
        if unknown:
            raise SettingsError("\n".join(unknown))
        values: dict[str, object] = {names[key]: value for key, value in found.items()}
        values.update({name: value for name, value in overrides.items() if value is not None})
        try:
            return cls(**values)  # type: ignore[arg-type]
        except ValidationError as error:
            raise SettingsError(_explain(error)) from None

    def environment(self) -> dict[str, str]:
        """The KB_ variables that give a process these settings, in whatever folder it runs."""
        found = {}
        for name, field in type(self).model_fields.items():
            value = getattr(self, name)
            if value != field.default or isinstance(value, Path):
                found[PREFIX + name.upper()] = str(value.absolute() if isinstance(value, Path) else value)
        return found


def _unknown(key: str, names: list[str]) -> str:
    near = difflib.get_close_matches(key, names, n=1)
    hint = f"did you mean {near[0]}?" if near else f"the settings are {', '.join(names)}"
    return f"{key} is not a setting; {hint}"


def _explain(error: ValidationError) -> str:
    lines = []
    for fault in error.errors():
        name = PREFIX + str(fault["loc"][0]).upper() if fault["loc"] else "Settings"
        # An address may hold a password that belongs in a file: it is not repeated.
        is_told = fault["loc"] and fault["loc"][0] != "index"
        lines.append(f"{name}: {fault['msg']}" + (f" (it is {fault['input']!r})" if is_told else ""))
    return "\n".join(lines)
