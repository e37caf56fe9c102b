"""Measures llama.cpp: a prompt, tokens one by one, tokens of several sequences in common steps. Prints one JSON object.

    llama_peer.py MODEL.gguf THREADS PROMPT GENERATE SEQUENCES

Calls the C interface as llama-bench does: random tokens, no sampling, logits of the last token, medians."""

import json
import random
import statistics
import sys
import time

import llama_cpp as llama

# Kept as long as the library may call it.
SILENCE = llama.llama_log_callback(lambda level, text, data: None)


def batch_of(rows: list[tuple[int, int, int, bool]]):
    """A batch of (token, position, sequence, wants logits)."""
    batch = llama.llama_batch_init(len(rows), 0, 1)
    batch.n_tokens = len(rows)
    for index, (token, position, sequence, wanted) in enumerate(rows):
        batch.token[index] = token
        batch.pos[index] = position
        batch.n_seq_id[index] = 1
        batch.seq_id[index][0] = sequence
        batch.logits[index] = wanted
    return batch


def main(path: str, threads: int, prompt: int, generate: int, sequences: int) -> None:
    llama.llama_log_set(SILENCE, None)
    llama.llama_backend_init()
    model = llama.llama_model_load_from_file(path.encode(), llama.llama_model_default_params())
    parameters = llama.llama_context_default_params()
    parameters.n_ctx = sequences * (prompt + generate + 8)
    parameters.n_batch = parameters.n_ubatch = prompt
    parameters.n_seq_max = sequences
    parameters.n_threads = parameters.n_threads_batch = threads
    context = llama.llama_init_from_model(model, parameters)
    memory = llama.llama_get_memory(context)
    words = llama.llama_vocab_n_tokens(llama.llama_model_get_vocab(model))
    generator = random.Random(0)

    def seconds(rows: list[tuple[int, int, int, bool]]) -> float:
        batch = batch_of(rows)
        start = time.perf_counter()
        if llama.llama_decode(context, batch) != 0:
            raise SystemExit("llama_decode failed")
        llama.llama_synchronize(context)
        elapsed = time.perf_counter() - start
        llama.llama_batch_free(batch)
        return elapsed

    def read(sequence: int) -> float:
        return seconds([(generator.randrange(words), i, sequence, i == prompt - 1) for i in range(prompt)])

    def decode(count: int) -> float:
        steps = [
            seconds([(generator.randrange(words), prompt + step, sequence, True) for sequence in range(count)])
            for step in range(generate)
        ]
        return count / statistics.median(steps[2:])

    prefills = []
    for _ in range(4):
        llama.llama_memory_clear(memory, True)
        prefills.append(read(0))
    result = {"prefill": prompt / statistics.median(prefills[1:]), "decode": decode(1)}
    if sequences > 1:
        llama.llama_memory_clear(memory, True)
        for sequence in range(sequences):
            read(sequence)
        result["batch"] = decode(sequences)
    print(json.dumps(result))


if __name__ == "__main__":
    main(sys.argv[1], *map(int, sys.argv[2:6]))
