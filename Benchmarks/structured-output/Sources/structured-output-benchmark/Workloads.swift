// The constraints that are measured, from a flat schema to a tree and to calls of tools.
// Next: main.swift.

import StructuredOutput

/// Constraints by name.
let workloads: [(name: String, constraint: Constraint)] = [
    ("json_object", .jsonObject(.standard)),
    ("flat schema, strict", .jsonSchema(JSONSchema(invoice, options: .strict))),
    ("flat schema, compact", .jsonSchema(JSONSchema(invoice, options: .strict, style: .compact))),
    ("nested schema, open", .jsonSchema(JSONSchema(claim))),
    ("tree by $ref", .jsonSchema(JSONSchema(tree, options: .strict))),
    ("strings with limits", .jsonSchema(JSONSchema(limits, options: .strict))),
    ("regex", .regex(#"[A-Z][a-z]+( [A-Z][a-z]+)*, \d{4}-\d{2}-\d{2}: \w+"#)),
    ("grammar", .grammar(arithmetic)),
    (
        "calls in free text",
        .taggedText(
            TaggedText(
                triggers: ["<tool_call>"],
                tags: [
                    .init(begin: "<tool_call>\n", content: .jsonSchema(JSONSchema(invoice)), end: "\n</tool_call>")
                ]
            )
        )
    ),
]

private let invoice = #"""
    {"type": "object", "required": ["number", "date", "currency", "lines", "total"], "properties": {
      "number": {"type": "string"}, "date": {"type": "string", "format": "date"},
      "currency": {"enum": ["EUR", "USD", "GBP", "CHF"]}, "paid": {"type": "boolean"},
      "lines": {"type": "array", "items": {"type": "object", "required": ["text", "amount"], "properties": {
        "text": {"type": "string"}, "quantity": {"type": "integer", "minimum": 1, "maximum": 999},
        "amount": {"type": "number"}}}},
      "total": {"type": "number", "minimum": 0}}}
    """#

private let claim = #"""
    {"type": "object", "properties": {
      "patient": {"type": "object", "properties": {"name": {"type": "string"}, "born": {"type": ["string", "null"]},
        "address": {"type": "object", "properties": {"street": {"type": "string"}, "city": {"type": "string"}}}}},
      "items": {"type": "array", "items": {"anyOf": [
        {"type": "object", "properties": {"kind": {"const": "drug"}, "name": {"type": "string"}}, "required": ["kind"]},
        {"type": "object", "properties": {"kind": {"const": "visit"}, "hours": {"type": "number"}}, "required": ["kind"]}
      ]}}, "notes": {}}, "required": ["patient", "items"]}
    """#

private let tree = #"""
    {"$ref": "#/$defs/node", "$defs": {"node": {"type": "object", "required": ["name", "children"], "properties": {
      "name": {"type": "string"}, "children": {"type": "array", "items": {"$ref": "#/$defs/node"}}}}}}
    """#

private let limits = #"""
    {"type": "object", "required": ["title", "body", "code", "mail"], "properties": {
      "title": {"type": "string", "minLength": 5, "maxLength": 80}, "body": {"type": "string", "maxLength": 2000},
      "code": {"type": "string", "pattern": "^[A-Z]{2}-[0-9]{4,8}$"}, "mail": {"type": "string", "format": "email"}}}
    """#

private let arithmetic = #"""
    root  ::= expr
    expr  ::= term (ws [-+*/] ws term)*
    term  ::= number | name | "(" ws expr ws ")" | name "(" (expr (", " expr)*)? ")"
    number ::= [0-9]+ ("." [0-9]+)?
    name  ::= [a-z_] [a-z0-9_]*
    ws    ::= " "?
    """#
