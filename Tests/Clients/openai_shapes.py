"""Checks answers of a given shape with OpenAI's Python package: schemas, choices, expressions, calls of tools.
python3 openai_shapes.py URL

The model may be one whose words are random: every shape here is one that it cannot keep to by itself, and ends.
Not other fields of chat completions: openai_chat.py.
"""
import json
import re
import typing

import openai
import pydantic
import pydantic_core

from checking import KEY, base_url, equal, model_name, run

URL = base_url()
MODEL = model_name(URL)
CLIENT = openai.OpenAI(base_url=f"{URL}/v1", api_key=KEY, max_retries=0)
QUESTION = [{"role": "user", "content": "Describe the weather in Paris."}]


class Wind(pydantic.BaseModel):
    model_config = pydantic.ConfigDict(extra="forbid", strict=True)
    direction: typing.Literal["north", "east", "south", "west"]
    is_strong: bool


class Weather(pydantic.BaseModel):
    """Bounded everywhere: a random model would write an unbounded text until it may no longer."""

    model_config = pydantic.ConfigDict(extra="forbid", strict=True)
    sky: typing.Literal["clear", "cloudy", "rain"]
    celsius: int = pydantic.Field(ge=-40, le=50)
    winds: list[Wind] = pydantic.Field(min_length=1, max_length=2)
    station: str = pydantic.Field(pattern="^[A-Z]{3}[0-9]{2}$")
    humidity: typing.Literal["low", "high"] | None


class City(pydantic.BaseModel):
    model_config = pydantic.ConfigDict(extra="forbid", strict=True)
    city: typing.Literal["Paris", "London", "Seoul"]
    days: int = pydantic.Field(ge=1, le=9)


class Distance(pydantic.BaseModel):
    model_config = pydantic.ConfigDict(extra="forbid", strict=True)
    kilometres: int = pydantic.Field(ge=0, le=999)


TOOLS = [
    openai.pydantic_function_tool(City, name="forecast", description="Tells the weather of the next days."),
    openai.pydantic_function_tool(Distance, name="nearby", description="Finds places that are near."),
]
ARGUMENTS = {"forecast": City, "nearby": Distance}


def options(**others):
    return {"model": MODEL, "messages": QUESTION, "max_tokens": 400, "temperature": 0.0} | others


def ask(**others):
    return CLIENT.chat.completions.create(**options(**others))


def text(completion) -> str:
    equal(completion.choices[0].finish_reason, "stop")
    return completion.choices[0].message.content


def streamed(**others) -> str:
    return "".join(chunk.choices[0].delta.content or "" for chunk in ask(stream=True, **others))


def drawn(**others) -> list[str]:
    """Several answers by chance: those that the shape allows and the model would not give are met sooner."""
    completion = ask(temperature=1.0, seed=11, n=6, **others)
    equal({choice.finish_reason for choice in completion.choices}, {"stop"})
    return [choice.message.content for choice in completion.choices]


# ---- Shapes of answers


def parsed_answers():
    completion = CLIENT.chat.completions.parse(**options(response_format=Weather))
    found = completion.choices[0].message
    assert isinstance(found.parsed, Weather), found
    equal(Weather.model_validate_json(found.content), found.parsed)
    with CLIENT.chat.completions.stream(**options(response_format=Weather)) as stream:
        equal(stream.get_final_completion().choices[0].message.parsed, found.parsed)


def schemas():
    schema = {"name": "weather", "schema": Weather.model_json_schema(), "strict": True}
    for content in drawn(response_format={"type": "json_schema", "json_schema": schema}):
        Weather.model_validate_json(content)
    for content in drawn(extra_body={"structured_outputs": {"json": Weather.model_json_schema()}}):
        Weather.model_validate_json(content)


def objects():
    completion = ask(response_format={"type": "json_object"}, temperature=1.0, seed=5, n=6)
    for choice in completion.choices:
        # An answer that was cut off is the beginning of an object.
        is_partial = choice.finish_reason == "length"
        found = pydantic_core.from_json(
            choice.message.content, allow_partial="trailing-strings" if is_partial else False
        )
        assert isinstance(found, dict), choice


def choices_among_texts():
    words = ["yes", "no", "perhaps not"]
    wanted = {"extra_body": {"structured_outputs": {"choice": words}}}
    equal(set(drawn(**wanted)) - set(words), set())
    assert text(ask(**wanted)) in words
    equal(streamed(**wanted), text(ask(**wanted)))


def regular_expressions():
    expression = r"[A-Z][a-z]{2,5} (was|is) [0-9]+(\.[0-9]{1,2})? km"
    for content in drawn(extra_body={"structured_outputs": {"regex": expression}}, max_tokens=100):
        assert re.fullmatch(expression, content), content


