"""Prints what a generator of types reads: `document.py python|typescript`, from crates/contract/schema/contract.json.

It is the schema's `$defs` without what no client sends or reads: types that only activities have, and the fields that the schema
marks as internal, which a long-lived workflow hands from one run to the next. Its root is the one type that the languages
do not share: in TypeScript `Workflows`, from which a call's types follow by the names in it; in Python `WorkflowName`."""

import json
import keyword
import sys
from pathlib import Path

SCHEMA = Path(__file__).parents[2] / "crates/contract/schema/contract.json"
ROOTS = {"python": "WorkflowName", "typescript": "Workflows"}


def without_internal(schema):
    if isinstance(schema, list):
        return [without_internal(part) for part in schema]
    if not isinstance(schema, dict):
        return schema
    return {key: without_internal(part) for key, part in schema.items() if not is_internal(part)}


def apart(schema):
    """References apart from what is said beside them: json-schema-to-typescript makes another type of the two together."""
    if isinstance(schema, list):
        return [apart(part) for part in schema]
    if not isinstance(schema, dict) or set(schema) == {"$ref"}:
        return schema
    beside = {key: apart(part) for key, part in schema.items() if key not in ("$ref", "default")}
    return beside | ({"allOf": [{"$ref": schema["$ref"]}]} if "$ref" in schema else {})


def shortened(schema, definitions):
    """Defaults of objects without what their type has by default anyway: `CSPScreenerParams()`, not a call with every field."""
    if isinstance(schema, list):
        return [shortened(part, definitions) for part in schema]
    if not isinstance(schema, dict):
        return schema
    parts = {key: shortened(part, definitions) for key, part in schema.items()}
    if "$ref" in schema and isinstance(schema.get("default"), dict):
        fields = definitions[schema["$ref"].rsplit("/", 1)[1]].get("properties", {})
        given = schema["default"].items()
        parts["default"] = {key: value for key, value in given if fields.get(key, {}).get("default") != value}
    return parts


def nameable(definition):
    """A type with a field whose name is a word of Python's own: a dictionary, since a dataclass would have to rename the field."""
    reserved = [field for field in definition.get("properties", {}) if keyword.iskeyword(field)]
    if not reserved:
        return definition
    why = f"A dictionary: `{reserved[0]}` among its fields is no name in Python."
    return {"type": "object", "additionalProperties": {}, "description": f"{definition['description']} {why}"}


def is_internal(schema):
    return isinstance(schema, dict) and schema.get("x-internal") is True


def references(schema):
    parts = schema.items() if isinstance(schema, dict) else enumerate(schema) if isinstance(schema, list) else ()
    for key, part in parts:
        if key == "$ref":
            yield part.rsplit("/", 1)[1]
        yield from references(part)


def reachable(definitions, schemas):
    """The definitions that the schemas refer to, and those that these refer to."""
    found, waiting = {}, list(references(schemas))
    while waiting:
        name = waiting.pop()
        if name not in found:
            found[name] = definitions[name]
            waiting += references(definitions[name])
    return dict(sorted(found.items()))


def interface(properties, description=None):
    schema = {"type": "object", "properties": properties, "required": list(properties), "additionalProperties": False}
    return schema | ({"description": description} if description else {})


def workflow(entry):
    """`{queue: "…", params: …, answer: …, signals: {pause: {argument: …}}, …}`."""
    groups = {
        group: interface({name: handler(parts) for name, parts in entry[group].items()})
        for group in ("signals", "queries", "updates")
    }
    types = {"params": entry["params"], "answer": entry["answer"]}
    return interface({"queue": {"const": entry["queue"]}} | types | groups, entry["description"])


def handler(parts):
    types = {key: parts[key] for key in ("argument", "answer") if key in parts}
    return interface(types, parts["description"])


def document(language):
    schema = without_internal(json.loads(SCHEMA.read_text()))
    workflows = schema["workflows"]
    if language == "typescript":
        root = interface({name: workflow(entry) for name, entry in workflows.items()}, "Every workflow, by its type.")
    else:
        root = {"enum": list(workflows), "description": "The types of the workflows."}
    definitions = reachable(schema["$defs"], [workflows, schema["failure"]])
    if language == "python":
        definitions = {name: nameable(definition) for name, definition in definitions.items()}
    whole = {"$schema": schema["$schema"], "title": ROOTS[language]} | root | {"$defs": definitions}
    return apart(whole) if language == "typescript" else shortened(whole, definitions)


if __name__ == "__main__":
    json.dump(document(sys.argv[1]), sys.stdout, indent=1)
