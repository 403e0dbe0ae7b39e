"""What the services demand of the texts and tags they are given: permission policies, lifecycle policies, resource tags."""

import json
import re

from .images import ApiError

TAG_TEXT = re.compile(r"[\w\s.:/=+@-]*")
VERSIONS = (None, "2008-10-17", "2012-10-17")


def invalid(member, text, code="InvalidParameterException"):
    return ApiError(code, f"Invalid parameter at '{member}' failed to satisfy constraint: '{text}'")


def listed(value):
    return value if isinstance(value, list) else [value]


# ---- permission policies

def policy(text, prefix, kind="repository"):
    """The statements of a permission policy, once they are sound; `prefix` is that of its actions (ecr, ecr-public)."""
    wrong = invalid("PolicyText", f"Invalid {kind} policy provided")
    try:
        value = json.loads(text)
    except ValueError:
        raise wrong from None
    if not isinstance(value, dict) or not value.get("Statement") or value.get("Version") not in VERSIONS:
        raise wrong
    if not set(value) <= {"Version", "Id", "Statement"} or not all(sound(s, prefix) for s in listed(value["Statement"])):
        raise wrong
    return listed(value["Statement"])


def sound(statement, prefix):
    if not isinstance(statement, dict) or statement.get("Effect") not in ("Allow", "Deny"):
        return False
    if ("Principal" in statement) == ("NotPrincipal" in statement) or ("Action" in statement) == ("NotAction" in statement):
        return False
    actions = listed(statement.get("Action", statement.get("NotAction")))
    return bool(actions) and all(isinstance(a, str) and (a == "*" or a.lower().startswith(prefix + ":")) for a in actions)


def locks_out(statements, prefix):
    """Would nobody be able to set another policy afterwards?"""
    everybody = ("*", {"AWS": "*"}, {"AWS": ["*"]})
    fatal = {"*", f"{prefix}:*", f"{prefix}:SetRepositoryPolicy"}
    return any(s["Effect"] == "Deny" and s.get("Principal") in everybody and not s.get("Condition")
               and fatal & set(listed(s.get("Action", []))) for s in statements)


def repository_policy(call, prefix):
    """Checks the text of SetRepositoryPolicy."""
    if locks_out(policy(call["policyText"], prefix), prefix) and not call["force"]:
        raise invalid("PolicyText", "the policy would keep everybody from setting another one; use force to set it")
    return call["policyText"]


# ---- lifecycle policies

COUNTS = ("imageCountMoreThan", "sinceImagePushed", "sinceImagePulled", "sinceImageTransitioned")
RULES_MAX, STARS_MAX = 50, 4


def lifecycle(text):
    """The rules of a lifecycle policy, in the order of their priority."""
    try:
        value = json.loads(text)
        assert isinstance(value, dict)
    except (ValueError, AssertionError):
        raise lifecycle_error("Could not map policyString into LifecyclePolicy.") from None
    rules = value.get("rules")
    if not isinstance(rules, list) or not rules:
        raise lifecycle_error('object has missing required properties (["rules"])')
    if len(rules) > RULES_MAX:
        raise lifecycle_error(f"array is too long: must have at most {RULES_MAX} elements but instance has {len(rules)}")
    for rule in rules:
        wrong = rule_error(rule)
        if wrong:
            raise lifecycle_error(wrong)
    wrong = rules_error(rules)
    if wrong:
        raise lifecycle_error(wrong)
    return sorted(rules, key=lambda rule: rule["rulePriority"])


def lifecycle_error(text):
    return invalid("LifecyclePolicyText", f"Lifecycle policy validation failure: {text}")


def lacking(value, required, known, what):
    """Why an object is not the one wanted, or None."""
    if not isinstance(value, dict):
        return f"{what}: instance type does not match any allowed primitive type (allowed: [\"object\"])"
    missing, strange = sorted(set(required) - set(value)), sorted(set(value) - set(required) - set(known))
    if missing:
        return f"object has missing required properties ({json.dumps(missing)})"
    return f"object instance has properties which are not allowed by the schema: {json.dumps(strange)}" if strange else None


def rule_error(rule):
    wrong = (lacking(rule, ("rulePriority", "selection", "action"), ("description",), "rule")
             or lacking(rule["action"], ("type",), ("targetStorageClass",), "action")
             or lacking(rule["selection"], ("tagStatus", "countType", "countNumber"),
                        ("tagPatternList", "tagPrefixList", "storageClass", "countUnit"), "selection"))
    if wrong:
        return wrong
    for name, value in (("rulePriority", rule["rulePriority"]), ("countNumber", rule["selection"]["countNumber"])):
        if type(value) is not int or value < 1:
            return f"{name}: numeric instance is lower than the required minimum (minimum: 1, found: {value})"
    return selection_error(rule["selection"]) or action_error(rule["action"], rule["selection"])