def grammars():
    grammar = 'root ::= "go " way (" and " way)?\nway ::= "left" | "right"'
    for content in drawn(extra_body={"structured_outputs": {"grammar": grammar}}):
        assert re.fullmatch("go (left|right)( and (left|right))?", content), content


def shapes_that_are_none():
    def refusal(**others):
        try:
            ask(**others)
        except openai.BadRequestError as error:
            return error
        raise AssertionError(f"taken: {others}")

    broken = {"name": "broken", "schema": {"type": "no-such-type"}}
    error = refusal(response_format={"type": "json_schema", "json_schema": broken})
    assert error.param.startswith("response_format") and "no-such-type" in error.message, error
    error = refusal(extra_body={"structured_outputs": {"regex": "(unclosed"}})
    assert "structured_outputs" in error.param, error
    refusal(extra_body={"structured_outputs": {"choice": []}})
    refusal(extra_body={"structured_outputs": {"choice": ["a"], "regex": "a"}})
    refusal(tools=TOOLS, tool_choice={"type": "function", "function": {"name": "no-such-tool"}})
    refusal(tool_choice="required")


# ---- Calls of tools


def call_of(choice):
    """The only call of an answer; its arguments are valid."""
    equal((choice.finish_reason, choice.message.content, len(choice.message.tool_calls)), ("tool_calls", None, 1))
    call = choice.message.tool_calls[0]
    equal(call.type, "function")
    assert call.id
    ARGUMENTS[call.function.name].model_validate_json(call.function.arguments)
    return call


def named_tools():
    wanted = {"tools": TOOLS, "tool_choice": {"type": "function", "function": {"name": "forecast"}},
              "parallel_tool_calls": False}
    call = call_of(ask(**wanted).choices[0])
    equal(call.function.name, "forecast")
    pieces, names, ends = [], [], []
    for chunk in ask(**wanted, stream=True):
        for piece in chunk.choices[0].delta.tool_calls or []:
            equal(piece.index, 0)
            names += [piece.function.name] if piece.function.name else []
            pieces.append(piece.function.arguments or "")
        ends += [chunk.choices[0].finish_reason] if chunk.choices[0].finish_reason else []
    equal((names, ends), (["forecast"], ["tool_calls"]))
    assert sum(1 for piece in pieces if piece) > 1, pieces
    equal("".join(pieces), call.function.arguments)


def required_tools():
    completion = ask(tools=TOOLS, tool_choice="required", parallel_tool_calls=False, temperature=1.5, seed=2, n=24)
    names = {call_of(choice).function.name for choice in completion.choices}
    assert len(names) == 2, f"by chance either may be called, not always {names}"


def tools_that_may_be_called():
    wanted = {"tools": TOOLS, "tool_choice": "auto", "max_tokens": 24}
    choice = ask(**wanted).choices[0]
    assert choice.message.content or choice.message.tool_calls, choice
    equal(streamed(**wanted), choice.message.content or "")


def tools_that_may_not_be_called():
    choice = ask(tools=TOOLS, tool_choice="none", max_tokens=24).choices[0]
    equal(choice.message.tool_calls, None)
    assert choice.message.content


def results_of_tools():
    forced = {"type": "function", "function": {"name": "nearby"}}
    first = ask(tools=TOOLS, tool_choice=forced, parallel_tool_calls=False)
    call = call_of(first.choices[0])
    messages = [
        *QUESTION,
        first.choices[0].message.model_dump(exclude_none=True),
        {"role": "tool", "tool_call_id": call.id, "content": '{"places": ["Versailles"]}'},
    ]
    after = ask(messages=messages, tools=TOOLS, tool_choice="none", max_tokens=24)
    assert after.usage.prompt_tokens > first.usage.prompt_tokens, after.usage
    assert after.choices[0].message.content


def parsed_calls():
    forced = {"type": "function", "function": {"name": "forecast"}}
    completion = CLIENT.chat.completions.parse(
        **options(tools=TOOLS, tool_choice=forced, parallel_tool_calls=False)
    )
    call = completion.choices[0].message.tool_calls[0]
    assert isinstance(call.function.parsed_arguments, City), call
    equal(json.loads(call.function.arguments), call.function.parsed_arguments.model_dump())


run(
    [
        parsed_answers,
        schemas,
        objects,
        choices_among_texts,
        regular_expressions,
        grammars,
        shapes_that_are_none,
        named_tools,
        required_tools,
        tools_that_may_be_called,
        tools_that_may_not_be_called,
        results_of_tools,
        parsed_calls,
    ]
)
