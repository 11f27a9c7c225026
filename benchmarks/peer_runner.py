"""Index documents with one peer, ask it every question, and write down what it found.

Started by peers.py, in the peers' environment; it imports nothing of this project.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any, Protocol

from peer_vectors import SharedVectors, shared

TOP = 10
QUERY, PASSAGE = "query: ", "passage: "

# A passage: its id, and the text that is shown and judged.
Passages = list[tuple[str, str]]


class Peer(Protocol):
    """A search engine, set up as its documentation says. `settings` are for the report."""

    settings: dict[str, Any]

    def index_documents(self, documents: Sequence[dict[str, Any]]) -> Passages:
        """Split whole documents with the peer's own splitter, and index them."""
        ...

    def index_passages(self, passages: Sequence[dict[str, Any]]) -> None:
        """Index passages as they are: their context, then their text."""
        ...

    def search(self, query: str) -> list[str]:
        """The ids of the best ten passages."""
        ...


class Window:
    """The encoder's window: how many tokens of a passage fit, and how many a text has."""

    def __init__(self, model: Path) -> None:
        from transformers import AutoTokenizer

        self._tokenizer = AutoTokenizer.from_pretrained(model)
        self._all = self._tokenizer.model_max_length
        self.tokens = self._all - len(self._tokenizer(PASSAGE)["input_ids"])

    def encode(self, text: str) -> list[int]:
        """The tokens of a text, without special ones."""
        return self._tokenizer.encode(text, add_special_tokens=False, verbose=False)

    @property
    def tokenizer(self) -> Any:
        """The tokenizer itself, of the tokenizers library."""
        return self._tokenizer.backend_tokenizer

    def too_long(self, texts: Sequence[str]) -> int:
        """How many of the texts are cut off by the encoder."""
        encoded = self._tokenizer(list(texts), verbose=False)["input_ids"]
        return sum(len(tokens) > self._all for tokens in encoded)


class Txtai:
    """txtai: its vectors and its BM25 in one index, both scores added with weight 0.5."""

    def __init__(self, model: Path, window: Window) -> None:
        from txtai import Embeddings

        self._window = window
        self._index = Embeddings(
            path=str(model), hybrid=True, content=True, instructions={"query": QUERY, "data": PASSAGE}
        )
        self.settings = {
            "packages": versions("txtai", "faiss-cpu", "chonkie"),
            "search": "Embeddings(hybrid=True, content=True), the rest as it comes: Faiss, and BM25 (k1 1.2, "
            "b 0.75) with normalised scores, 100 candidates of each for ten hits, weight 0.5",
            "prefixes": "instructions query and data",
            "splitter": f"Segmentation(chunker='recursive', chunk_size={window.tokens}) in the encoder's "
            "tokens (default: 2048 characters, more than its window)",
            "title": "not embedded with a piece of a document: txtai has no setting for it",
        }

    def index_documents(self, documents: Sequence[dict[str, Any]]) -> Passages:
        from txtai.pipeline import Segmentation

        split = Segmentation(
            chunker="recursive", chunk_size=self._window.tokens, tokenizer=self._window.tokenizer
        )
        passages = [
            (f"{document['id']}-{number}", text)
            for document in documents
            for number, text in enumerate(split(document["text"]))
        ]
        self._index.index((passage, text, None) for passage, text in passages)
        return passages

    def index_passages(self, passages: Sequence[dict[str, Any]]) -> None:
        self._index.index((passage["id"], with_context(passage), None) for passage in passages)

    def search(self, query: str) -> list[str]:
        return [hit["id"] for hit in self._index.search(query, TOP)]


