"""Requests of every endpoint that are answered, for faults to be made in them, and pictures to be broken.

Not the faults: byte_faults.py.
"""
import base64
import pathlib

PICTURES = pathlib.Path(__file__).resolve().parent.parent / "Fixtures/images"
FORECAST = {
    "type": "object",
    "properties": {"city": {"type": "string", "maxLength": 9}},
    "required": ["city"],
    "additionalProperties": False,
}


def picture(name="bill-300x220.png") -> bytes:
    return (PICTURES / name).read_bytes()


def data_uri(data: bytes, kind="png") -> str:
    return f"data:image/{kind};base64,{base64.b64encode(data).decode()}"


def chat_about(uri: str) -> dict:
    parts = [{"type": "image_url", "image_url": {"url": uri}}, {"type": "text", "text": "What is the total?"}]
    return {"messages": [{"role": "user", "content": parts}], "temperature": 0, "max_tokens": 6}


def bodies() -> list:
    """Pairs of a path and a body."""
    call = {"id": "c", "type": "function", "function": {"name": "forecast", "arguments": '{"city": "Paris"}'}}
    tool = {"type": "function", "function": {"name": "forecast", "parameters": FORECAST}}
    return [
        ("/v1/chat/completions", chat_about(data_uri(picture("grey-note-90x130.png")))),
        ("/v1/chat/completions", {
            "model": None, "stream": True, "stream_options": {"include_usage": True}, "n": 2, "seed": 4,
            "messages": [
                {"role": "system", "content": "Be brief."},
                {"role": "user", "content": [{"type": "text", "text": "진단서 Rain?"}]},
                {"role": "assistant", "content": None, "tool_calls": [call]},
                {"role": "tool", "tool_call_id": "c", "content": "Sun."},
            ],
            "tools": [tool], "tool_choice": "auto", "temperature": 0.7, "top_p": 0.9, "top_k": 5, "min_p": 0.01,
            "max_completion_tokens": 6, "stop": ["zz"], "logit_bias": {"7": 1.5}, "logprobs": True, "top_logprobs": 2,
            "presence_penalty": 0.1, "frequency_penalty": 0.1, "repetition_penalty": 1.1, "stop_token_ids": [3],
        }),
        ("/v1/completions", {"prompt": ["The sea", "Rain"], "max_tokens": 5, "echo": True, "logprobs": None, "n": 1}),
        ("/v1/completions", {"prompt": [5, 6, 7], "max_tokens": 5, "logprobs": 2, "stream": True}),
        ("/v1/responses", {
            "input": [
                {"role": "user", "content": [{"type": "input_text", "text": "Rain?"}]},
                {"type": "function_call", "call_id": "c", "name": "forecast", "arguments": "{}"},
                {"type": "function_call_output", "call_id": "c", "output": [{"type": "input_text", "text": "2"}]},
            ],
            "instructions": "Be brief.", "max_output_tokens": 6, "metadata": {"a": "b"}, "store": False,
            "tools": [{"type": "function", "name": "forecast", "parameters": FORECAST}],
        }),
        ("/v1/messages", {
            "max_tokens": 6, "system": [{"type": "text", "text": "Be brief."}], "stop_sequences": ["zz"], "stream": True,
            "messages": [
                {"role": "user", "content": "Rain?"},
                {"role": "assistant", "content": [{"type": "tool_use", "id": "c", "name": "forecast", "input": {}}]},
                {"role": "user", "content": [{"type": "tool_result", "tool_use_id": "c", "content": "Sun."}]},
            ],
            "tools": [{"name": "forecast", "input_schema": FORECAST}], "tool_choice": {"type": "auto"},
        }),
        ("/v1/messages/count_tokens", {"messages": [{"role": "user", "content": "Rain?"}]}),
        ("/tokenize", {"prompt": "Tell me about the sea.", "return_token_strs": True}),
        ("/tokenize", {"messages": [{"role": "user", "content": "Rain?"}]}),
        ("/detokenize", {"tokens": [5, 6, 7]}),
    ]


PLAIN_PATHS = ["/", "/health", "/ready", "/live", "/metrics", "/version", "/openapi.json", "/v1/models"]
