"""Checks a running server with LiteLLM, as OpenAI's and as vLLM's: python3 litellm_client.py URL

Whole answers and streams must be the same by either way; shapes must be kept to.
"""
import asyncio
import json
import os
import typing

os.environ["LITELLM_LOCAL_MODEL_COST_MAP"] = "True"  # It would fetch a list of prices.

import litellm
import pydantic

from checking import KEY, base_url, equal, model_name, png, run

URL = base_url()
MODEL = model_name(URL)
PROVIDERS = ("openai", "hosted_vllm")
SEA = [{"role": "user", "content": "Tell me about the sea."}]
litellm.telemetry = False
litellm.suppress_debug_info = True
FORECAST = {
    "type": "function",
    "function": {
        "name": "forecast",
        "description": "Tells the weather of a city.",
        "parameters": {
            "type": "object",
            "properties": {"city": {"enum": ["Paris", "London", "Seoul"]}, "is_long": {"type": "boolean"}},
            "required": ["city", "is_long"],
            "additionalProperties": False,
        },
    },
}


class Weather(pydantic.BaseModel):
    model_config = pydantic.ConfigDict(extra="forbid", strict=True)
    city: typing.Literal["Paris", "London", "Seoul"]
    celsius: int = pydantic.Field(ge=-40, le=50)


def options(provider="openai", **others):
    common = {"model": f"{provider}/{MODEL}", "api_base": f"{URL}/v1", "api_key": KEY, "max_retries": 0}
    return common | {"messages": SEA, "temperature": 0, "max_tokens": 24} | others


def whole_answers():
    found = [litellm.completion(**options(provider)) for provider in PROVIDERS]
    equal(found[0].choices[0].message.content, found[1].choices[0].message.content)
    assert found[0].choices[0].message.content
    equal([each.usage.completion_tokens for each in found], [24, 24])
    equal(found[0].choices[0].finish_reason, "length")


def streams():
    for provider in PROVIDERS:
        chunks = list(litellm.completion(**options(provider), stream=True, stream_options={"include_usage": True}))
        whole = litellm.completion(**options(provider))
        content = "".join(chunk.choices[0].delta.content or "" for chunk in chunks if chunk.choices)
        equal(content, whole.choices[0].message.content)
        rebuilt = litellm.stream_chunk_builder(chunks, messages=SEA)
        equal(rebuilt.usage.completion_tokens, 24)
        equal(rebuilt.usage.prompt_tokens, whole.usage.prompt_tokens)


def asynchronous_answers():
    async def main():
        answers = await asyncio.gather(*(litellm.acompletion(**options(provider)) for provider in PROVIDERS * 4))
        return {answer.choices[0].message.content for answer in answers}

    equal(asyncio.run(main()), {litellm.completion(**options()).choices[0].message.content})


def images():
    parts = [
        {"type": "image_url", "image_url": {"url": f"data:image/png;base64,{png()}"}},
        {"type": "text", "text": "What is this?"},
    ]
    seen = litellm.completion(**options(messages=[{"role": "user", "content": parts}]))
    blind = litellm.completion(**options(messages=[{"role": "user", "content": parts[1:]}]))
    assert seen.usage.prompt_tokens >= blind.usage.prompt_tokens + 4, (seen.usage, blind.usage)


def tools():
    forced = {"type": "function", "function": {"name": "forecast"}}
    for provider in PROVIDERS:
        wanted = options(provider, tools=[FORECAST], tool_choice=forced, max_tokens=400)
        message = litellm.completion(**wanted).choices[0].message
        call = message.tool_calls[0].function
        equal((len(message.tool_calls), call.name), (1, "forecast"))
        arguments = json.loads(call.arguments)
        equal(sorted(arguments), ["city", "is_long"])
        assert arguments["city"] in ("Paris", "London", "Seoul") and isinstance(arguments["is_long"], bool), arguments
        rebuilt = litellm.stream_chunk_builder(list(litellm.completion(**wanted, stream=True)))
        equal(json.loads(rebuilt.choices[0].message.tool_calls[0].function.arguments), arguments)


def shapes():
    for provider in PROVIDERS:
        answer = litellm.completion(**options(provider, response_format=Weather, max_tokens=400))
        Weather.model_validate_json(answer.choices[0].message.content)


def errors():
    for kind, others in (
        (litellm.NotFoundError, {"model": "openai/nothing-of-this-name"}),
        (litellm.BadRequestError, {"temperature": -1}),
        (litellm.ContextWindowExceededError, {"messages": [{"role": "user", "content": "word " * 40_000}]}),
        (litellm.AuthenticationError, {"api_key": "another"}),
    ):
        try:
            litellm.completion(**options(**others))
            raise AssertionError(f"no {kind.__name__}")
        except kind:
            pass


run([whole_answers, streams, asynchronous_answers, images, tools, shapes, errors])