def selection_error(selection):
    for name, allowed in (("tagStatus", ("tagged", "untagged", "any")), ("countType", COUNTS),
                          ("storageClass", (None, "standard", "archive")), ("countUnit", (None, "days"))):
        if selection.get(name) not in allowed:
            return f"{name}: instance value ({selection.get(name)}) not found in enum"
    lists = [selection[name] for name in ("tagPatternList", "tagPrefixList") if name in selection]
    if (selection["tagStatus"] == "tagged") != (len(lists) == 1) or len(lists) > 1:
        return "tagPatternList or tagPrefixList must be given with the tagStatus tagged, and with no other"
    if lists and (not isinstance(lists[0], list) or not lists[0] or not all(isinstance(t, str) and t for t in lists[0])):
        return "the list of tags must be an array of texts that is not empty"
    if any(text.count("*") > STARS_MAX for text in selection.get("tagPatternList", [])):
        return f"a pattern may hold {STARS_MAX} wildcards"
    if selection["countType"].startswith("since") != (selection.get("countUnit") == "days"):
        return "countUnit must be given with the counts of time, and with no other"
    return None


def action_error(action, selection):
    archive, count = selection.get("storageClass") == "archive", selection["countType"]
    if action["type"] not in ("expire", "transition"):
        return f'instance value ({action["type"]}) not found in enum (possible values: ["expire","transition"])'
    if (action["type"] == "transition") != (action.get("targetStorageClass") == "archive"):
        return "targetStorageClass must be archive for a transition, and is for nothing else"
    if action["type"] == "transition" and archive:
        return "images of the storage class archive cannot move there"
    if count == "sinceImagePulled" and action["type"] != "transition":
        return "sinceImagePulled is for transitions only"
    if count == "sinceImageTransitioned" and (not archive or selection["countNumber"] < 90):
        return "sinceImageTransitioned is for the storage class archive, and for 90 days at least"
    return None


def rules_error(rules):
    """What is wrong with the rules together."""
    if len({rule["rulePriority"] for rule in rules}) < len(rules):
        return "the priorities of rules must differ"
    for kind in ("any", "untagged"):
        for storage in ("standard", "archive"):
            fitting = [rule for rule in rules if rule["selection"]["tagStatus"] == kind
                       and rule["selection"].get("storageClass", "standard") == storage]
            others = [rule["rulePriority"] for rule in rules if rule["selection"].get("storageClass", "standard") == storage]
            if len(fitting) > 1:
                return f"there may be one rule for {kind} images of a storage class"
            if fitting and kind == "any" and fitting[0]["rulePriority"] != max(others):
                return "a rule for any image must have the lowest priority, which is the highest number"
    return None


# ---- resource tags: a dictionary, from key to value

TAGS_MAX = 50


def add_tags(there, added):
    """The tags with others: a list of {Key, Value}, as it came."""
    keys = [tag["Key"] for tag in added or []]
    for tag in added or []:
        key, value = tag["Key"], tag.get("Value") or ""
        if not 1 <= len(key) <= 128 or len(value) > 256 or not TAG_TEXT.fullmatch(key) or not TAG_TEXT.fullmatch(value):
            raise ApiError("InvalidTagParameterException", "Invalid parameter at 'tags' failed to satisfy constraint: 'a key "
                           "has 1 to 128 characters, a value 256 at most: letters, digits, spaces and _ . : / = + - @'")
        if key.lower().startswith("aws:"):
            raise ApiError("InvalidTagParameterException", "Invalid parameter at 'tags' failed to satisfy constraint: 'aws: "
                           "is a reserved prefix of keys'")
    if len(set(keys)) < len(keys):
        raise ApiError("InvalidTagParameterException", "Invalid parameter at 'tags' failed to satisfy constraint: 'a key may "
                       "be given once'")
    together = {**there, **{tag["Key"]: tag.get("Value") or "" for tag in added or []}}
    if len(together) > TAGS_MAX:
        raise ApiError("TooManyTagsException", f"A repository can have {TAGS_MAX} tags")
    return together


def tag_list(tags):
    return [{"Key": key, "Value": value} for key, value in tags.items()]
