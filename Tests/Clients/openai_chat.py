"""Checks /v1/chat/completions, /v1/completions and /v1/models of a running server with OpenAI's Python package:
python3 openai_chat.py URL

The model may say what it likes. What is checked can be wrong all the same: streams against whole answers, many at once
against one by one, counts against /tokenize, shapes against their schemas. Next: openai_shapes.py.
"""
import asyncio
import json
import math

import openai

from checking import KEY, base_url, equal, fetch, metric, model_name, png, run, wait_until

URL = base_url()
MODEL = model_name(URL)
CLIENT = openai.OpenAI(base_url=f"{URL}/v1", api_key=KEY, max_retries=0)
HELLO = [{"role": "user", "content": "Tell me about the sea."}]


def options(**others):
    return {"model": MODEL, "messages": HELLO, "max_tokens": 24, "temperature": 0.0} | others


def ask(**others):
    return CLIENT.chat.completions.create(**options(**others))


def text(completion) -> str:
    return completion.choices[0].message.content


def about(picture: str):
    parts = [
        {"type": "image_url", "image_url": {"url": f"data:image/png;base64,{picture}"}},
        {"type": "text", "text": "What is this?"},
    ]
    return [{"role": "user", "content": parts}]


def tokens_of(messages) -> int:
    """The tokens of a conversation as the server's tokenizer counts them."""
    return json.loads(fetch(f"{URL}/tokenize", {"messages": messages}))["count"]


# ---- One answer


def whole_answers():
    completion = ask()
    assert completion.id.startswith("chatcmpl-"), completion.id
    equal((completion.object, completion.model, len(completion.choices)), ("chat.completion", MODEL, 1))
    choice = completion.choices[0]
    equal((choice.index, choice.message.role, choice.message.tool_calls), (0, "assistant", None))
    assert len(text(completion)) > 0
    usage = completion.usage
    equal(usage.prompt_tokens, tokens_of(HELLO))
    equal(usage.total_tokens, usage.prompt_tokens + usage.completion_tokens)
    equal((usage.completion_tokens, choice.finish_reason), (24, "length"))
    assert completion._request_id and completion.id.endswith(completion._request_id)


def conversations_of_several_turns():
    messages = [
        {"role": "system", "content": "Be brief."},
        *HELLO,
        {"role": "assistant", "content": text(ask())},
        {"role": "user", "content": [{"type": "text", "text": "How deep?"}]},
    ]
    again = [ask(messages=messages) for _ in range(2)]
    equal([completion.usage.prompt_tokens for completion in again], [tokens_of(messages)] * 2)
    equal(text(again[0]), text(again[1]))
    # The second time, all but the last tokens are known.
    assert again[1].usage.prompt_tokens_details.cached_tokens >= again[0].usage.prompt_tokens - 16


def streams_equal_whole_answers():
    whole = ask()
    chunks = list(ask(stream=True, stream_options={"include_usage": True}))
    deltas = [chunk.choices[0].delta.content or "" for chunk in chunks if chunk.choices]
    assert sum(1 for delta in deltas if delta) > 1, deltas
    equal("".join(deltas), text(whole))
    equal({chunk.id for chunk in chunks}, {chunks[0].id})
    ends = [chunk.choices[0].finish_reason for chunk in chunks if chunk.choices and chunk.choices[0].finish_reason]
    equal(ends, [whole.choices[0].finish_reason])
    last = chunks[-1]
    equal([chunk.usage for chunk in chunks[:-1]], [None] * (len(chunks) - 1))
    equal((last.choices, last.usage.prompt_tokens), ([], whole.usage.prompt_tokens))
    equal(last.usage.completion_tokens, whole.usage.completion_tokens)


def streams_without_usage():
    equal([chunk.usage for chunk in ask(stream=True) if chunk.usage], [])


