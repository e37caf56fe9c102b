"""Checks /v1/responses of a running server with OpenAI's Python package: python3 openai_responses.py URL

The model may say what it likes, save thoughts, but the server has to make it call the function that `tool_choice`
names, and keep to schemas.
"""
import asyncio
import json
import typing

import openai
import pydantic

from checking import KEY, base_url, equal, model_name, png, run

URL = base_url()
MODEL = model_name(URL)
CLIENT = openai.OpenAI(base_url=f"{URL}/v1", api_key=KEY, max_retries=0)
WEATHER = {
    "type": "function",
    "name": "weather",
    "description": "Tells the weather of a city.",
    "parameters": {
        "type": "object",
        "properties": {"city": {"type": "string", "maxLength": 12}},
        "required": ["city"],
        "additionalProperties": False,
    },
    "strict": True,
}
IMAGE = {"type": "input_image", "detail": "auto", "image_url": f"data:image/png;base64,{png()}"}


def ask(**options):
    return CLIENT.responses.create(
        **({"model": MODEL, "input": "Tell me about the sea.", "max_output_tokens": 24, "temperature": 0.0} | options)
    )


def whole_responses():
    response = ask()
    assert response.id.startswith("resp_"), response.id
    equal((response.object, response.model, response.error), ("response", MODEL, None))
    assert response.status in ("completed", "incomplete"), response.status
    assert len(response.output_text) > 0
    equal([item.type for item in response.output if item.type == "message"], ["message"])
    usage = response.usage
    assert 1 <= usage.output_tokens <= 24
    equal(usage.total_tokens, usage.input_tokens + usage.output_tokens)
    equal((response.temperature, response.max_output_tokens, response.truncation), (0.0, 24, "disabled"))
    equal((response.tools, response.tool_choice, response.parallel_tool_calls), ([], "auto", True))
    assert response._request_id


def conversations_with_instructions():
    first = ask()
    # The output goes back as the client holds it.
    second = ask(
        instructions="Be brief.",
        input=[{"role": "user", "content": "Tell me about the sea."}]
        + first.output
        + [{"role": "user", "content": [{"type": "input_text", "text": "How deep?"}]}],
        metadata={"a": "b"},
        user="ann",
    )
    equal((second.instructions, second.metadata), ("Be brief.", {"a": "b"}))
    assert second.usage.input_tokens > first.usage.input_tokens


def streams_equal_whole_responses():
    whole = ask()
    pieces = []
    with CLIENT.responses.stream(
        model=MODEL, input="Tell me about the sea.", max_output_tokens=64, temperature=0.0
    ) as stream:
        for event in stream:
            if event.type == "response.output_text.delta":
                pieces.append(event.delta)
                assert event.snapshot == "".join(pieces)
    assert len(pieces) > 1, pieces
    assert "".join(pieces).startswith(whole.output_text)


def events_of_streams():
    events = list(ask(stream=True))
    equal([event.sequence_number for event in events], list(range(len(events))))
    names = [event.type for event in events]
    equal(
        names[:4],
        ["response.created", "response.in_progress", "response.output_item.added", "response.content_part.added"],
    )
    assert set(names[4:-4]) == {"response.output_text.delta"}, names
    equal(names[-4:-1], ["response.output_text.done", "response.content_part.done", "response.output_item.done"])
    assert names[-1] in ("response.completed", "response.incomplete"), names[-1]
    last = events[-1].response
    equal(last.output_text, events[-4].text)
    equal(last.output_text, ask().output_text)
    assert last.usage.output_tokens >= 1


def limits_of_tokens():
    response = ask(max_output_tokens=1)
    equal((response.status, response.incomplete_details.reason), ("incomplete", "max_output_tokens"))
    equal(response.usage.output_tokens, 1)


def log_probabilities():
    response = ask(include=["message.output_text.logprobs"], top_logprobs=3)
    tokens = response.output[0].content[0].logprobs
    equal(len(tokens), response.usage.output_tokens)
    for token in tokens:
        assert token.logprob <= 0 and len(token.top_logprobs) == 3, token
        assert bytes(token.bytes).decode(errors="replace") == token.token, token


