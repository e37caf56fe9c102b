"""Makes schemas.jsonl: schemas with texts that must be accepted and texts that must be refused, as `jsonschema` judges.
With --check, also judges walks.jsonl: texts that the tests' random walks through masks ended in, all of which must be valid.
Read next: written_schemas.py, random_schemas.py, sampling.py."""

import argparse
import importlib.metadata
import json
import random
import sys
from pathlib import Path

from jsonschema import Draft202012Validator

from random_schemas import random_schema
from sampling import Sampler
from written_schemas import SCHEMAS

HERE = Path(__file__).resolve().parent
FIXTURES = HERE.parents[1] / "Tests" / "StructuredOutputTests" / "Fixtures"
RANDOM_SCHEMAS = 120
STYLES = [{"separators": (",", ":")}, {}, {"indent": 2}]


def check_versions() -> None:
    """Fails unless the packages are those of requirements.txt."""
    for line in (HERE / "requirements.txt").read_text().splitlines():
        if "==" in line:
            name, version = line.split("==")
            assert importlib.metadata.version(name) == version, f"{name} must be {version}"


def validator(schema) -> Draft202012Validator:
    Draft202012Validator.check_schema(schema)
    return Draft202012Validator(schema, format_checker=Draft202012Validator.FORMAT_CHECKER)


def fixture(name: str, schema, strings, seed: int) -> dict:
    """A schema's line: values that are valid or not, each as text in one of the styles."""
    rng = random.Random(f"{name} {seed}")
    judge = validator(schema)
    sampler = Sampler(schema, strings, rng)
    valid, invalid = [], []
    for _ in range(400):
        if len(valid) >= 8 and len(invalid) >= 8:
            break
        value = sampler.sample(schema)
        style = rng.choice(STYLES)
        text = json.dumps(value, ensure_ascii=False, **style)
        if judge.is_valid(value) and len(text) < 600 and len(valid) < 8 and text not in valid:
            valid.append(text)
        other = sampler.damaged(value)
        text = json.dumps(other, ensure_ascii=False, **style)
        if not judge.is_valid(other) and len(text) < 600 and len(invalid) < 8 and text not in invalid:
            invalid.append(text)
    # Every text that was given for a pattern or a format is there, too.
    if isinstance(schema, dict) and schema.get("type") == "string":
        for text in strings.get(schema.get("pattern", schema.get("format")), []):
            assert judge.is_valid(text), f"{name}: {text}"
            valid.append(json.dumps(text, ensure_ascii=False))
    assert valid, f"{name}: nothing valid was found"
    return {"name": name, "schema": schema, "valid": valid, "invalid": invalid}


def make() -> str:
    lines = []
    for name, entry in SCHEMAS.items():
        schema, strings = entry if isinstance(entry, tuple) else (entry, {})
        lines.append(fixture(name, schema, strings, 0))
    seed = 0
    while len(lines) < len(SCHEMAS) + RANDOM_SCHEMAS:
        seed += 1
        schema = random_schema(random.Random(seed))
        try:
            lines.append(fixture(f"random {seed}", schema, {}, seed))
        except (AssertionError, ValueError):
            continue  # A schema without values, such as an integer between 1 and 2.
    return "".join(json.dumps(line) + "\n" for line in lines)


def check_walks(schemas: str) -> list[str]:
    """What is wrong with the recorded walks."""
    judges = {line["name"]: validator(line["schema"]) for line in map(json.loads, schemas.splitlines())}
    problems, count = [], 0
    for line in map(json.loads, (FIXTURES / "walks.jsonl").read_text().splitlines()):
        for text in line["texts"]:
            count += 1
            try:
                value = json.loads(text)
            except json.JSONDecodeError as error:
                problems.append(f"{line['name']}: {text!r} is no JSON: {error}")
                continue
            problems += [f"{line['name']}: {text!r}: {error.message}" for error in judges[line["name"]].iter_errors(value)]
    print(f"{count} walks, {len(problems)} problems")
    return problems


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="change nothing; judge the recorded walks")
    arguments = parser.parse_args()
    check_versions()
    schemas = make()
    path = FIXTURES / "schemas.jsonl"
    if not arguments.check:
        path.write_text(schemas)
        return 0
    problems = check_walks(schemas)
    if path.read_text() != schemas:
        problems.append("schemas.jsonl is not what this script makes")
    print("\n".join(problems))
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
