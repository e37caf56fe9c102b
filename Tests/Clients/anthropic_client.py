"""Checks a running server with Anthropic's Python package: python3 anthropic_client.py URL

The model may say what it likes, save thoughts, but the server has to make it call the tool that `tool_choice` names,
and keep to schemas.
"""
import asyncio
import typing

import anthropic
import pydantic

from checking import KEY, base_url, equal, model_name, png, run

URL = base_url()
MODEL = model_name(URL)
CLIENT = anthropic.Anthropic(base_url=URL, api_key=KEY, max_retries=0)
HELLO = [{"role": "user", "content": "Tell me about the sea."}]
WEATHER = {
    "name": "weather",
    "description": "Tells the weather of a city.",
    "input_schema": {
        "type": "object",
        "properties": {"city": {"type": "string", "maxLength": 12}},
        "required": ["city"],
        "additionalProperties": False,
    },
}
IMAGE = {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": png()}}


# The package knows this field no longer; the interface does.
GREEDY = {"temperature": 0.0}


def ask(extra=None, **options):
    return CLIENT.messages.create(
        **({"model": MODEL, "max_tokens": 24, "messages": HELLO, "extra_body": GREEDY | (extra or {})} | options)
    )


def text(message) -> str:
    return "".join(block.text for block in message.content if block.type == "text")


def input_tokens(usage) -> int:
    return usage.input_tokens + usage.cache_read_input_tokens + usage.cache_creation_input_tokens


def whole_messages():
    message = ask()
    assert message.id.startswith("msg_"), message.id
    equal((message.type, message.role, message.model), ("message", "assistant", MODEL))
    assert message.stop_reason in ("end_turn", "max_tokens"), message.stop_reason
    assert message.stop_sequence is None
    assert len(text(message)) > 0
    assert 1 <= message.usage.output_tokens <= 24
    assert message._request_id and message.id.endswith(message._request_id)


def conversations_with_instructions():
    message = ask(
        system=[{"type": "text", "text": "Be brief.", "cache_control": {"type": "ephemeral"}}],
        messages=HELLO
        + [
            {"role": "assistant", "content": [{"type": "text", "text": "It is wide."}]},
            {"role": "user", "content": [{"type": "text", "text": "How deep?"}]},
        ],
        metadata={"user_id": "ann"},
        extra={"top_p": 0.9, "top_k": 5},
    )
    assert message.usage.output_tokens >= 1


def streams_equal_whole_messages():
    whole = ask()
    with CLIENT.messages.stream(model=MODEL, max_tokens=24, messages=HELLO, extra_body=GREEDY) as stream:
        pieces = list(stream.text_stream)
        message = stream.get_final_message()
    equal("".join(pieces), text(whole))
    equal(text(message), text(whole))
    assert len(pieces) > 1, pieces
    equal(message.stop_reason, whole.stop_reason)
    equal(message.usage.output_tokens, whole.usage.output_tokens)
    equal(input_tokens(message.usage), input_tokens(whole.usage))


def events_of_streams():
    names = [event.type for event in ask(stream=True)]
    equal(names[:2], ["message_start", "content_block_start"])
    equal(names[-3:], ["content_block_stop", "message_delta", "message_stop"])
    assert set(names[2:-3]) == {"content_block_delta"}, names


def limits_of_tokens():
    message = ask(max_tokens=1)
    equal((message.usage.output_tokens, message.stop_reason), (1, "max_tokens"))


def stop_sequences():
    whole = text(ask())
    stop = whole[len(whole) // 2 :][:3]
    message = ask(stop_sequences=["\x01never", stop])
    equal((message.stop_reason, message.stop_sequence), ("stop_sequence", stop))
    equal(text(message), whole[: whole.index(stop)])


def images():
    seen = ask(messages=[{"role": "user", "content": [IMAGE, {"type": "text", "text": "What is this?"}]}])
    blind = ask(messages=[{"role": "user", "content": [{"type": "text", "text": "What is this?"}]}])
    # 112 x 84 pixels are at least a few tokens in every model.
    assert input_tokens(seen.usage) >= input_tokens(blind.usage) + 4


def counts_of_tokens():
    messages = [{"role": "user", "content": [IMAGE, {"type": "text", "text": "What is this?"}]}]
    counted = CLIENT.messages.count_tokens(model=MODEL, messages=messages, system="Be brief.")
    equal(counted.input_tokens, input_tokens(ask(messages=messages, system="Be brief.").usage))


def calls_of_tools():
    question = [{"role": "user", "content": "What is the weather in Paris?"}]
    choice = {"type": "tool", "name": "weather", "disable_parallel_tool_use": True}
    message = ask(messages=question, tools=[WEATHER], tool_choice=choice, max_tokens=200)
    equal(message.stop_reason, "tool_use")
    call = message.content[-1]
    equal((call.type, call.name, list(call.input)), ("tool_use", "weather", ["city"]))
    assert isinstance(call.input["city"], str)
    # The result goes back, with a picture, together with the message as the client holds it.
    result = {
        "type": "tool_result",
        "tool_use_id": call.id,
        "content": [{"type": "text", "text": "Rain."}, IMAGE],
        "is_error": False,
    }
    after = ask(
        messages=question + [{"role": "assistant", "content": message.content}, {"role": "user", "content": [result]}],
        tools=[WEATHER],
        tool_choice={"type": "none"},
    )
    assert after.stop_reason in ("end_turn", "max_tokens"), after.stop_reason
    assert input_tokens(after.usage) > 0


def streamed_calls_of_tools():
    with CLIENT.messages.stream(
        model=MODEL,
        max_tokens=200,
        extra_body=GREEDY,
        messages=[{"role": "user", "content": "What is the weather in Paris?"}],
        tools=[WEATHER],
        tool_choice={"type": "tool", "name": "weather", "disable_parallel_tool_use": True},
    ) as stream:
        pieces = [event.partial_json for event in stream if event.type == "input_json"]
        message = stream.get_final_message()
    call = message.content[-1]
    equal((message.stop_reason, call.type, list(call.input)), ("tool_use", "tool_use", ["city"]))
    assert "city" in "".join(pieces), pieces


class City(pydantic.BaseModel):
    """Without members of any length: a random model would write on until it may no longer."""

    name: typing.Literal["Paris", "London", "Seoul"]
    is_capital: bool


def answers_of_a_schema():
    message = CLIENT.messages.parse(
        model=MODEL,
        max_tokens=200,
        extra_body=GREEDY,
        messages=[{"role": "user", "content": "Name a city, in JSON."}],
        output_format=City,
    )
    assert isinstance(message.parsed_output, City), message


def errors():
    def refusal(kind, **options):
        try:
            ask(**options)
        except kind as error:
            assert error.request_id, error
            equal(error.body["type"], "error")
            equal(error.body["request_id"], error.request_id)
            return error.body["error"]
        raise AssertionError(f"no {kind.__name__}")

    unknown = refusal(anthropic.NotFoundError, model="nothing-of-this-name")
    equal(unknown["type"], "not_found_error")
    field = refusal(anthropic.BadRequestError, extra={"temprature": 1})
    equal(field["type"], "invalid_request_error")
    assert "did you mean temperature?" in field["message"], field
    address = {"type": "image", "source": {"type": "url", "url": "https://example.com/a.png"}}
    image = refusal(anthropic.BadRequestError, messages=[{"role": "user", "content": [address]}])
    assert "messages[0].content[0].source.url" in image["message"], image


def asynchronous_clients():
    async def main():
        async with anthropic.AsyncAnthropic(base_url=URL, api_key=KEY, max_retries=0) as client:
            async with client.messages.stream(
                model=MODEL, max_tokens=24, messages=HELLO, extra_body=GREEDY
            ) as stream:
                pieces = [piece async for piece in stream.text_stream]
        equal("".join(pieces), text(ask()))

    asyncio.run(main())


def streams_that_are_left():
    with CLIENT.messages.stream(model=MODEL, max_tokens=24, messages=HELLO, extra_body=GREEDY) as stream:
        next(iter(stream))
    assert ask(max_tokens=1).usage.output_tokens == 1


run(
    [
        whole_messages,
        conversations_with_instructions,
        streams_equal_whole_messages,
        events_of_streams,
        limits_of_tokens,
        stop_sequences,
        images,
        counts_of_tokens,
        calls_of_tools,
        streamed_calls_of_tools,
        answers_of_a_schema,
        errors,
        asynchronous_clients,
        streams_that_are_left,
    ]
)
