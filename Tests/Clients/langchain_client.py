"""Checks a running server with LangChain's OpenAI package: python3 langchain_client.py URL

What it answers must be what OpenAI's own package is answered (openai_chat.py), and shapes must be kept to.
"""
import asyncio
import os
import typing

os.environ["LANGCHAIN_TRACING_V2"] = os.environ["LANGSMITH_TRACING"] = "false"  # It would report to its maker.

import openai
import pydantic
from langchain_core.messages import HumanMessage, SystemMessage, ToolMessage
from langchain_openai import ChatOpenAI

from checking import KEY, base_url, equal, model_name, png, run

URL = base_url()
MODEL = model_name(URL)
MODEL_OPTIONS = {"base_url": f"{URL}/v1", "api_key": KEY, "model": MODEL, "max_retries": 0}
CHAT = ChatOpenAI(**MODEL_OPTIONS, temperature=0, max_tokens=24)
LONGER = ChatOpenAI(**MODEL_OPTIONS, temperature=0, max_tokens=400)
SEA = "Tell me about the sea."


class Weather(pydantic.BaseModel):
    """The weather of a city."""

    city: typing.Literal["Paris", "London", "Seoul"]
    celsius: int = pydantic.Field(ge=-40, le=50)


def forecast(city: typing.Literal["Paris", "London", "Seoul"], is_long: bool) -> str:
    """Tells the weather of a city."""


def expected(messages, max_tokens=24):
    client = openai.OpenAI(base_url=f"{URL}/v1", api_key=KEY, max_retries=0)
    return client.chat.completions.create(model=MODEL, messages=messages, temperature=0, max_tokens=max_tokens)


def invocations():
    whole = expected([{"role": "system", "content": "Be brief."}, {"role": "user", "content": SEA}])
    answer = CHAT.invoke([SystemMessage("Be brief."), HumanMessage(SEA)])
    equal(answer.content, whole.choices[0].message.content)
    equal(answer.usage_metadata["input_tokens"], whole.usage.prompt_tokens)
    equal(answer.usage_metadata["output_tokens"], whole.usage.completion_tokens)
    equal(answer.response_metadata["finish_reason"], "length")


def streams():
    pieces = list(CHAT.stream(SEA, stream_usage=True))
    assert len(pieces) > 2, pieces
    equal("".join(piece.content for piece in pieces), CHAT.invoke(SEA).content)
    equal(sum(piece.usage_metadata["output_tokens"] for piece in pieces if piece.usage_metadata), 24)


def batches():
    questions = [f"Tell me about number {number}." for number in range(8)]
    alone = [CHAT.invoke(question).content for question in questions]
    equal([answer.content for answer in CHAT.batch(questions)], alone)

    async def asynchronous():
        return [answer.content for answer in await CHAT.abatch(questions)]

    equal(asyncio.run(asynchronous()), alone)


def images():
    url = f"data:image/png;base64,{png()}"
    parts = [{"type": "image_url", "image_url": {"url": url}}, {"type": "text", "text": "What is this?"}]
    answer = CHAT.invoke([HumanMessage(parts)])
    whole = expected([{"role": "user", "content": parts}])
    equal(answer.content, whole.choices[0].message.content)
    # LangChain's own form of an image becomes the same request.
    own = [{"type": "image", "base64": png(), "mime_type": "image/png"}, {"type": "text", "text": "What is this?"}]
    equal(CHAT.invoke([HumanMessage(own)]).content, answer.content)


def structured_output():
    for method in ("json_schema", "function_calling"):
        found = LONGER.with_structured_output(Weather, method=method).invoke("What is the weather in Paris?")
        assert isinstance(found, Weather), (method, found)


def bound_tools():
    bound = LONGER.bind_tools([forecast], tool_choice="forecast", parallel_tool_calls=False)
    answer = bound.invoke("What is the weather in Paris?")
    call = answer.tool_calls[0]
    equal((len(answer.tool_calls), call["name"], sorted(call["args"])), (1, "forecast", ["city", "is_long"]))
    assert call["args"]["city"] in ("Paris", "London", "Seoul") and isinstance(call["args"]["is_long"], bool), call
    whole = None
    for piece in bound.stream("What is the weather in Paris?"):
        whole = piece if whole is None else whole + piece
    equal(whole.tool_calls[0]["args"], call["args"])
    question = HumanMessage("What is the weather in Paris?")
    after = CHAT.bind_tools([forecast], tool_choice="none").invoke([question, answer, ToolMessage("Rain.", tool_call_id=call["id"])])
    assert after.content and not after.tool_calls, after


def errors():
    try:
        ChatOpenAI(**MODEL_OPTIONS | {"model": "nothing-of-this-name"}).invoke(SEA)
        raise AssertionError("a model of no name answers")
    except openai.NotFoundError as error:
        equal(error.code, "model_not_found")


run([invocations, streams, batches, images, structured_output, bound_tools, errors])
