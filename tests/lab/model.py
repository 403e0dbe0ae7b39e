"""Checks the parameters of a call against the limits and patterns of the service model that botocore carries."""

import re

import botocore.session

from .images import ApiError

_session = botocore.session.get_session()
MODELS = {name: _session.get_service_model(name) for name in ("ecr", "ecr-public", "sts")}


def operation(service, name):
    model = MODELS[service]
    if name not in model.operation_names:
        raise ApiError("UnknownOperationException", "")
    return model.operation_model(name)


def check(service, name, values):
    shape = operation(service, name).input_shape
    if not isinstance(values, dict):
        raise ApiError("SerializationException", "Start of structure or map found where not expected.")
    if shape is not None:
        _walk(shape, values, "")


def _fail(path, text):
    raise ApiError("InvalidParameterException", f"Invalid parameter at '{path}' failed to satisfy constraint: '{text}'")


def _walk(shape, value, path):
    kind, limits = shape.type_name, shape.metadata
    python = {"structure": dict, "map": dict, "list": list, "string": str, "integer": int, "long": int, "boolean": bool}
    if kind in python and not isinstance(value, python[kind]):
        raise ApiError("SerializationException", f"{type(value).__name__} value can not be converted to {kind} ({path})")
    if kind == "structure":
        for name in shape.required_members:
            if value.get(name) is None:
                _fail(name, "must not be null")
        for name, member in value.items():
            if name in shape.members and member is not None:
                _walk(shape.members[name], member, f"{path}.{name}" if path else name)
        return
    amount = value if kind in ("integer", "long") else len(value) if kind in ("string", "list", "map") else None
    if amount is not None and amount < limits.get("min", amount):
        _fail(path, f"Member must have length or value greater than or equal to {limits['min']}")
    if amount is not None and amount > limits.get("max", amount):
        _fail(path, f"Member must have length or value less than or equal to {limits['max']}")
    if kind == "string" and limits.get("pattern") and not re.fullmatch(limits["pattern"], value):
        _fail(path, f"must satisfy regular expression '{limits['pattern']}'")
    if kind == "string" and getattr(shape, "enum", None) and value not in shape.enum:
        _fail(path, f"must satisfy enum value set: [{', '.join(shape.enum)}]")
    if kind == "list":
        for index, member in enumerate(value):
            _walk(shape.member, member, f"{path}.{index + 1}.member")