def images():
    question = {"type": "input_text", "text": "What is this?"}
    seen = ask(input=[{"role": "user", "content": [IMAGE, question]}])
    blind = ask(input=[{"role": "user", "content": [question]}])
    assert seen.usage.input_tokens >= blind.usage.input_tokens + 4


def calls_of_functions():
    question = [{"role": "user", "content": "What is the weather in Paris?"}]
    response = ask(
        input=question,
        tools=[WEATHER],
        tool_choice={"type": "function", "name": "weather"},
        parallel_tool_calls=False,
        max_output_tokens=200,
    )
    equal(response.status, "completed")
    call = response.output[-1]
    equal((call.type, call.name, call.status), ("function_call", "weather", "completed"))
    equal(list(json.loads(call.arguments)), ["city"])
    after = ask(
        input=question
        + response.output
        + [
            {
                "type": "function_call_output",
                "call_id": call.call_id,
                "output": [{"type": "input_text", "text": "Rain."}, IMAGE],
            }
        ],
        tools=[WEATHER],
        tool_choice="none",
    )
    equal([item.type for item in after.output], ["message"])


def streamed_calls_of_functions():
    arguments = ""
    with CLIENT.responses.stream(
        model=MODEL,
        input="What is the weather in Paris?",
        tools=[WEATHER],
        tool_choice={"type": "function", "name": "weather"},
        parallel_tool_calls=False,
        max_output_tokens=200,
        temperature=0.0,
    ) as stream:
        for event in stream:
            if event.type == "response.function_call_arguments.delta":
                arguments += event.delta
                equal(event.snapshot, arguments)
        call = stream.get_final_response().output[-1]
    equal(call.arguments, arguments)
    equal(list(call.parsed_arguments), ["city"])


class City(pydantic.BaseModel):
    """Without members of any length: a random model would write on until it may no longer."""

    name: typing.Literal["Paris", "London", "Seoul"]
    is_capital: bool


def answers_of_a_schema():
    options = {
        "model": MODEL,
        "input": "Name a city, in JSON.",
        "text_format": City,
        "max_output_tokens": 200,
        "temperature": 0.0,
    }
    response = CLIENT.responses.parse(**options)
    assert isinstance(response.output_parsed, City), response
    with CLIENT.responses.stream(**options) as stream:
        equal(stream.get_final_response().output_parsed, response.output_parsed)


def errors():
    def refusal(kind, **options):
        try:
            ask(**options)
        except kind as error:
            assert error.request_id, error
            return error
        raise AssertionError(f"no {kind.__name__}")

    equal(refusal(openai.NotFoundError, model="nothing-of-this-name").code, "model_not_found")
    equal(refusal(openai.BadRequestError, store=True).param, "store")
    equal(refusal(openai.BadRequestError, previous_response_id="resp_1").param, "previous_response_id")
    equal(refusal(openai.BadRequestError, tools=[{"type": "web_search"}]).param, "tools[0].type")
    field = refusal(openai.BadRequestError, extra_body={"temprature": 1})
    assert "did you mean temperature?" in field.message, field.message


def asynchronous_clients():
    async def main():
        async with openai.AsyncOpenAI(base_url=f"{URL}/v1", api_key=KEY, max_retries=0) as client:
            response = await client.responses.create(
                model=MODEL, input="Tell me about the sea.", max_output_tokens=24, temperature=0.0
            )
        equal(response.output_text, ask().output_text)

    asyncio.run(main())


def streams_that_are_left():
    stream = ask(stream=True)
    next(iter(stream))
    stream.close()
    equal(ask(max_output_tokens=1).usage.output_tokens, 1)


run(
    [
        whole_responses,
        conversations_with_instructions,
        streams_equal_whole_responses,
        events_of_streams,
        limits_of_tokens,
        log_probabilities,
        images,
        calls_of_functions,
        streamed_calls_of_functions,
        answers_of_a_schema,
        errors,
        asynchronous_clients,
        streams_that_are_left,
    ]
)