class LlamaIndex:
    """LlamaIndex: a vector store index in memory, as its starter guide has it."""

    def __init__(self, model: Path, window: Window) -> None:
        from llama_index.core.node_parser import SentenceSplitter
        from llama_index.embeddings.huggingface import HuggingFaceEmbedding

        self._encoder = HuggingFaceEmbedding(
            model_name=str(model), query_instruction=QUERY, text_instruction=PASSAGE
        )
        self._splitter = SentenceSplitter(chunk_size=window.tokens, tokenizer=window.encode)
        self._retriever: Any = None
        self.settings = {
            "packages": versions("llama-index-core", "llama-index-embeddings-huggingface"),
            "search": "VectorStoreIndex in memory, as_retriever(similarity_top_k=10)",
            "prefixes": "HuggingFaceEmbedding(query_instruction, text_instruction)",
            "splitter": f"SentenceSplitter(chunk_size={window.tokens}) in the encoder's tokens (default: "
            f"1024, more than its window), chunk_overlap {self._splitter.chunk_overlap} as it comes",
            "title": "metadata, embedded with every piece, as it comes",
        }

    def index_documents(self, documents: Sequence[dict[str, Any]]) -> Passages:
        from llama_index.core import Document

        nodes = self._splitter.get_nodes_from_documents(
            [
                Document(
                    text=document["text"],
                    metadata={"title": document["title"], "file_path": document["source"]},
                    # As its own file reader does.
                    excluded_embed_metadata_keys=["file_path"],
                    excluded_llm_metadata_keys=["file_path"],
                )
                for document in documents
            ]
        )
        self._index(nodes)
        return [(node.node_id, node.text) for node in nodes]

    def index_passages(self, passages: Sequence[dict[str, Any]]) -> None:
        from llama_index.core.schema import TextNode

        self._index([TextNode(id_=passage["id"], text=with_context(passage)) for passage in passages])

    def _index(self, nodes: Sequence[Any]) -> None:
        from llama_index.core import VectorStoreIndex

        index = VectorStoreIndex(nodes, embed_model=self._encoder)
        self._retriever = index.as_retriever(similarity_top_k=TOP)

    def search(self, query: str) -> list[str]:
        return [found.node.node_id for found in self._retriever.retrieve(query)]


class Haystack:
    """Haystack: the pipeline of its guide to hybrid retrieval, without a reranker."""

    def __init__(self, model: Path, window: Window) -> None:
        from haystack.components.preprocessors import DocumentSplitter
        from haystack.document_stores.in_memory import InMemoryDocumentStore
        from haystack_integrations.components.embedders.sentence_transformers import (
            SentenceTransformersDocumentEmbedder,
        )

        del window  # 200 words fit.
        self._model = str(model)
        self._store = InMemoryDocumentStore()
        self._splitter = DocumentSplitter()
        self._embedder = SentenceTransformersDocumentEmbedder(
            model=self._model, prefix=PASSAGE, meta_fields_to_embed=["title"], progress_bar=False
        )
        self._pipeline: Any = None
        self.settings = {
            "packages": versions("haystack-ai", "sentence-transformers-haystack"),
            "search": "InMemoryDocumentStore (BM25L, dot product), InMemoryBM25Retriever and "
            "InMemoryEmbeddingRetriever (top_k 10 each, as they come), "
            "DocumentJoiner(reciprocal_rank_fusion)",
            "prefixes": "prefix of both embedders",
            "splitter": "DocumentSplitter() as it comes: 200 words, no overlap",
            "title": "meta_fields_to_embed=['title'] (default: none); its BM25 reads the text alone",
        }

    def index_documents(self, documents: Sequence[dict[str, Any]]) -> Passages:
        from haystack import Document

        pieces = self._splitter.run(
            [
                Document(content=item["text"], meta={"title": item["title"], "source": item["source"]})
                for item in documents
            ]
        )["documents"]
        self._index(pieces)
        return [(piece.id, piece.content) for piece in pieces]

    def index_passages(self, passages: Sequence[dict[str, Any]]) -> None:
        from haystack import Document

        self._index([Document(id=passage["id"], content=with_context(passage)) for passage in passages])

    def _index(self, documents: Sequence[Any]) -> None:
        self._store.write_documents(self._embedder.run(documents)["documents"])
        self._pipeline = self._hybrid()

    def _hybrid(self) -> Any:
        from haystack import Pipeline
        from haystack.components.joiners import DocumentJoiner
        from haystack.components.retrievers.in_memory import InMemoryBM25Retriever, InMemoryEmbeddingRetriever
        from haystack_integrations.components.embedders.sentence_transformers import (
            SentenceTransformersTextEmbedder,
        )

        pipeline = Pipeline()
        pipeline.add_component(
            "embedder", SentenceTransformersTextEmbedder(model=self._model, prefix=QUERY, progress_bar=False)
        )
        pipeline.add_component("dense", InMemoryEmbeddingRetriever(self._store))
        pipeline.add_component("lexical", InMemoryBM25Retriever(self._store))
        pipeline.add_component("joiner", DocumentJoiner(join_mode="reciprocal_rank_fusion"))
        pipeline.connect("embedder.embedding", "dense.query_embedding")
        pipeline.connect("lexical", "joiner")
        pipeline.connect("dense", "joiner")
        return pipeline

    def search(self, query: str) -> list[str]:
        found = self._pipeline.run({"embedder": {"text": query}, "lexical": {"query": query}})
        return [document.id for document in found["joiner"]["documents"][:TOP]]


