"""Writes the language model of a Hugging Face checkpoint as GGUF, and quantises it with llama.cpp's own code.

    gguf_model.py CHECKPOINT DIRECTORY              writes BF16.gguf, F16.gguf, Q8_0.gguf, Q4_0.gguf, Q4_K_M.gguf
    gguf_model.py --vocabulary CHECKPOINT DIRECTORY writes F16.gguf and Q8_0.gguf with the vocabulary of tokenizer.json

Without it benchmarks feed token numbers; servers need one to write text. Knows Llama (SmolLM2) and the decoder of Qwen2.5-VL."""

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


def write_vocabulary(writer: gguf.GGUFWriter, checkpoint: Path, size: int) -> None:
    tokenizer = json.loads((checkpoint / "tokenizer.json").read_text())
    tokens = [f"[unused{number}]" for number in range(size)]
    types = [gguf.TokenType.UNUSED] * size
    for token, number in tokenizer["model"]["vocab"].items():
        tokens[number], types[number] = token, gguf.TokenType.NORMAL
    for added in tokenizer["added_tokens"]:
        tokens[added["id"]], types[added["id"]] = added["content"], gguf.TokenType.CONTROL
    merges = [merge if isinstance(merge, str) else " ".join(merge) for merge in tokenizer["model"]["merges"]]
    writer.add_tokenizer_model("gpt2")
    writer.add_tokenizer_pre("gpt-2")
    writer.add_token_list(tokens)
    writer.add_token_types(types)
    writer.add_token_merges(merges)
    writer.add_eos_token_id(tokenizer["added_tokens"][0]["id"])
    writer.add_add_bos_token(False)


def write(checkpoint: Path, path: Path, element: gguf.GGMLQuantizationType, has_vocabulary: bool = False) -> None:
    config = json.loads((checkpoint / "config.json").read_text())
    architecture = "llama" if config["model_type"] == "llama" else "qwen2vl"
    partial = path.with_suffix(".partial")
    writer = gguf.GGUFWriter(partial, architecture, use_temp_file=True)
    write_parameters(writer, config)
    if has_vocabulary:
        write_vocabulary(writer, checkpoint, config["vocab_size"])
    else:
        writer.add_tokenizer_model("none")
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


def main(checkpoint: Path, directory: Path, has_vocabulary: bool) -> None:
    directory.mkdir(parents=True, exist_ok=True)
    elements = [gguf.GGMLQuantizationType.BF16, gguf.GGMLQuantizationType.F16]
    for element in elements[1:] if has_vocabulary else elements:
        path = directory / f"{element.name}.gguf"
        if not path.exists():
            write(checkpoint, path, element, has_vocabulary)
    for name, kind in QUANTISED.items():
        if not (directory / f"{name}.gguf").exists() and not (has_vocabulary and name != "Q8_0"):
            quantise(directory / "F16.gguf", directory / f"{name}.gguf", kind)


if __name__ == "__main__":
    paths = [Path(argument) for argument in sys.argv[1:] if argument != "--vocabulary"]
    main(*paths, has_vocabulary="--vocabulary" in sys.argv)