def images():
    red, green = about(png()), about(png(left=b"\x10\xc0\x30"))
    first, second = [ask(messages=messages, logprobs=True) for messages in (red, green)]
    equal(first.usage.prompt_tokens, tokens_of(red))
    # 112 x 84 pixels are at least a few tokens in every model.
    assert tokens_of(red) >= tokens_of([{"role": "user", "content": "What is this?"}]) + 4
    # Whatever the model says of them, it sees two pictures.
    seen = [[token.logprob for token in completion.choices[0].logprobs.content] for completion in (first, second)]
    assert seen[0] != seen[1], seen


def log_probabilities():
    # Probabilities are the model's own; a penalty could choose another than the most probable token.
    wanted = {"logprobs": True, "top_logprobs": 3, "extra_body": {"repetition_penalty": 1.0}}
    completion = ask(**wanted)
    tokens = completion.choices[0].logprobs.content
    equal(len(tokens), completion.usage.completion_tokens)
    equal(b"".join(bytes(token.bytes) for token in tokens).decode(errors="replace"), text(completion))
    for token in tokens:
        found = [top.logprob for top in token.top_logprobs]
        equal(found, sorted(found, reverse=True))
        # A greedy choice is the most probable token.
        equal((len(found), token.logprob, token.token), (3, found[0], token.top_logprobs[0].token))
        assert 0 < sum(math.exp(value) for value in found) <= 1 + 1e-6, found
    chunks = ask(**wanted, stream=True)
    streamed = [chunk.choices[0].logprobs for chunk in chunks if chunk.choices]
    equal([token for part in streamed if part for token in part.content], tokens)


def seeds():
    first, same, other = [text(ask(temperature=1.0, seed=seed)) for seed in (7, 7, 8)]
    equal(first, same)
    assert first != other, first


