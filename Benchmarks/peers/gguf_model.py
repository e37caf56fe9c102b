"""Writes the language model of a Hugging Face checkpoint as GGUF, and quantises it with llama.cpp's own code.

    gguf_model.py CHECKPOINT DIRECTORY       writes BF16.gguf, F16.gguf, Q8_0.gguf, Q4_0.gguf, Q4_K_M.gguf

Without a vocabulary: benchmarks feed token numbers. Knows Llama (SmolLM2) and the decoder of Qwen2.5-VL."""

import ctypes
import json
import re
import sys
from pathlib import Path

import gguf
import numpy as np
import torch
from safetensors import safe_open

NAMES = {
    "model.embed_tokens.weight": "token_embd.weight",
    "model.norm.weight": "output_norm.weight",
    "lm_head.weight": "output.weight",
}
LAYER_NAMES = {
    "input_layernorm": "attn_norm",
    "self_attn.q_proj": "attn_q",
    "self_attn.k_proj": "attn_k",
    "self_attn.v_proj": "attn_v",
    "self_attn.o_proj": "attn_output",
    "post_attention_layernorm": "ffn_norm",
    "mlp.gate_proj": "ffn_gate",
    "mlp.up_proj": "ffn_up",
    "mlp.down_proj": "ffn_down",
}
QUANTISED = {"Q8_0": 7, "Q4_0": 2, "Q4_K_M": 15}  # llama_ftype of llama.h


def gguf_name(name: str) -> str | None:
    """The name in GGUF files, or None for what is not part of the language model."""
    if match := re.fullmatch(r"model\.layers\.(\d+)\.(.+)\.(weight|bias)", name):
        return f"blk.{match[1]}.{LAYER_NAMES[match[2]]}.{match[3]}"
    return NAMES.get(name)


def permuted(tensor: torch.Tensor, heads: int) -> torch.Tensor:
    """Rows of a query or key projection in the order in which llama.cpp turns pairs of a Llama model's heads."""
    return tensor.reshape(heads, 2, tensor.shape[0] // heads // 2, *tensor.shape[1:]).swapaxes(1, 2).reshape(tensor.shape)


def write_parameters(writer: gguf.GGUFWriter, config: dict) -> None:
    heads = config["num_attention_heads"]
    head_dim = config["hidden_size"] // heads
    writer.add_context_length(config["max_position_embeddings"])
    writer.add_embedding_length(config["hidden_size"])
    writer.add_block_count(config["num_hidden_layers"])
    writer.add_feed_forward_length(config["intermediate_size"])
    writer.add_head_count(heads)
    writer.add_head_count_kv(config["num_key_value_heads"])
    writer.add_layer_norm_rms_eps(config["rms_norm_eps"])
    writer.add_rope_freq_base(config["rope_theta"])
    writer.add_rope_dimension_count(head_dim)
    writer.add_vocab_size(config["vocab_size"])
    if sections := (config.get("rope_scaling") or {}).get("mrope_section"):
        writer.add_rope_dimension_sections([*sections, 0])
    writer.add_tokenizer_model("none")


def write(checkpoint: Path, path: Path, element: gguf.GGMLQuantizationType) -> None:
    config = json.loads((checkpoint / "config.json").read_text())
    architecture = "llama" if config["model_type"] == "llama" else "qwen2vl"
    partial = path.with_suffix(".partial")
    writer = gguf.GGUFWriter(partial, architecture, use_temp_file=True)
    write_parameters(writer, config)
    writer.add_file_type(32 if element == gguf.GGMLQuantizationType.BF16 else 1)
    for file in sorted(checkpoint.glob("*.safetensors")):
        with safe_open(file, framework="pt") as tensors:
            for name in tensors.keys():
                if (target := gguf_name(name)) is None:
                    continue
                tensor = tensors.get_tensor(name)
                if architecture == "llama" and ("q_proj" in name or "k_proj" in name):
                    key = "num_attention_heads" if "q_proj" in name else "num_key_value_heads"
                    tensor = permuted(tensor, config[key])
                if tensor.ndim == 1:
                    writer.add_tensor(target, tensor.float().numpy())
                elif element == gguf.GGMLQuantizationType.BF16:
                    bits = tensor.contiguous().view(torch.uint16).numpy()
                    writer.add_tensor(target, bits.view(np.uint8), raw_dtype=element)
                else:
                    writer.add_tensor(target, tensor.half().numpy())
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    partial.rename(path)


def quantise(source: Path, path: Path, kind: int) -> None:
    import llama_cpp

    parameters = llama_cpp.llama_model_quantize_default_params()
    parameters.ftype = kind
    partial = path.with_suffix(".partial")
    result = llama_cpp.llama_model_quantize(str(source).encode(), str(partial).encode(), ctypes.byref(parameters))
    if result != 0:
        raise SystemExit(f"llama_model_quantize gave {result} for {path.name}")
    partial.rename(path)


def main(checkpoint: Path, directory: Path) -> None:
    directory.mkdir(parents=True, exist_ok=True)
    for element in [gguf.GGMLQuantizationType.BF16, gguf.GGMLQuantizationType.F16]:
        path = directory / f"{element.name}.gguf"
        if not path.exists():
            write(checkpoint, path, element)
    for name, kind in QUANTISED.items():
        if not (directory / f"{name}.gguf").exists():
            quantise(directory / "F16.gguf", directory / f"{name}.gguf", kind)


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
