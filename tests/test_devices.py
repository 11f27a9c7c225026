"""Promises about where a model runs: on a graphics card where there is one, else on the processor."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
import torch

from kb.embedding import load_encoder
from kb.embedding.devices import device_of, has_cuda_build
from kb.embedding.encoding import SentenceTransformerEncoder
from kb.embedding.onnx_encoder import OnnxEncoder
from kb.errors import EncoderUnavailable
from kb.settings import Settings

HAS_CARD = torch.version.cuda is not None and torch.cuda.is_available()

_WITH_A_CUDA_BUILD = """
import sys
from pathlib import Path
torch = Path(sys.argv[1], "torch")
(torch / "lib").mkdir(parents=True)
(torch / "lib" / "libtorch_cuda.so").touch()
(torch / "__init__.py").write_text(
    "class cuda:\\n    @staticmethod\\n    def is_available():\\n        return " + sys.argv[2]
)
sys.path.insert(0, sys.argv[1])
from kb.embedding.devices import device_of
from kb.settings import Settings
print(device_of(Settings()))
"""


def test_what_is_asked_is_taken() -> None:
    asked = ["cpu", "cuda:1", "mps"]
    assert [device_of(Settings(device=one)) for one in asked] == asked


def test_by_itself_a_model_runs_where_pytorch_sees_a_card() -> None:
    assert device_of(Settings()) == ("cuda" if HAS_CARD else "cpu")


@pytest.mark.parametrize(("sees_a_card", "device"), [("True", "cuda"), ("False", "cpu")])
def test_a_pytorch_for_graphics_cards_is_asked_whether_it_sees_one(
    tmp_path: Path, root: Path, sees_a_card: str, device: str
) -> None:
    """Such a PyTorch takes gigabytes: another in its place has its files and its answer."""
    command = [sys.executable, "-c", _WITH_A_CUDA_BUILD, str(tmp_path), sees_a_card]
    done = subprocess.run(command, cwd=root, capture_output=True, text=True, timeout=60, check=True)
    assert done.stdout.strip() == device


def test_the_cpu_build_of_pytorch_is_not_imported_to_find_out(root: Path) -> None:
    if has_cuda_build():
        pytest.skip("PyTorch must be asked here")
    program = (
        "import sys; from kb.embedding.devices import device_of; from kb.settings import Settings; "
        "print(device_of(Settings()), 'torch' in sys.modules)"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=root, capture_output=True, text=True, timeout=60, check=True
    )
    assert done.stdout.split() == ["cpu", "False"]


def test_eight_bits_run_on_the_processor_also_beside_a_card(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("kb.embedding.devices.has_cuda_build", lambda: True)
    monkeypatch.setattr("kb.embedding.devices._sees_a_card", lambda: True)
    assert device_of(Settings()) == "cuda"
    assert isinstance(load_encoder(Settings(precision="int8")), OnnxEncoder)


@pytest.mark.skipif(HAS_CARD, reason="there is a graphics card")
def test_a_card_that_is_not_there_is_told_by_the_name_of_its_setting() -> None:
    with pytest.raises(EncoderUnavailable, match=r"on cuda .*KB_DEVICE=cpu"):
        load_encoder(Settings(device="cuda"))


@pytest.mark.skipif(not HAS_CARD, reason="there is no graphics card")
def test_a_card_gives_the_same_vectors() -> None:
    texts = ["Een zaaksysteem registreert de zaken van een gemeente.", "De raad vraagt om een archief. " * 60]
    card = load_encoder(Settings())
    assert isinstance(card, SentenceTransformerEncoder)
    processor = load_encoder(Settings(device="cpu"))
    assert card.identity == processor.identity
    for one, other in zip(card.encode_passages(texts), processor.encode_passages(texts), strict=True):
        assert one.vector @ other.vector > 0.999
