"""Drives the scripted server with OpenAI's own client, and prints what that
client understood, as JSON. Arguments: the base URL and the key."""

import json
import sys

import openai
from openai.types.chat import ChatCompletion, ChatCompletionChunk
from openai.types.responses import Response

TOOL = {
    "type": "function",
    "function": {
        "name": "execute_python_code",
        "description": "Runs Python.",
        "parameters": {"type": "object", "properties": {"code": {"type": "string"}}, "required": ["code"]},
    },
}


def strictly(model, value):
    """Validates what the client itself would only guess at."""
    model.model_validate(json.loads(value.model_dump_json(exclude_unset=True, warnings=False)), strict=False)
    return value


def ask(client, text, **more):
    return client.chat.completions.create(model="test-model", messages=[{"role": "user", "content": text}], **more)


def responses(client):
    """Asks through the Responses API: streamed with a call, then whole with its result."""
    tool = {"type": "function", **TOOL["function"], "strict": False}
    asked = {"model": "test-model", "store": False, "include": ["reasoning.encrypted_content"], "tools": [tool]}
    items = [{"role": "user", "content": "tools"}]
    deltas, kinds = [], []
    with client.responses.stream(input=items, **asked) as stream:
        for event in stream:
            strictly(type(event), event)
            kinds.append(event.type)
            if event.type == "response.output_text.delta":
                deltas.append(event.delta)
        final = strictly(Response, stream.get_final_response())
    calls = [o for o in final.output if o.type == "function_call"]
    items += [o.model_dump(exclude_none=True) for o in final.output]
    for item in items:
        item.pop("parsed_arguments", None)
        for part in item["content"] if isinstance(item.get("content"), list) else []:
            part.pop("parsed", None)
    items += [{"type": "function_call_output", "call_id": c.call_id, "output": "41"} for c in calls]
    after = strictly(Response, client.responses.create(input=items, **asked))
    cut = client.responses.create(input=[{"role": "user", "content": "length"}], max_output_tokens=16, **asked)
    return {
        "text": "".join(deltas),
        "whole": final.output_text,
        "kinds": sorted(set(kinds)),
        "reasoning": [o.encrypted_content for o in final.output if o.type == "reasoning"],
        "calls": [[c.call_id, c.name, c.arguments] for c in calls],
        "usage": [final.usage.input_tokens, final.usage.input_tokens_details.cached_tokens, final.usage.output_tokens],
        "after": after.output_text,
        "cut": [cut.status, cut.incomplete_details.reason],
    }


def main(base, key):
    out = {}
    client = openai.OpenAI(base_url=base, api_key=key, max_retries=0)
    out["models"] = [m.id for m in client.models.list()]

    whole = strictly(ChatCompletion, ask(client, "whole"))
    out["whole"] = [whole.choices[0].message.content, whole.choices[0].finish_reason, whole.usage.total_tokens]

    chunks = [strictly(ChatCompletionChunk, c) for c in ask(client, "stream", stream=True, stream_options={"include_usage": True})]
    out["stream"] = "".join(c.choices[0].delta.content or "" for c in chunks if c.choices)
    out["chunks"] = len(chunks)
    out["usage"] = [chunks[-1].usage.prompt_tokens, chunks[-1].usage.prompt_tokens_details.cached_tokens, chunks[-1].usage.completion_tokens]

    messages = [{"role": "user", "content": "tools"}]
    with client.chat.completions.stream(model="test-model", messages=messages, tools=[TOOL]) as stream:
        final = strictly(ChatCompletion, stream.get_final_completion()).choices[0]
    out["calls"] = [[c.id, c.function.name, c.function.arguments] for c in final.message.tool_calls]
    out["finish"] = final.finish_reason
    messages.append({"role": "assistant", "tool_calls": [c.model_dump(include={"id", "type", "function"}) for c in final.message.tool_calls]})
    for call in messages[-1]["tool_calls"]:
        call["function"] = {k: call["function"][k] for k in ("name", "arguments")}
        messages.append({"role": "tool", "tool_call_id": call["id"], "content": "41"})
    out["after"] = client.chat.completions.create(model="test-model", messages=messages, tools=[TOOL]).choices[0].message.content

    out["responses"] = responses(client)
    out["errors"] = []
    for what, more in [("rate", {}), ("server", {}), ("context", {}), ("down", {}), ("cut", {"stream": True}), ("orphan", {})]:
        try:
            if what == "orphan":
                client.chat.completions.create(model="m", messages=[{"role": "tool", "tool_call_id": "x", "content": "y"}])
            got = ask(client, what, **more)
            if more:
                list(got)
            out["errors"].append([what, None, None])
        except openai.APIStatusError as e:
            out["errors"].append([what, type(e).__name__, e.code])
        except Exception as e:
            out["errors"].append([what, type(e).__name__, None])
    try:
        openai.OpenAI(base_url=base, api_key="wrong", max_retries=0).models.list()
    except openai.APIStatusError as e:
        out["errors"].append(["key", type(e).__name__, e.code])
    # The client's own retry, by the server's header.
    out["retried"] = ask(openai.OpenAI(base_url=base, api_key=key, max_retries=1), "retry").choices[0].message.content
    print(json.dumps(out))


main(*sys.argv[1:])
