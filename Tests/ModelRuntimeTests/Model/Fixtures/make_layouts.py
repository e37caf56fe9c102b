"""Writes layouts.json: what transformers computes for image grids. Needs torch and transformers 5.23.0.

Run it in this folder: python make_layouts.py
"""

import functools
import json
import types

import torch
import transformers
from transformers.models.qwen2_5_vl.modeling_qwen2_5_vl import Qwen2_5_VLModel
from transformers.models.qwen2_vl.modeling_qwen2_vl import Qwen2VLModel
from transformers.vision_utils import (
    get_vision_cu_seqlens,
    get_vision_position_ids,
    get_vision_window_index,
)

GRIDS = [
    [[1, 2, 2]],
    [[1, 8, 8]],
    [[1, 10, 6]],
    [[1, 2, 20]],
    [[1, 18, 2], [1, 6, 14]],
    [[1, 8, 16], [1, 4, 4], [1, 12, 10]],
    [[3, 6, 10]],
]
WINDOWS = [112, 56]
PATCH = 14
MERGE = 2

# Numbers are text tokens, lists are grids.
SEQUENCES = [
    [5],
    [3, [1, 8, 6], 4],
    [[1, 2, 12], 2],
    [1, [1, 4, 4], 1, [1, 20, 2], 7, [1, 6, 6]],
    [2, [1, 16, 16], 9],
]


def layout(grids, window):
    grid = torch.tensor(grids)
    index, boundaries = get_vision_window_index(grid, MERGE, window, PATCH)
    return {
        "grids": grids,
        "window": window // PATCH,
        "window_index": index.tolist(),
        "window_boundaries": boundaries.tolist(),
        "image_boundaries": get_vision_cu_seqlens(grid).tolist(),
        "positions": get_vision_position_ids(grid, MERGE).T.tolist(),
    }


def rotary(model, sequence):
    vision = types.SimpleNamespace(spatial_merge_size=MERGE, tokens_per_second=2)
    holder = types.SimpleNamespace(config=types.SimpleNamespace(vision_config=vision))
    holder.get_vision_position_ids = functools.partial(model.get_vision_position_ids, holder)
    kinds, grids = [], []
    for part in sequence:
        if isinstance(part, int):
            kinds += [0] * part
        else:
            kinds += [1] * (part[0] * part[1] * part[2] // MERGE**2)
            grids.append(part)
    positions, deltas = model.get_rope_index(
        holder,
        torch.zeros(1, len(kinds), dtype=torch.long),
        torch.tensor([kinds]),
        image_grid_thw=torch.tensor(grids) if grids else None,
    )
    return {"sequence": sequence, "positions": positions[:, 0].tolist(), "delta": deltas.item()}


def main():
    assert transformers.__version__ == "5.23.0", transformers.__version__
    rotaries = [rotary(Qwen2_5_VLModel, sequence) for sequence in SEQUENCES]
    assert rotaries == [rotary(Qwen2VLModel, sequence) for sequence in SEQUENCES]
    contents = {
        "source": "transformers 5.23.0",
        "merge": MERGE,
        "layouts": [layout(grids, window) for grids in GRIDS for window in WINDOWS],
        "rotary": rotaries,
    }
    with open("layouts.json", "w", encoding="utf-8") as file:
        json.dump(contents, file, separators=(",", ":"))
        file.write("\n")


if __name__ == "__main__":
    main()