def stop_texts():
    whole = text(ask())
    stop = whole[len(whole) // 2 :][:3]
    completion = ask(stop=["\x01never", stop])
    equal((completion.choices[0].finish_reason, text(completion)), ("stop", whole[: whole.index(stop)]))
    streamed = "".join(chunk.choices[0].delta.content or "" for chunk in ask(stop=[stop], stream=True))
    equal(streamed, text(completion))


def limits_of_tokens():
    completion = ask(max_tokens=None, max_completion_tokens=5)
    equal((completion.usage.completion_tokens, completion.choices[0].finish_reason), (5, "length"))
    assert text(ask()).startswith(text(completion)), text(completion)


def several_answers():
    greedy = ask(n=2)
    equal([choice.index for choice in greedy.choices], [0, 1])
    equal([choice.message.content for choice in greedy.choices], [text(ask())] * 2)
    drawn = ask(n=2, temperature=1.0, seed=3)
    assert drawn.choices[0].message.content != drawn.choices[1].message.content, drawn
    equal(drawn.usage.completion_tokens, 48)
    contents = ["", ""]
    for chunk in ask(n=2, temperature=1.0, seed=3, stream=True):
        contents[chunk.choices[0].index] += chunk.choices[0].delta.content or ""
    equal(contents, [choice.message.content for choice in drawn.choices])


def log_biases():
    # A token that outweighs all others is all that is said.
    token = json.loads(fetch(f"{URL}/tokenize", {"prompt": "a", "add_special_tokens": False}))["tokens"][0]
    equal(text(ask(logit_bias={str(token): 100}, max_tokens=6)), "a" * 6)


# ---- Many answers


def sixty_four_at_once():
    questions = [[{"role": "user", "content": f"Tell me about number {number}. " * (1 + number % 5)}] for number in range(64)]
    alone = [text(ask(messages=messages)) for messages in questions]
    assert len(set(alone)) > 8, "these questions have the same answers"

    async def main():
        async with openai.AsyncOpenAI(base_url=f"{URL}/v1", api_key=KEY, max_retries=0) as client:

            async def whole(messages):
                return text(await client.chat.completions.create(**options(messages=messages)))

            async def streamed(messages):
                stream = await client.chat.completions.create(**options(messages=messages), stream=True)
                return "".join([chunk.choices[0].delta.content or "" async for chunk in stream])

            asked = [(streamed if number % 2 else whole)(each) for number, each in enumerate(questions)]
            return await asyncio.gather(*asked)

    equal(asyncio.run(main()), alone)


# ---- Texts that go on, and models


def completions_of_texts():
    prompt = "The sea is"
    common = {"model": MODEL, "max_tokens": 16, "temperature": 0.0}
    whole = CLIENT.completions.create(prompt=prompt, **common)
    tokens = json.loads(fetch(f"{URL}/tokenize", {"prompt": prompt}))["tokens"]
    equal((whole.usage.prompt_tokens, whole.usage.completion_tokens), (len(tokens), 16))
    equal(CLIENT.completions.create(prompt=tokens, **common).choices[0].text, whole.choices[0].text)
    streamed = CLIENT.completions.create(prompt=prompt, stream=True, **common)
    equal("".join(chunk.choices[0].text for chunk in streamed), whole.choices[0].text)
    echoed = CLIENT.completions.create(prompt=[prompt, "Rain"], echo=True, **common)
    equal([choice.index for choice in echoed.choices], [0, 1])
    equal(echoed.choices[0].text, prompt + whole.choices[0].text)
    assert echoed.choices[1].text.startswith("Rain"), echoed


def models():
    listed = [model.id for model in CLIENT.models.list()]
    assert MODEL in listed, listed
    equal(CLIENT.models.retrieve(MODEL).id, MODEL)


# ---- What goes wrong


def errors():
    def refusal(kind, **others):
        try:
            ask(**others)
        except kind as error:
            assert error.request_id, error
            return error
        raise AssertionError(f"no {kind.__name__}")

    equal(refusal(openai.NotFoundError, model="nothing-of-this-name").code, "model_not_found")
    field = refusal(openai.BadRequestError, extra_body={"temprature": 1})
    assert field.param == "temprature" and "did you mean temperature?" in field.message, field
    equal(refusal(openai.BadRequestError, messages=[]).param, "messages")
    equal(refusal(openai.BadRequestError, temperature=-1).param, "temperature")
    long = [{"role": "user", "content": "word " * 40_000}]
    equal(refusal(openai.BadRequestError, messages=long).code, "context_length_exceeded")
    broken = refusal(openai.BadRequestError, messages=about("iVBORw0KGgo="))
    equal((broken.type, broken.code), ("invalid_request_error", "invalid_image"))
    try:
        CLIENT.models.retrieve("nothing-of-this-name")
        raise AssertionError("a model of no name was found")
    except openai.NotFoundError as error:
        equal(error.code, "model_not_found")


def keys():
    try:
        CLIENT.with_options(api_key="another").models.list()
        raise AssertionError(f"the server takes another key than {KEY}; it needs --api-key {KEY}")
    except openai.AuthenticationError as error:
        equal(error.status_code, 401)


# Long enough to be still at work when the client leaves.
LONG = {"max_tokens": 1500, "n": 16, "extra_body": {"ignore_eos": True}}
ABORTED = 'vllm:request_success_total{finished_reason="abort"}'


def streams_that_are_left():
    before = metric(URL, ABORTED)
    stream = ask(stream=True, **LONG)
    next(iter(stream))
    stream.close()
    wait_until(lambda: metric(URL, ABORTED) == before + 1, "a stream that was left is ended")
    equal(ask(max_tokens=1).usage.completion_tokens, 1)


def answers_that_are_not_waited_for():
    before = metric(URL, ABORTED)
    try:
        CLIENT.with_options(timeout=0.05).chat.completions.create(**options(**LONG))
        raise AssertionError("24,000 tokens in 50 ms: too fast for this check")
    except openai.APITimeoutError:
        pass
    wait_until(lambda: metric(URL, ABORTED) == before + 1, "an answer that nobody waits for is ended")


run(
    [
        whole_answers,
        conversations_of_several_turns,
        streams_equal_whole_answers,
        streams_without_usage,
        images,
        log_probabilities,
        seeds,
        stop_texts,
        limits_of_tokens,
        several_answers,
        log_biases,
        sixty_four_at_once,
        completions_of_texts,
        models,
        errors,
        keys,
        streams_that_are_left,
        answers_that_are_not_waited_for,
    ]
)
