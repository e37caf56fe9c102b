"""What is compared with what: the formats of ours and those of each peer that keep as many bits.

Formats of ours are taken from the compiled program; the first of a list that it has is measured."""

from dataclasses import dataclass

# Formats of ours by the bits of a weight, best match first.
OURS = {
    "f32": ["f32"],
    "16 bits": ["bf16"],
    "8 bits": ["w8g32", "w8", "bf16"],
    "4 bits": ["w4g32", "w4g128", "bf16"],
}


@dataclass(frozen=True)
class Pair:
    """A format of ours beside one of a peer."""

    bits: str
    peer: str
    format: str

    @property
    def name(self) -> str:
        return f"{self.peer} {self.format}"


PAIRS = [
    Pair("16 bits", "llama.cpp", "BF16"),
    Pair("16 bits", "llama.cpp", "F16"),
    Pair("16 bits", "OpenVINO", "fp16"),
    Pair("16 bits", "transformers", "bf16"),
    Pair("8 bits", "llama.cpp", "Q8_0"),
    Pair("8 bits", "OpenVINO", "int8"),
    Pair("4 bits", "llama.cpp", "Q4_0"),
    Pair("4 bits", "llama.cpp", "Q4_K_M"),
    Pair("4 bits", "OpenVINO", "int4"),
]


def format_of_ours(bits: str, known: list[str]) -> str:
    return next(name for name in OURS[bits] if name in known)
