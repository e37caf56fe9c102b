"""Random schemas of the keywords that are supported, a few levels deep.
Not sampling of values: sampling.py. Read next: main.py."""

NAMES = ["id", "name", "a", "ab", "abc", "b", "kind", "été", "x y", "\"q\"", "value", "items"]


def random_schema(rng, depth=0):
    """A schema that has values."""
    kinds = ["integer", "number", "string", "boolean", "null", "enum", "const", "types"]
    if depth < 3:
        kinds += ["object", "object", "object", "array", "array", "anyOf", "map", "tuple"]
    kind = rng.choice(kinds)
    if kind == "integer":
        low = rng.choice([-1000, -15, -1, 0, 1, 9, 99, 1234])
        schema = {"type": "integer"}
        if rng.random() < 0.5:
            schema[rng.choice(["minimum", "exclusiveMinimum"])] = low
        if rng.random() < 0.5:
            schema[rng.choice(["maximum", "exclusiveMaximum"])] = low + rng.choice([2, 10, 95, 1000, 123456])
        return schema
    if kind == "number":
        low = rng.choice([-100.5, -1, 0, 0.25, 3.125, 1e2])
        schema = {"type": "number"}
        if rng.random() < 0.5:
            schema[rng.choice(["minimum", "exclusiveMinimum"])] = low
        if rng.random() < 0.5:
            schema[rng.choice(["maximum", "exclusiveMaximum"])] = low + rng.choice([1, 0.75, 10, 1000.25])
        return schema
    if kind == "string":
        least = rng.choice([0, 0, 1, 3])
        schema = {"type": "string"}
        if least:
            schema["minLength"] = least
        if rng.random() < 0.4:
            schema["maxLength"] = least + rng.choice([0, 1, 5, 20])
        return schema
    if kind == "enum":
        return {"enum": rng.sample(["red", "green", "", "é", 1, 2.5, None, True, "re", [1], {"a": None}], rng.randint(1, 5))}
    if kind == "const":
        return {"const": rng.choice(["fixed", 42, None, False, ["a", {"b": 1}]])}
    if kind in ("boolean", "null"):
        return {"type": kind}
    if kind == "types":
        return {"type": rng.sample(["string", "integer", "null", "boolean"], rng.randint(1, 3))}
    if kind == "object":
        names = rng.sample(NAMES, rng.randint(0, 5))
        properties = {name: random_schema(rng, depth + 1) for name in names}
        schema = {"type": "object", "properties": properties, "required": [n for n in names if rng.random() < 0.5]}
        additional = rng.choice([False, False, False, True, {"type": "integer"}])
        return {**schema, "additionalProperties": additional}
    if kind == "map":
        return {"type": "object", "additionalProperties": random_schema(rng, depth + 1)}
    if kind == "array":
        schema = {"type": "array", "items": random_schema(rng, depth + 1)}
        least = rng.choice([0, 0, 1, 2])
        if least:
            schema["minItems"] = least
        if rng.random() < 0.4:
            schema["maxItems"] = least + rng.choice([0, 1, 2])
        return schema
    if kind == "tuple":
        prefix = [random_schema(rng, depth + 1) for _ in range(rng.randint(1, 3))]
        return {"type": "array", "prefixItems": prefix, "items": rng.choice([False, {"type": "null"}]),
                "minItems": rng.randint(0, len(prefix))}
    return {kind: [random_schema(rng, depth + 1) for _ in range(rng.randint(1, 3))]}
