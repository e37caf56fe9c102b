"""Random values that obey a schema, in the order of its properties, and damaged ones that perhaps do not.
The validator has the last word on both: this only proposes. Read next: main.py."""

import copy

WORDS = ["", "a", "ab", "xyz", "é", "日本", "😀", "a b", "\"", "\\", "line\nend", "tab\t", "\u0001", "\u007f", "x" * 25, "0",
         "null", "{", "a\"}"]


class Sampler:
    """Proposes values; `strings` gives texts for patterns and formats."""

    def __init__(self, root, strings, rng):
        self.root, self.strings, self.rng = root, strings, rng

    def resolve(self, reference):
        value = self.root
        for part in reference.lstrip("#").split("/")[1:]:
            value = value[part.replace("%20", " ").replace("~1", "/").replace("~0", "~")]
        return value

    def sample(self, schema, depth=0):
        rng = self.rng
        if schema is True or schema == {}:
            return self.anything(depth)
        if "$ref" in schema:
            siblings = {key: value for key, value in schema.items() if key not in ("$ref", "$defs", "definitions")}
            return self.sample({**self.resolve(schema["$ref"]), **siblings}, depth)
        if "const" in schema:
            return copy.deepcopy(schema["const"])
        if "enum" in schema:
            return copy.deepcopy(rng.choice(schema["enum"]))
        for key in ("anyOf", "oneOf"):
            if key in schema:
                rest = {name: value for name, value in schema.items() if name != key}
                # Where values nest too deep, the first alternative, which does not.
                choice = schema[key][0] if depth > 4 else rng.choice(schema[key])
                return self.sample({**rest, **choice} if rest else choice, depth)
        if "allOf" in schema:
            merged = {name: value for name, value in schema.items() if name != "allOf"}
            for part in schema["allOf"]:
                for name, value in part.items():
                    if name == "properties":
                        known = merged.setdefault("properties", {})
                        for prop, inner in value.items():
                            known[prop] = {**known.get(prop, {}), **inner}
                    elif name == "required":
                        merged["required"] = merged.get("required", []) + value
                    else:
                        merged[name] = value
            return self.sample(merged, depth)
        types = schema.get("type", "any")
        kind = rng.choice(types) if isinstance(types, list) else types
        return getattr(self, "any_" + kind)(schema, depth) if kind != "any" else self.untyped(schema, depth)

    def anything(self, depth):
        kinds = ["null", "boolean", "integer", "number", "string"] + (["object", "array"] if depth < 2 else [])
        return self.sample({"type": self.rng.choice(kinds)}, depth + 1)

    def untyped(self, schema, depth):
        kind = "object" if "properties" in schema or "required" in schema else self.rng.choice(["null", "integer", "string"])
        return self.sample({**schema, "type": kind}, depth)

    def any_null(self, schema, depth):
        return None

    def any_boolean(self, schema, depth):
        return self.rng.random() < 0.5

    def limits(self, schema):
        low = schema.get("minimum", schema.get("exclusiveMinimum"))
        high = schema.get("maximum", schema.get("exclusiveMaximum"))
        if low is None:
            low = (high if high is not None else 0) - self.rng.choice([1, 5, 30, 5000])
        if high is None:
            high = low + self.rng.choice([1, 5, 30, 5000, 10 ** 12])
        return low, high

    def any_integer(self, schema, depth):
        low, high = self.limits(schema)
        low, high = int(-(-low // 1)), int(high // 1)
        step = schema.get("multipleOf", 1)
        value = self.rng.choice([low, high, self.rng.randint(low, high)])
        return value // step * step if value // step * step >= low else value

    def any_number(self, schema, depth):
        low, high = self.limits(schema)
        if self.rng.random() < 0.3:
            return self.any_integer(schema, depth)
        value = round(self.rng.uniform(low, high), self.rng.randint(1, 6))
        return value if abs(value) > 1e-4 and abs(value) < 1e15 else 0.5

    def any_string(self, schema, depth):
        for key in ("pattern", "format"):
            if key in schema:
                return self.rng.choice(self.strings[schema[key]])
        least, most = schema.get("minLength", 0), schema.get("maxLength", 60)
        text = "".join(self.rng.choice(WORDS) for _ in range(self.rng.randint(0, 3)))
        while len(text) < least:
            text += self.rng.choice(WORDS)
        return text[:most]

    def any_array(self, schema, depth):
        prefix = schema.get("prefixItems", [])
        items = schema.get("items", True)
        least = schema.get("minItems", 0)
        most = schema.get("maxItems", max(least, len(prefix)) + (2 if depth < 4 else 0))
        if items is False:
            most = min(most, len(prefix))
        count = self.rng.randint(least, most) if depth < 5 else least
        return [self.sample(prefix[index] if index < len(prefix) else items, depth + 1) for index in range(count)]

    def any_object(self, schema, depth):
        value = {}
        properties = schema.get("properties", {})
        required = schema.get("required", [])
        for name, inner in properties.items():
            if name in required or self.rng.random() < 0.5:
                value[name] = self.sample(inner, depth + 1)
        for name in required:
            if name not in value:
                value[name] = self.sample(True, depth + 1)
        additional = schema.get("additionalProperties", True)
        names = schema.get("propertyNames", {})
        for pattern, inner in schema.get("patternProperties", {}).items():
            if self.rng.random() < 0.5:
                value[pattern.lstrip("^") + self.rng.choice(["a", "é"])] = self.sample(inner, depth + 1)
        most = schema.get("maxProperties", len(value) + 2) - len(value)
        least = max(schema.get("minProperties", 0) - len(value), 0)
        if additional is not False and depth < 4:
            for _ in range(self.rng.randint(least, max(most, least))):
                name = self.any_string(names, depth) if names else self.rng.choice(WORDS) + str(self.rng.randint(0, 9))
                if name not in properties:
                    value[name] = self.sample(additional, depth + 1)
        return value

    # Damage

    def damaged(self, value):
        """A copy in which one part is another one."""
        value = copy.deepcopy(value)
        places = []

        def walk(holder, key, inner):
            places.append((holder, key))
            if isinstance(inner, dict):
                for name in inner:
                    walk(inner, name, inner[name])
            elif isinstance(inner, list):
                for index, element in enumerate(inner):
                    walk(inner, index, element)

        top = [value]
        walk(top, 0, value)
        holder, key = self.rng.choice(places)
        old = holder[key]
        replacements = [None, True, -1, 0, 7, 1000000, 0.5, -3.75, "", "zz", "x" * 50, [], {}, [None], {"zz": 1}]
        kind = self.rng.randint(0, 5)
        if kind == 0 and isinstance(holder, dict):
            del holder[key]
        elif kind == 1 and isinstance(old, dict):
            old["zz"] = self.rng.choice(replacements)
        elif kind == 2 and isinstance(old, list):
            old.append(copy.deepcopy(self.rng.choice(old)) if old else None)
        elif kind == 3 and isinstance(old, str) and old:
            at = self.rng.randrange(len(old))
            holder[key] = old[:at] + self.rng.choice(["", "~", "9", "z", "-", "\n"]) + old[at + 1:]
        elif kind == 4 and isinstance(old, (int, float)) and not isinstance(old, bool):
            holder[key] = old + self.rng.choice([-1, 1, 10, -1000, 0.5])
        else:
            holder[key] = copy.deepcopy(self.rng.choice(replacements))
        return top[0]