PEERS = {"txtai": Txtai, "llamaindex": LlamaIndex, "haystack": Haystack}


def main() -> int:
    """Build, ask, write."""
    parser = argparse.ArgumentParser(description="Measure one peer; started by peers.py.")
    parser.add_argument("peer", choices=PEERS)
    parser.add_argument("--documents", type=Path, help="JSON Lines of documents, for the peer's own splitter")
    parser.add_argument("--passages", type=Path, help="JSON Lines of passages to index as they are")
    for name in ("questions", "model", "vectors", "output"):
        parser.add_argument(f"--{name}", type=Path, required=True)
    options = parser.parse_args()
    window = Window(options.model)
    vectors = SharedVectors(options.vectors)
    given = read_lines(options.documents or options.passages)
    peer: Peer = PEERS[options.peer](options.model, window)
    start = time.perf_counter()
    with shared(vectors):
        if options.documents:
            passages = peer.index_documents(given)
        else:
            peer.index_passages(given)
            passages = [(item["id"], item["text"]) for item in given]
    seconds = time.perf_counter() - start
    asked = ask(peer, read_lines(options.questions))
    megabytes = held()
    result = {
        "settings": peer.settings,
        "megabytes": megabytes,
        "passages": passages,
        "buildSeconds": seconds + vectors.borrowed_seconds,
        "secondsOfSharedVectors": vectors.borrowed_seconds,
        "beyondWindow": window.too_long(vectors.texts),
        **asked,
    }
    options.output.write_text(json.dumps(result, ensure_ascii=False), encoding="utf-8")
    return 0


def ask(peer: Peer, questions: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """What is found for every question, and how long each took."""
    # The first search pays for what is loaded late.
    peer.search(questions[0]["question"])
    rankings, milliseconds = {}, {}
    for question in questions:
        start = time.perf_counter()
        rankings[question["id"]] = peer.search(question["question"])
        milliseconds[question["id"]] = (time.perf_counter() - start) * 1000
    return {"rankings": rankings, "milliseconds": milliseconds}


def held() -> float:
    """The memory of this process, what it shares with others divided among them (PSS), in MB."""
    lines = Path("/proc/self/smaps_rollup").read_text(encoding="utf-8").splitlines()
    return int(next(line for line in lines if line.startswith("Pss:")).split()[1]) / 1024


def with_context(passage: dict[str, Any]) -> str:
    """What our own encoder is given for a passage."""
    return f"{passage['context']}\n{passage['text']}" if passage["context"] else passage["text"]


def versions(*packages: str) -> dict[str, str]:
    """The versions of some packages, and of what all peers encode with."""
    return {name: version(name) for name in (*packages, "sentence-transformers", "transformers", "torch")}


def read_lines(file: Path) -> list[dict[str, Any]]:
    """The objects of a JSON Lines file."""
    return [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines()]


if __name__ == "__main__":
    sys.exit(main())
